//! A file to read from.

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Seek as _, SeekFrom};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use super::positions::{BEGINNING, Identity, identity, of_file_system};

const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTANDARD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

/// An open file of lines, compressed or not. What it is stands in its first bytes: names lie.
pub(super) struct Source {
    file: File,
    pub(super) is_compressed: bool,
    pub(super) identity: Option<Identity>,
    /// What a first line that is not complete yet goes by.
    pub(super) number: Identity,
    pub(super) length: u64,
}

/// Why a file is not read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// It is a pipe, a device or the like.
    #[error("it is no regular file")]
    NotAFile,
    /// It is compressed by what this program cannot read.
    #[error("it is compressed by Zstandard: decompress it first (zstd -d)")]
    Zstandard,
    /// The system refused, or the compressed data is damaged.
    #[error("it cannot be read any further: {0}")]
    Io(#[from] io::Error),
}

impl Source {
    pub(super) fn open(path: &Path) -> Result<Self, SourceError> {
        // Asked first: to open a pipe would wait for somebody who writes to it.
        if !fs::metadata(path)?.is_file() {
            return Err(SourceError::NotAFile);
        }
        let mut file = File::open(path)?;
        let mut beginning = Vec::with_capacity(BEGINNING);
        (&mut file).take(BEGINNING as u64).read_to_end(&mut beginning)?;
        if beginning.starts_with(ZSTANDARD) {
            return Err(SourceError::Zstandard);
        }
        let is_compressed = beginning.starts_with(GZIP);
        if is_compressed {
            file.rewind()?;
            beginning.clear();
            // What is damaged shows when it is read.
            let _ = decoder(&file).take(BEGINNING as u64).read_to_end(&mut beginning);
        }
        Ok(Source {
            identity: identity(&beginning, Some(&file)),
            number: of_file_system(Some(&file)),
            length: file.metadata()?.len(),
            file,
            is_compressed,
        })
    }

    /// What follows after so many bytes of text.
    pub(super) fn from(self, offset: u64) -> io::Result<Box<dyn Read>> {
        let mut file = self.file;
        if self.is_compressed {
            file.rewind()?;
            let mut text = decoder(file);
            io::copy(&mut (&mut text).take(offset), &mut io::sink())?;
            Ok(Box::new(text))
        } else {
            file.seek(SeekFrom::Start(offset))?;
            Ok(Box::new(file))
        }
    }
}

/// Files that were compressed one after the other and joined are one text.
fn decoder<R: Read>(file: R) -> MultiGzDecoder<BufReader<R>> {
    MultiGzDecoder::new(BufReader::with_capacity(64 << 10, file))
}
