//! What can be wrong with a configuration file.

use std::{io, path::PathBuf};

/// A configuration file cannot be used. No text shows a value of the file: it may be a password.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigFileError {
    /// There is no such file, or it must not be read.
    #[error("cannot read the configuration {}", .path.display())]
    Unreadable {
        /// The path that was given.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// What is there is a directory, a pipe or a device.
    #[error("the configuration {} is no regular file", .path.display())]
    NotAFile {
        /// The path that was given.
        path: PathBuf,
    },
    /// What is there is too large to be a configuration.
    #[error("the configuration {} is larger than 1 MiB, so it is something else", .path.display())]
    TooLarge {
        /// The path that was given.
        path: PathBuf,
    },
    /// The bytes are no text.
    #[error("{}:{line}: it is not UTF-8", .path.display())]
    NotUtf8 {
        /// The path that was given.
        path: PathBuf,
        /// Where that begins.
        line: usize,
    },
    /// The text is not TOML.
    #[error("{}:{line}: {message}", .path.display())]
    Syntax {
        /// The path that was given.
        path: PathBuf,
        /// Where that was seen.
        line: usize,
        /// What is wrong with it.
        message: String,
    },
    /// There is no such key.
    #[error("{}:{line}: `{key}` is no setting; the nearest one is `{nearest}`", .path.display())]
    UnknownKey {
        /// The path that was given.
        path: PathBuf,
        /// Where it stands.
        line: usize,
        /// The key, with its sections.
        key: String,
        /// The key that was perhaps meant.
        nearest: &'static str,
    },
    /// A key has a value of another form than it needs.
    #[error(
        "{}:{line}: `{key}` is {} {found}, but must be {accepted}",
        .path.display(),
        if .found.starts_with(['a', 'i', 'o']) { "an" } else { "a" }
    )]
    Form {
        /// The path that was given.
        path: PathBuf,
        /// Where it stands.
        line: usize,
        /// The key, with its sections.
        key: String,
        /// What it is, such as `array`.
        found: &'static str,
        /// What it has to be.
        accepted: &'static str,
    },
}
