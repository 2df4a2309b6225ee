//! What was read.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::SourceError;
use crate::line::LineError;

/// How many unknown types are counted by name.
const MOST_TYPES: usize = 100;
/// How those beyond are called.
const OTHERS: &str = "other";

/// What an import has read so far.
///
/// `lines = blank + accepted + unknown + malformed`, exactly, at every moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Imported {
    /// Files of which something was read.
    pub files: u64,
    /// Files of which everything had been read before, under this name or another.
    pub files_known: u64,
    /// Files that could not be read, or not to their end.
    pub files_failed: u64,
    /// Bytes of text.
    pub bytes: u64,
    /// Lines.
    pub lines: u64,
    /// Lines with nothing in them.
    pub blank: u64,
    /// Lines that were understood.
    pub accepted: u64,
    /// Lines of a type that this version does not know.
    pub unknown: u64,
    /// Lines that are no events, or damaged.
    pub malformed: u64,
    /// Events that the accepted lines became: most become one, some of Prodigy's two or none.
    pub events: u64,
    /// The unknown lines by type.
    pub unknown_types: BTreeMap<String, u64>,
}

impl Imported {
    pub(super) fn count_unknown(&mut self, name: &str) {
        self.unknown += 1;
        let name = if self.unknown_types.len() < MOST_TYPES || self.unknown_types.contains_key(name) {
            name
        } else {
            OTHERS
        };
        *self.unknown_types.entry(name.to_owned()).or_default() += 1;
    }
}

/// Something that was not as it should be. It is counted, and the import goes on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// A line that was left out.
    #[error("{}:{line}: {error}", .path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The number of the line, from 1.
        line: u64,
        /// What is wrong with it.
        error: LineError,
    },
    /// A file that was not read, or not to its end.
    #[error("{}: {error}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: SourceError,
    },
}
