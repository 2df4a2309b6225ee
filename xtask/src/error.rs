//! Why a task failed.

use flowspan_dashboards::QueryError;
use flowspan_stack::StackError;

/// Why a task failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum XtaskError {
    /// A program ran and said no; its own words are above.
    #[error("`{command}` failed")]
    Failed { command: String },
    /// A program could not be started.
    #[error("cannot run `{command}`")]
    NotRun { command: String, source: std::io::Error },
    /// A cargo command that does not come with Rust is missing.
    #[error("`{command}` is not installed: run `{install}`")]
    NoTool { command: &'static str, install: &'static str },
    /// `cargo metadata` said something unexpected.
    #[error("cannot read the output of `cargo metadata`")]
    Metadata { source: serde_json::Error },
    /// The workspace states a Rust version that does not fit its dependencies.
    #[error(
        "the workspace states rust-version {stated}, but it should state {needed}, which {reason} needs: change `rust-version` in Cargo.toml"
    )]
    RustVersion { stated: String, needed: String, reason: String },
    /// The workspace states no Rust version, or different ones.
    #[error("{package} must inherit the workspace's `rust-version`")]
    NoRustVersion { package: String },
    /// Something that is generated does not fit what it is generated from.
    #[error("out of date: {}; run `cargo xtask generate`", .paths.join(", "))]
    Stale { paths: Vec<String> },
    /// A panel or alert asks for something that the catalog does not have.
    #[error("cannot make the dashboards")]
    Query(#[source] QueryError),
    /// Several checks failed.
    #[error("failed: {}", .checks.join(", "))]
    Checks { checks: Vec<&'static str> },
    /// A part of the stack is missing where none may be.
    #[error("{count} parts of the stack are missing, and CI=true")]
    PartsMissing { count: usize },
    /// A running part ended by itself.
    #[error("{part} ended; its log was {log}")]
    PartEnded { part: &'static str, log: String },
    /// The demo's summary is not what it should be.
    #[error("cannot read the summary of the demo")]
    Summary { source: serde_json::Error },
    /// The trace of the demo did not arrive.
    #[error("Jaeger never showed the whole trace of the demo")]
    NoTrace,
    /// The source of the prices was not fetched.
    #[error("the package of prices was not downloaded")]
    NoPrices,
    /// The source of the prices has another form than was expected.
    #[error("cannot read the facts of the package of prices")]
    Facts { source: serde_json::Error },
    /// The new table of prices is of no use.
    #[error(transparent)]
    Prices(#[from] flowspan_prices::PricesError),
    /// A file or directory cannot be read.
    #[error("cannot read {path}")]
    Unreadable { path: String, source: std::io::Error },
    /// A file cannot be written.
    #[error("cannot write {path}")]
    Unwritable { path: String, source: std::io::Error },
    /// Ctrl-C cannot be handled.
    #[error("cannot handle Ctrl-C")]
    Interrupt(#[source] ctrlc::Error),
    /// Something about a part.
    #[error(transparent)]
    Stack(#[from] StackError),
}
