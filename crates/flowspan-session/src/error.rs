//! Why a session could not be kept or read.

use std::{io, path::PathBuf};

use crate::{FORMAT_VERSION, MAX_FILE_SIZE};

/// A session could not be kept or read. Whatever it is, the file is as it was before.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// The system did not read the file.
    #[error("cannot read the session file {}; check its permissions", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The system did not write the file.
    #[error("cannot write the session file {}; check the space and the permissions of its directory", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The file is no session, or no longer.
    #[error("{} is damaged at line {line}, column {column}, or no session file; move it away or choose another", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// The column, counted from 1; 0 if the line as a whole is meant.
        column: usize,
        /// What the parser says.
        #[source]
        source: serde_json::Error,
    },
    /// The file has another form than the ones that are known.
    #[error("{} is JSON, but no session of flowspan, M31A or go-agentic; choose another file", path.display())]
    Unknown {
        /// The file.
        path: PathBuf,
    },
    /// The file is from a later version of flowspan.
    #[error("{} has version {found} of the session format, this program knows {FORMAT_VERSION}; use the program that wrote it", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u64,
    },
    /// The file is too large to be a session.
    #[error("{} has more than {MAX_FILE_SIZE} bytes, which no session file has", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
}
