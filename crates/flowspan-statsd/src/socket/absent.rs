//! This platform has no Unix datagram sockets.

use std::{io, path::Path};

use tokio::time::Instant;

use super::SendError;

/// No socket can have a path here.
pub(crate) fn check(_: &Path) -> io::Result<()> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "this platform has no Unix datagram sockets"))
}

/// Cannot be had, because [`check`] accepts no path.
#[derive(Debug)]
pub(crate) struct Unix;

impl Unix {
    pub(crate) fn new(_: &Path) -> Self {
        Unix
    }

    pub(crate) async fn send(&mut self, _: &[u8], _: Instant) -> Result<(), SendError> {
        Err(SendError::Failed("this platform has no Unix datagram sockets".to_owned()))
    }
}
