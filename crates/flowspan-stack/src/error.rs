//! What can go wrong with the parts, and what to do about it.

use std::{io, path::PathBuf, process::ExitStatus, time::Duration};

use crate::Part;

/// Why a part could not be found, built, started or asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StackError {
    /// The part has not been built on this machine.
    #[error("{part} is not built (looked for {}): run `cargo xtask stack build`", .path.display())]
    NotBuilt {
        /// The missing part.
        part: Part,
        /// Where the binary would be.
        path: PathBuf,
    },
    /// The part comes from the operating system and is not installed.
    #[error("{part} is not installed (no `{program}` found): {advice}")]
    NotInstalled {
        /// The missing part.
        part: Part,
        /// The program looked for.
        program: &'static str,
        /// What to do.
        advice: &'static str,
    },
    /// There is no Go toolchain to build the part with.
    #[error(
        "no Go toolchain to build {part} with (tried `{go}`): install Go 1.26 or newer, or set FLOWSPAN_GO to its `go` program"
    )]
    NoGo {
        /// The part to build.
        part: Part,
        /// The program that was tried.
        go: String,
        /// Why it did not start.
        source: io::Error,
    },
    /// There is no npm to install the part with.
    #[error("no npm to install {part} with: install Node.js 18 or newer, with npm")]
    NoNpm {
        /// The part to install.
        part: Part,
        /// Why it did not start.
        source: io::Error,
    },
    /// The tool that makes the part ran and failed; its own messages are on
    /// standard error.
    #[error("building {part} failed ({status}): see the messages of the tool above")]
    BuildFailed {
        /// The part to build.
        part: Part,
        /// How the tool ended.
        status: ExitStatus,
    },
    /// No directory to keep the built parts in.
    #[error("no place for the built parts: set FLOWSPAN_STACK_CACHE, XDG_CACHE_HOME or HOME")]
    NoCache,
    /// A file operation failed.
    #[error("cannot {doing} {}", .path.display())]
    File {
        /// What was being done, as a verb.
        doing: &'static str,
        /// The file or directory concerned.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A fixed port is in use.
    #[error("port {port} is taken, {part} needs it: stop the program that listens on 127.0.0.1:{port}")]
    PortTaken {
        /// The part that needs the port.
        part: Part,
        /// The port.
        port: u16,
        /// What the operating system said.
        source: io::Error,
    },
    /// No free port was found on the loopback interface.
    #[error("no free port between {first} and {last} on 127.0.0.1")]
    NoFreePort {
        /// Start of the range searched.
        first: u16,
        /// End of the range searched.
        last: u16,
    },
    /// A program could not be started.
    #[error("cannot start {}", .program.display())]
    Spawn {
        /// The program.
        program: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A helper program ran and failed.
    #[error("{} failed ({status}): {output}", .program.display())]
    Command {
        /// The program.
        program: PathBuf,
        /// How it ended.
        status: ExitStatus,
        /// The last lines of what it printed.
        output: String,
    },
    /// A part ended before it was ready.
    #[error("{part} ended at its start ({status}); the end of its log:\n{log}")]
    Exited {
        /// The part.
        part: Part,
        /// How it ended.
        status: ExitStatus,
        /// The last lines of its log.
        log: String,
    },
    /// A part did not become ready in time.
    #[error("{part} was not ready after {after:?}; the end of its log:\n{log}")]
    NotReady {
        /// The part.
        part: Part,
        /// How long it was waited for.
        after: Duration,
        /// The last lines of its log.
        log: String,
    },
    /// The server must run as another user than root, and there is none.
    #[error("PostgreSQL refuses to run as root and there is no user `postgres` or `nobody`")]
    NoUser,
    /// A request got no answer.
    #[error("no answer from {url}")]
    Http {
        /// The address asked.
        url: String,
        /// The cause.
        source: Box<ureq::Error>,
    },
    /// A request was refused.
    #[error("{url} answered {status}: {body}")]
    Refused {
        /// The address asked.
        url: String,
        /// The HTTP status.
        status: u16,
        /// The start of the body.
        body: String,
    },
    /// An answer is not what the part's API promises.
    #[error("cannot read the answer of {url}")]
    Decode {
        /// The address asked.
        url: String,
        /// The cause.
        source: serde_json::Error,
    },
}

impl StackError {
    /// Whether the part is merely absent, so that a test may be left out.
    #[must_use]
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::NotBuilt { .. } | Self::NotInstalled { .. })
    }

    pub(crate) fn file(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { doing, path, source }
    }
}
