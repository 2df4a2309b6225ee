//! A Unix datagram socket.

use std::{
    io,
    os::unix::net::SocketAddr,
    path::{Path, PathBuf},
};

use tokio::{
    net::UnixDatagram,
    time::{Instant, timeout_at},
};

use super::SendError;

/// Whether a socket can have this path.
pub(crate) fn check(path: &Path) -> io::Result<()> {
    SocketAddr::from_pathname(path).map(drop)
}

/// Sends to the socket at a path; connects again when the server has made it anew.
#[derive(Debug)]
pub(crate) struct Unix {
    path: PathBuf,
    socket: Option<UnixDatagram>,
}

impl Unix {
    pub(crate) fn new(path: &Path) -> Self {
        Unix { path: path.to_owned(), socket: None }
    }

    pub(crate) async fn send(&mut self, datagram: &[u8], deadline: Instant) -> Result<(), SendError> {
        let was_connected = self.socket.is_some();
        match self.try_send(datagram, deadline).await {
            // The server may have gone and come back since the last time.
            Err(SendError::Failed(_)) if was_connected => self.try_send(datagram, deadline).await,
            result => result,
        }
    }

    async fn try_send(&mut self, datagram: &[u8], deadline: Instant) -> Result<(), SendError> {
        let failed = |error: io::Error| SendError::of(&self.path.display().to_string(), &error);
        let socket = match self.socket.take() {
            Some(socket) => socket,
            None => connected(&self.path).map_err(failed)?,
        };
        // A full queue of the server's makes this wait.
        let result = match timeout_at(deadline, socket.send(datagram)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => return Err(failed(error)),
            Err(_elapsed) => Err(SendError::TimedOut),
        };
        self.socket = Some(socket);
        result
    }
}

fn connected(path: &Path) -> io::Result<UnixDatagram> {
    let socket = UnixDatagram::unbound()?;
    socket.connect(path)?;
    Ok(socket)
}
