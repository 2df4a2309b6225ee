//! How far files have been read.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// The version of the form in which positions are kept.
const FORM: u32 = 1;
/// How much of the beginning of a file tells it from others, at most.
pub(super) const BEGINNING: usize = 4096;
/// A first line that is shorter may be that of many files.
const TELLING: usize = 64;

/// What a file is, whatever it is called and whether it is compressed: a number of its first line, which
/// has the time and the identifiers of an event. Where that is too short, a number of the file system's.
pub(super) type Identity = String;

/// How far one file has been read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Position {
    /// The bytes that have been read, of the text without compression.
    pub(super) offset: u64,
    /// The lines that have been read.
    pub(super) line: u64,
    /// Where it was read last.
    pub(super) path: PathBuf,
}

/// How far all files have been read.
#[derive(Debug, Default)]
pub(super) struct Positions {
    files: HashMap<Identity, Position>,
}

#[derive(Serialize, Deserialize)]
struct Form {
    version: u32,
    files: HashMap<Identity, Position>,
}

impl Positions {
    /// What was kept there; nothing, if there is no such file.
    pub(super) fn load(path: &Path) -> io::Result<Self> {
        let text = match fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Positions::default()),
            Err(error) => return Err(error),
        };
        let form: Form = serde_json::from_slice(&text)?;
        if form.version > FORM {
            let text = format!("it is of version {} of its form, this program knows {FORM}", form.version);
            return Err(io::Error::new(ErrorKind::InvalidData, text));
        }
        Ok(Positions { files: form.files })
    }

    /// Keeps them there. The file is replaced as a whole or not at all.
    pub(super) fn save(&self, path: &Path) -> io::Result<()> {
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let mut file = tempfile::NamedTempFile::new_in(directory.unwrap_or(Path::new(".")))?;
        serde_json::to_writer(&mut file, &Form { version: FORM, files: self.files.clone() })?;
        file.flush()?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    }

    pub(super) fn of(&self, identity: &str) -> Position {
        self.files.get(identity).cloned().unwrap_or_default()
    }

    pub(super) fn set(&mut self, identity: Identity, position: Position) {
        self.files.insert(identity, position);
    }

    /// What was read last under this name, or any other name in that directory.
    pub(super) fn last_at(&self, path: &Path) -> Option<&Identity> {
        let mut there = self.files.iter().filter(|(_, position)| position.path == path);
        there.next().map(|(identity, _)| identity)
    }

    /// Whatever was read under this name is there no more.
    pub(super) fn leave(&mut self, path: &Path) {
        for position in self.files.values_mut().filter(|position| position.path == path) {
            position.path = PathBuf::new();
        }
    }
}

/// The identity of a file that begins like this. `None` if its first line is not complete yet.
pub(super) fn identity(beginning: &[u8], file: Option<&File>) -> Option<Identity> {
    let line = match memchr::memchr(b'\n', beginning) {
        Some(end) => &beginning[..end],
        None if beginning.len() >= BEGINNING => beginning,
        None => return None,
    };
    if line.len() >= TELLING {
        return Some(format!("{:032x}", flowspan_model::digest(&[&String::from_utf8_lossy(line)])));
    }
    Some(of_file_system(file))
}

/// The number that the file system has for a file.
pub(super) fn of_file_system(file: Option<&File>) -> Identity {
    let numbers = file.and_then(|file| crate::file::system::identity(&file.metadata().ok()?));
    numbers.map_or_else(String::new, |(device, number)| format!("{device:x}:{number:x}"))
}
