//! What systems like Unix know about files.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

/// Opens a file for appending, or makes it, for the eyes of its owner only.
pub(crate) fn open_private(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path)
}

/// Takes the file for this program, until it is closed. Says whether it was free.
pub(crate) fn lock(file: &File) -> io::Result<bool> {
    match flock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(true),
        Err(Errno::WOULDBLOCK) => Ok(false),
        // Some network file systems have no locks: better no lock than no events.
        Err(Errno::NOLCK | Errno::NOTSUP | Errno::NOSYS) => Ok(true),
        Err(error) => Err(error.into()),
    }
}

/// What tells a file from others, whatever it is called.
pub(crate) fn identity(metadata: &Metadata) -> Option<(u64, u64)> {
    Some((metadata.dev(), metadata.ino()))
}
