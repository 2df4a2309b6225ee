//! Files: the old one or the new one, and never a half.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;

use crate::{SessionDocument, SessionError, SessionMetrics, format};

/// The largest file that is read as a session, in bytes: many times the largest that can come about.
pub const MAX_FILE_SIZE: u64 = 64 << 20;

impl SessionMetrics {
    /// Writes the session into a file, which then holds all of it.
    ///
    /// It is written into a new file beside the old one (`.session-*.tmp`, mode 0600), brought to the disk,
    /// and put into its place; a program that is killed meanwhile leaves the old file, and perhaps the new
    /// one beside it. A directory that is not there is made. A symbolic link is replaced and not followed.
    ///
    /// # Errors
    ///
    /// The system does not write it. The old file is as it was.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), SessionError> {
        let path = path.as_ref();
        let document = SessionDocument::from(self.clone());
        replace(path, |file| {
            let mut text = serde_json::to_vec_pretty(&document)?;
            text.push(b'\n');
            file.write_all(&text)
        })
        .map_err(|source| SessionError::Write { path: path.to_owned(), source })
    }

    /// The session in a file; `None` if there is no such file.
    ///
    /// # Errors
    ///
    /// The file cannot be read, is no session file, is damaged, or is of a later version. It is left alone.
    pub fn load(path: impl AsRef<Path>) -> Result<Option<SessionMetrics>, SessionError> {
        let path = path.as_ref();
        match read(path) {
            Ok(bytes) if u64::try_from(bytes.len()).is_ok_and(|length| length > MAX_FILE_SIZE) => {
                Err(SessionError::TooLarge { path: path.to_owned() })
            }
            Ok(bytes) => format::parse(&bytes).map(Some).map_err(|problem| problem.at(path)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(SessionError::Read { path: path.to_owned(), source }),
        }
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    // A pipe would never end, and opening it could wait for ever.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_FILE_SIZE + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn replace(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    let mut neighbour = neighbour(path)?;
    write(neighbour.as_file_mut())?;
    neighbour.as_file().sync_all()?;
    neighbour.persist(path)?;
    sync_directory(&directory_of(path))
}

/// A new file in the directory of that one, which is made if it is not there. Gone when it is dropped.
pub(crate) fn neighbour(path: &Path) -> io::Result<NamedTempFile> {
    let directory = directory_of(path);
    fs::create_dir_all(&directory)?;
    // What replaced a directory would be lost with it; the system refuses that only at the end.
    if path.is_dir() {
        return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a directory"));
    }
    // Made with mode 0600.
    tempfile::Builder::new().prefix(".session-").suffix(".tmp").tempfile_in(directory)
}

fn directory_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Without this a crash of the system could bring the old name back.
#[cfg(unix)]
fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// Other systems do not open directories as files.
#[cfg(not(unix))]
fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}
