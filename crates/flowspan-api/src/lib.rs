//! What instrumented code calls.
//!
//! A handle describes one piece of work: a [`Workflow`], a [`Phase`], a [`Step`], an [`Agent`], a
//! model call ([`Inference`]), a [`ToolCall`], a [`MapReduce`] job. Run the work through it, and
//! whoever listens to `tracing` knows when it started, how long it took and how it ended. Nobody
//! listens: it costs a few nanoseconds. What merely happens inside the work is said by the functions
//! of [`event`].
//!
//! A library that wants to be observable depends on this crate alone. It brings no OpenTelemetry
//! into the dependency tree: handles are plain `tracing` spans with documented field names.
//!
//! ```
//! use flowspan_api::{Agent, Inference, Step, ToolCall, Usage, Workflow};
//! # async fn clone_repository() -> Result<(), std::io::Error> { Ok(()) }
//! # async fn ask(_: &str) -> Result<String, std::io::Error> { Ok("42".into()) }
//! # async fn search(_: &str) -> Result<(), std::io::Error> { Ok(()) }
//!
//! async fn triage(question: &str) -> Result<(), std::io::Error> {
//!     Workflow::new("triage").run(async {
//!         Step::shell("clone").run(clone_repository()).await?;
//!         Agent::new("researcher").run(async {
//!             let call = Inference::chat("openai", "gpt-5-mini");
//!             let answer = call.run(ask(question)).await?;
//!             call.usage(Usage::new().input(812).output(96).cache_read(640));
//!             ToolCall::new("ripgrep").run(search(&answer)).await
//!         }).await
//!     }).await
//! }
//! ```
//!
//! # How the end is known
//!
//! [`run`](Handle::run) takes the status from the `Result`; a future that is dropped before it has
//! finished is `cancelled`, an error that says so is a `timeout`, a panic is `failed` and goes on
//! unwinding. [`watch`](Handle::watch) is for futures that cannot fail,
//! [`judge`](Handle::judge) for results of your own, [`in_scope`](Handle::in_scope) and
//! [`enter`](Handle::enter) for plain synchronous code, [`hold`](Handle::hold) for what lasts.
//!
//! # Without this crate
//!
//! A program that depends on `tracing` alone writes the same spans and events itself: target
//! `flowspan`, the name of a [`Kind`](flowspan_model::Kind), the field names of
//! [`Field`](flowspan_model::Field).
//!
//! ```
//! use tracing::field::Empty;
//!
//! let span = tracing::info_span!(
//!     target: "flowspan", "step",
//!     flowspan.step.name = "clone", flowspan.step.type = "shell", flowspan.status = Empty,
//! );
//! span.in_scope(|| tracing::info!(name: "checkpoint_created", target: "flowspan", "checkpoint written"));
//! span.record("flowspan.status", "success");
//! ```
//!
//! # Features
//!
//! `macros` (default): the attribute macros `#[workflow]`, `#[phase]`, `#[step]`, `#[agent]` and
//! `#[tool]`, which do the same for whole functions.

pub mod event;
mod guard;
mod handle;
mod handles;
mod held;
mod observed;
mod queue;
mod verdict;

#[cfg(feature = "macros")]
pub use flowspan_macros::{agent, phase, step, tool, workflow};
pub use flowspan_model::{Status, Usage};
pub use guard::Guard;
pub use handle::Handle;
pub use handles::{
    Agent, Blocked, Embeddings, Inference, MapItem, MapReduce, Memory, Phase, Plan, Reduce, Retrieval,
    Session, Step, Streamed, ToolCall, Workflow, Worktree, kind,
};
pub use held::Held;
pub use observed::{AlwaysSuccess, ByResult, Judge, Observed};
pub use queue::{Queue, Waiting};
pub use verdict::Verdict;
