//! Why the demo could not be started.

use std::io;

use flowspan::BuildError;
use thiserror::Error;

use crate::audit::plan::PlanError;
use crate::model_client::ParseKeyError;
use crate::model_server::ServerError;

/// The demo did not start; nothing was done.
#[derive(Debug, Error)]
pub(super) enum StartError {
    /// There is nothing at the path.
    #[error(transparent)]
    Path(#[from] PlanError),
    /// The key cannot be used.
    #[error(transparent)]
    Key(#[from] ParseKeyError),
    /// The embedded model did not start.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// The URL of the embedded model is of no use.
    #[error(
        "the embedded model server has an address that cannot be called; this is a bug, please report it"
    )]
    Address(#[source] crate::model_client::ParseEndpointError),
    /// The client did not start.
    #[error("cannot set up the connection to the model; check the TLS certificates of this system")]
    Client(#[source] reqwest::Error),
    /// Telemetry did not start.
    #[error(transparent)]
    Telemetry(#[from] BuildError),
    /// There is no place for temporary files.
    #[error(
        "cannot create a temporary file; set TMPDIR to a directory that can be written to, or use --checkpoint"
    )]
    Temporary(#[source] io::Error),
    /// There is no place for the agents to work in.
    #[error(
        "cannot create directories for the agents to work in; set TMPDIR to a directory that can be written to"
    )]
    Worktrees(#[source] io::Error),
    /// There are no threads to be had.
    #[error("cannot start the threads that run the agents; the system's limits may be too low")]
    Runtime(#[source] io::Error),
}

impl StartError {
    /// Whether other arguments or variables would help, rather than another machine.
    pub(super) fn is_bad_input(&self) -> bool {
        matches!(self, Self::Path(_) | Self::Key(_) | Self::Telemetry(_) | Self::Client(_))
    }
}
