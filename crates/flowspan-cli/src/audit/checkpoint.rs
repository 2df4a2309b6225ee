//! What an interrupted audit has achieved, in a file.
//!
//! Format: one JSON object. Version 1 is the only one so far; a file of another version is refused
//! with an error rather than guessed at. The file is replaced as a whole, so that a reader finds the
//! old state or the new one and never a half.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;
use thiserror::Error;

use super::merge::FileResult;

/// The version of the format.
const VERSION: u32 = 1;

/// The results so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checkpoint {
    /// Where the run that writes it is in its trace, if it has one.
    pub run: Option<String>,
    finished: HashMap<PathBuf, FileResult>,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    version: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    run: Option<String>,
    finished: Vec<FileResult>,
}

#[derive(Deserialize)]
struct Header {
    version: u32,
}

/// A checkpoint could not be written or read.
#[derive(Debug, Error)]
pub enum CheckpointError {
    /// Writing failed.
    #[error("cannot write the checkpoint {}; choose another place with --checkpoint", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// Reading failed.
    #[error("cannot read the checkpoint {}; check its permissions or choose another with --checkpoint", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The file is something else.
    #[error("{} is no checkpoint of an audit; remove it or choose another with --checkpoint", path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// What the parser says.
        #[source]
        source: serde_json::Error,
    },
    /// The file is from another version of this program.
    #[error("{} has checkpoint version {found}, this program knows version {VERSION}; remove it or use the program that wrote it", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
    },
}

impl Checkpoint {
    /// The state in this file, or an empty one if there is no such file or nothing in it.
    ///
    /// # Errors
    /// When the file cannot be read or is no checkpoint of a known version.
    pub fn load(path: &Path) -> Result<Self, CheckpointError> {
        let bytes = match fs::read(path) {
            // A place that was reserved and not written to yet.
            Ok(bytes) if bytes.is_empty() => return Ok(Self::default()),
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(source) => return Err(CheckpointError::Read { path: path.to_owned(), source }),
        };
        let form = |source| CheckpointError::Form { path: path.to_owned(), source };
        let header: Header = serde_json::from_slice(&bytes).map_err(form)?;
        if header.version != VERSION {
            return Err(CheckpointError::Version { path: path.to_owned(), found: header.version });
        }
        let stored: Stored = serde_json::from_slice(&bytes).map_err(form)?;
        let finished = stored.finished.into_iter().map(|result| (result.path.clone(), result)).collect();
        Ok(Self { run: stored.run, finished })
    }

    /// Writes the state into this file.
    ///
    /// # Errors
    /// When the place cannot be written to.
    pub fn save(&self, path: &Path) -> Result<(), CheckpointError> {
        let mut finished: Vec<FileResult> = self.finished.values().cloned().collect();
        finished.sort_by(|left, right| left.path.cmp(&right.path));
        let stored = Stored { version: VERSION, run: self.run.clone(), finished };
        replace(path, |file| serde_json::to_writer(file, &stored).map_err(io::Error::from))
            .map_err(|source| CheckpointError::Write { path: path.to_owned(), source })
    }

    /// Adds a result, and says whether it is new.
    pub fn finish(&mut self, result: FileResult) -> bool {
        let before = self.finished.insert(result.path.clone(), result.clone());
        before.as_ref() != Some(&result)
    }

    /// Whether nothing is finished.
    pub fn is_empty(&self) -> bool {
        self.finished.is_empty()
    }

    /// The result for a file, if it was finished with the content that it has now.
    pub fn finished(&self, path: &Path, fingerprint: u64) -> Option<&FileResult> {
        self.finished.get(path).filter(|result| result.fingerprint == fingerprint)
    }
}

/// Replaces a file as a whole: what `write` puts into a neighbour takes its place at the end.
pub(super) fn replace(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<&mut File>) -> io::Result<()>,
) -> io::Result<()> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut neighbour = NamedTempFile::new_in(directory)?;
    let mut writer = BufWriter::new(neighbour.as_file_mut());
    write(&mut writer)?;
    writer.flush()?;
    drop(writer);
    neighbour.persist(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::merge::tests::result;
    use super::*;

    #[test]
    fn what_was_saved_is_found_again_and_nothing_else() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("audit.json");
        let mut checkpoint = Checkpoint::load(&path).expect("no file is an empty state");
        assert!(checkpoint.is_empty());
        assert!(checkpoint.finish(result("a.rs", &[])), "it is new");
        assert!(!checkpoint.finish(result("a.rs", &[])), "it is known");
        checkpoint.run = Some("here".to_owned());
        checkpoint.save(&path).expect("written");

        let found = Checkpoint::load(&path).expect("read");
        assert_eq!(found, checkpoint);
        assert!(found.finished(Path::new("a.rs"), 7).is_some());
        assert!(found.finished(Path::new("a.rs"), 8).is_none(), "the content has changed since");
        assert!(found.finished(Path::new("b.rs"), 7).is_none());
    }

    #[test]
    fn a_checkpoint_of_a_run_without_a_trace_is_one() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("audit.json");
        fs::write(&path, r#"{"version": 1, "finished": []}"#).expect("written");
        assert_eq!(Checkpoint::load(&path).expect("read").run, None);
    }

    #[test]
    fn nothing_is_left_beside_the_file() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        Checkpoint::default().save(&directory.path().join("audit.json")).expect("written");
        assert_eq!(fs::read_dir(directory.path()).expect("read").count(), 1);
    }

    #[test]
    fn a_checkpoint_from_the_future_is_refused_by_its_version() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("audit.json");
        fs::write(&path, r#"{"version": 9, "done": {}}"#).expect("written");
        assert!(matches!(Checkpoint::load(&path), Err(CheckpointError::Version { found: 9, .. })));
    }

    #[test]
    fn a_file_that_is_no_checkpoint_is_named() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("notes.txt");
        fs::write(&path, "hello").expect("written");
        let error = Checkpoint::load(&path).expect_err("no checkpoint");
        assert!(error.to_string().contains("notes.txt"), "{error}");
    }
}
