//! The working directory of one running part.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use crate::{Part, StackError};

/// Environment variable that keeps the directories of the parts, with their
/// logs, when a test is over: set it to anything.
pub const KEEP_ENV: &str = "FLOWSPAN_STACK_KEEP";

/// A temporary directory with the part's configuration, data and log.
#[derive(Debug)]
pub(crate) struct Home(TempDir);

impl Home {
    pub(crate) fn new(part: Part) -> Result<Self, StackError> {
        tempfile::Builder::new()
            .prefix(&format!("flowspan-{}-", part.program()))
            .disable_cleanup(keeps())
            .tempdir()
            .map(Self)
            .map_err(StackError::file("create a directory in", env::temp_dir()))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The directory, if it is to go with the part.
    pub(crate) fn disposable(&self) -> Option<&Path> {
        (!keeps()).then(|| self.path())
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.join("log")
    }

    /// Writes a file and returns its path.
    pub(crate) fn write(&self, name: &str, text: &str) -> Result<PathBuf, StackError> {
        let path = self.join(name);
        fs::write(&path, text).map_err(StackError::file("write", &path))?;
        Ok(path)
    }
}

fn keeps() -> bool {
    env::var_os(KEEP_ENV).is_some()
}
