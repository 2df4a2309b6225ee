//! The places in which agents work: a directory for each of them, taken from a small pool.

use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use flowspan::event;
use tempfile::TempDir;

/// The copy of the file that is worked on, in its directory.
const COPY: &str = "copy";

/// Directories that are used again and again; all of them go with the pool.
#[derive(Debug)]
pub(super) struct Worktrees {
    free: Mutex<Vec<TempDir>>,
    root: TempDir,
}

impl Worktrees {
    /// A pool of so many directories.
    pub(super) fn new(count: usize) -> io::Result<Self> {
        let root = tempfile::Builder::new().prefix("flowspan-worktrees-").tempdir()?;
        let free = (0..count).map(|_| directory(&root)).collect::<io::Result<_>>()?;
        Ok(Self { free: Mutex::new(free), root })
    }

    /// Says how many are free. From here on every change is said.
    pub(super) fn open(&self) {
        self.change(|_| ());
    }

    /// Takes a directory and puts a copy of this text there. If none is free, there is one more.
    pub(super) async fn take(&self, text: &str) -> io::Result<Place<'_>> {
        let directory = self.change(Vec::pop).map_or_else(|| directory(&self.root), Ok)?;
        let place = Place { copy: directory.path().join(COPY), pool: self, directory: Some(directory) };
        tokio::fs::write(&place.copy, text).await?;
        Ok(place)
    }

    fn change<T>(&self, change: impl FnOnce(&mut Vec<TempDir>) -> T) -> T {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = change(&mut free);
        // Under the lock, so that the last word is the last number.
        event::worktree_pool(free.len() as u64);
        changed
    }
}

fn directory(root: &TempDir) -> io::Result<TempDir> {
    tempfile::Builder::new().prefix("worktree-").tempdir_in(root)
}

/// A directory that was taken. It is free again when this is dropped, whatever happens.
#[must_use = "the directory is free again when this is dropped"]
#[derive(Debug)]
pub(super) struct Place<'pool> {
    copy: PathBuf,
    pool: &'pool Worktrees,
    /// Gone only while it returns.
    directory: Option<TempDir>,
}

impl Place<'_> {
    /// The copy to work on.
    pub(super) fn copy(&self) -> &Path {
        &self.copy
    }

    /// What the directory is called in the pool.
    pub(super) fn name(&self) -> Cow<'_, str> {
        let name = self.copy.parent().and_then(Path::file_name);
        name.unwrap_or_default().to_string_lossy()
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.pool.change(|free| free.extend(self.directory.take()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn free(pool: &Worktrees) -> usize {
        pool.free.lock().expect("nobody panicked").len()
    }

    #[tokio::test]
    async fn a_directory_is_used_again_and_holds_only_the_last_copy() {
        let pool = Worktrees::new(1).expect("temporary directories");
        let first = pool.take("a long text").await.expect("room for it");
        let copy = first.copy().to_owned();
        assert_eq!(free(&pool), 0);
        assert!(first.name().starts_with("worktree-"));
        drop(first);
        let second = pool.take("short").await.expect("room for it");
        assert_eq!(second.copy(), copy);
        assert_eq!(std::fs::read_to_string(copy).expect("a copy"), "short");
    }

    #[tokio::test]
    async fn what_is_dropped_is_free_again_and_nothing_outlives_the_pool() {
        let pool = Worktrees::new(2).expect("temporary directories");
        let taken = [pool.take("a").await, pool.take("b").await, pool.take("c").await];
        assert_eq!(free(&pool), 0);
        drop(taken);
        assert_eq!(free(&pool), 3);
        let root = pool.root.path().to_owned();
        drop(pool);
        assert!(!root.exists());
    }
}
