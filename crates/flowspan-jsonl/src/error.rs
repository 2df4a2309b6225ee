//! What can be wrong with a file.

use std::io;
use std::path::PathBuf;

use flowspan_runtime::SettingError;

/// The file of events cannot be written to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JsonlError {
    /// A setting cannot be used.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// What is there is no file that could be rotated: a directory, a pipe, a device.
    #[error("{} is no regular file: name a file that events can be appended to", .path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// Another program, or another telemetry of this one, writes to it.
    #[error("{} is written to by another program: give each program a file of its own", .path.display())]
    InUse {
        /// The path.
        path: PathBuf,
    },
    /// The system refused.
    #[error("cannot write to {}: its directory must exist and be writable", .path.display())]
    Open {
        /// The path.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}
