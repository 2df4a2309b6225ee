//! The way to the server.

mod lookup;
mod udp;
#[cfg_attr(not(unix), path = "absent.rs")]
pub(crate) mod unix;

use std::io;

use flowspan_runtime::DropReason;
use tokio::time::Instant;

use crate::target::Target;
use lookup::Names;
use udp::Udp;
use unix::Unix;

/// A socket that finds its server again when that has moved or has been away.
#[derive(Debug)]
pub(crate) enum Socket {
    Udp(Udp),
    Unix(Unix),
}

impl Socket {
    pub(crate) fn new(target: &Target) -> Self {
        match target {
            Target::Udp { host, port } => Socket::Udp(Udp::new(Names::of_system(host, *port))),
            Target::Unix(path) => Socket::Unix(Unix::new(path)),
        }
    }

    /// Sends one datagram. Waits for the socket until the deadline, and tries at least once.
    pub(crate) async fn send(&mut self, datagram: &[u8], deadline: Instant) -> Result<(), SendError> {
        match self {
            Socket::Udp(udp) => udp.send(datagram, deadline).await,
            Socket::Unix(unix) => unix.send(datagram, deadline).await,
        }
    }
}

/// A datagram was not sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SendError {
    #[error("{0}")]
    Failed(String),
    #[error("the server took nothing for {seconds} s", seconds = crate::delivery::PATIENCE.as_secs())]
    TimedOut,
}

impl SendError {
    /// What the measurements of the datagram are counted as.
    pub(crate) fn reason(&self) -> DropReason {
        match self {
            SendError::Failed(_) => DropReason::ExportFailed,
            SendError::TimedOut => DropReason::ExportTimeout,
        }
    }

    fn of(what: &str, error: &io::Error) -> Self {
        SendError::Failed(format!("{what}: {error}"))
    }
}
