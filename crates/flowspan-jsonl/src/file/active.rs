//! The file that is written to.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::system;
use crate::error::JsonlError;

/// An open file that consists of whole lines.
#[derive(Debug)]
pub(super) struct Active {
    path: PathBuf,
    file: File,
    identity: Option<(u64, u64)>,
    length: u64,
    /// Whether it ends in the middle of a line.
    is_torn: bool,
    begun: SystemTime,
}

impl Active {
    pub(super) fn open(path: &Path) -> Result<Self, JsonlError> {
        // Asked first: to open a pipe would wait for somebody who reads it.
        if let Ok(metadata) = std::fs::metadata(path)
            && !metadata.is_file()
        {
            return Err(JsonlError::NotAFile { path: path.to_owned() });
        }
        let failed = |source| JsonlError::Open { path: path.to_owned(), source };
        let mut file = system::open_private(path).map_err(failed)?;
        if !system::lock(&file).map_err(failed)? {
            return Err(JsonlError::InUse { path: path.to_owned() });
        }
        let metadata = file.metadata().map_err(failed)?;
        let length = metadata.len();
        Ok(Active {
            path: path.to_owned(),
            identity: system::identity(&metadata),
            length,
            is_torn: ends_torn(&mut file, length).map_err(failed)?,
            begun: metadata.created().unwrap_or_else(|_| SystemTime::now()),
            file,
        })
    }

    pub(super) fn length(&self) -> u64 {
        self.length
    }

    pub(super) fn age(&self, now: SystemTime) -> Duration {
        now.duration_since(self.begun).unwrap_or_default()
    }

    /// Whether its name still leads to it; somebody else may have moved or deleted it.
    pub(super) fn is_in_place(&self) -> bool {
        self.identity.is_none()
            || std::fs::metadata(&self.path).is_ok_and(|there| system::identity(&there) == self.identity)
    }

    /// Appends whole lines: all of them, or nothing that a reader would take for a line.
    pub(super) fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        let written = self.end_torn_line().and_then(|()| self.file.write_all(lines));
        match written {
            Ok(()) => {
                self.length += lines.len() as u64;
                Ok(())
            }
            Err(error) => {
                // What has been written of it goes; where that cannot be, the next line begins anew.
                self.is_torn = self.file.set_len(self.length).is_err();
                Err(error)
            }
        }
    }

    fn end_torn_line(&mut self) -> io::Result<()> {
        if self.is_torn {
            self.file.write_all(b"\n")?;
            self.is_torn = false;
            self.length = self.file.metadata()?.len();
        }
        Ok(())
    }
}

fn ends_torn(file: &mut File, length: u64) -> io::Result<bool> {
    if length == 0 {
        return Ok(false);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}
