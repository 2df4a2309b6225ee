//! Attribute macros that observe a whole function.
//!
//! Use them through `flowspan` or `flowspan-api`, which re-export them; this crate is their engine
//! room. `#[workflow]`, `#[phase]`, `#[step]`, `#[agent]` and `#[tool]` do for a function what the
//! handle of the same name does for a future.
//!
//! ```
//! use flowspan_api::{step, tool, workflow};
//!
//! #[workflow("triage")]
//! async fn triage(question: &str) -> std::io::Result<usize> {
//!     clone_repository().await?;
//!     Ok(count_words(question))
//! }
//!
//! #[step(type = "shell")]
//! async fn clone_repository() -> std::io::Result<()> {
//!     Ok(())
//! }
//!
//! #[tool(name = "wc")]
//! fn count_words(text: &str) -> usize {
//!     text.split_whitespace().count()
//! }
//! # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
//! # assert_eq!(runtime.block_on(triage("how many words"))?, 3);
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! # How the end is known
//!
//! | function | observed by | ends as |
//! |---|---|---|
//! | `async fn`, returns a `Result` | `run` | the `Result` says; `cancelled` if dropped unfinished |
//! | `async fn`, returns anything else | `watch` | `success`; `cancelled` if dropped unfinished |
//! | `fn`, returns a `Result` | `in_scope` | the `Result` says |
//! | `fn`, returns anything else | `enter` | `success` |
//!
//! A panic always counts as `failed`, and goes on unwinding. A return type is a `Result` if the
//! last part of its path is called so: `Result<…>`, `io::Result<…>`, `anyhow::Result<…>`; its error
//! needs `Display + 'static`. The work begins when an `async fn` is first polled, not when it is
//! called.
//!
//! # Options
//!
//! | option | says | default |
//! |---|---|---|
//! | `name = "…"`, or the string alone | the name; it becomes a label | the name of the function |
//! | `type = "…"` | the type, of a step only; it becomes a label, too | `function` |
//! | `crate = "path"` | where the handles are found | the crate that re-exports the macro |
//!
//! # What cannot be observed
//!
//! `unsafe fn` and `const fn` are refused: the body has to move into a future or a closure, where
//! neither holds. So is a plain function that returns a future, because it returns before the work
//! begins: write `async fn`, or use the handle.

mod expand;
mod function;
mod kind;
mod options;
mod result;

use kind::Kind;
use proc_macro::TokenStream;

/// Declares both entries of a macro. They differ in the crate that the generated code speaks to,
/// because a crate that depends on `flowspan` alone cannot name `flowspan_api`.
macro_rules! entries {
    ($( $(#[$doc:meta])* $name:ident, $for_flowspan:ident => $kind:ident; )+) => {
        $(
            $(#[$doc])*
            #[proc_macro_attribute]
            pub fn $name(options: TokenStream, item: TokenStream) -> TokenStream {
                expand::observe(Kind::$kind, "::flowspan_api", options.into(), item.into()).into()
            }

            #[doc(hidden)]
            #[proc_macro_attribute]
            pub fn $for_flowspan(options: TokenStream, item: TokenStream) -> TokenStream {
                expand::observe(Kind::$kind, "::flowspan", options.into(), item.into()).into()
            }
        )+
    };
}

entries! {
    /// Observes a function as one run of a workflow, named after the function.
    ///
    /// ```
    /// use flowspan_api::workflow;
    ///
    /// #[workflow("nightly-audit")]
    /// async fn audit() -> Result<(), std::io::Error> {
    ///     Ok(())
    /// }
    /// ```
    ///
    /// Options: `name`, or the string alone; `crate`. See the documentation of the crate for how
    /// the end of the work is known and for what cannot be observed.
    workflow, workflow_for_flowspan => Workflow;

    /// Observes a function as a phase of a workflow, named after the function.
    ///
    /// ```
    /// use flowspan_api::phase;
    ///
    /// #[phase]
    /// async fn plan(paths: &[String]) -> usize {
    ///     paths.len()
    /// }
    /// ```
    ///
    /// Options: `name`, or the string alone; `crate`. See the documentation of the crate for how
    /// the end of the work is known and for what cannot be observed.
    phase, phase_for_flowspan => Phase;

    /// Observes a function as a step, named after the function, of the type `function`.
    ///
    /// ```
    /// use flowspan_api::step;
    ///
    /// #[step]
    /// fn sort(lines: &mut [String]) {
    ///     lines.sort();
    /// }
    ///
    /// #[step(name = "clone", type = "shell")]
    /// async fn clone_repository(url: &str) -> std::io::Result<()> {
    ///     Ok(())
    /// }
    /// ```
    ///
    /// Options: `name`, or the string alone; `type`; `crate`. See the documentation of the crate
    /// for how the end of the work is known and for what cannot be observed.
    step, step_for_flowspan => Step;

    /// Observes a function as one invocation of an agent, named after the function.
    ///
    /// ```
    /// use flowspan_api::agent;
    ///
    /// struct Researcher;
    ///
    /// impl Researcher {
    ///     #[agent("researcher")]
    ///     async fn answer<'a>(&self, question: &'a str) -> Result<&'a str, std::fmt::Error> {
    ///         Ok(question)
    ///     }
    /// }
    /// ```
    ///
    /// Options: `name`, or the string alone; `crate`. See the documentation of the crate for how
    /// the end of the work is known and for what cannot be observed.
    agent, agent_for_flowspan => Agent;

    /// Observes a function as one call of a tool, named after the function.
    ///
    /// ```
    /// use flowspan_api::tool;
    ///
    /// #[tool]
    /// fn parse_port(text: &str) -> Result<u16, std::num::ParseIntError> {
    ///     text.trim().parse()
    /// }
    /// # assert_eq!(parse_port(" 80 "), Ok(80));
    /// ```
    ///
    /// Options: `name`, or the string alone; `crate`. See the documentation of the crate for how
    /// the end of the work is known and for what cannot be observed.
    tool, tool_for_flowspan => Tool;
}
