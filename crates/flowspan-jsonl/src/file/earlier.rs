//! The files before the one that is written to.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::config::{Earlier, ResolvedJsonl};

/// How the time stands in a name: it sorts as a text, and no system refuses it.
const STAMP: &str = "%Y%m%dT%H%M%S.%9fZ";
/// What a file that is not complete yet ends with. Nothing else has such names.
const PARTIAL: &str = ".partial";

/// The files before. `events.jsonl` becomes `events.20261121T073015.123456789Z.jsonl`, and when it is
/// compressed, `.gz` is added. Nothing with another name is ever touched.
#[derive(Debug)]
pub(crate) struct EarlierFiles {
    directory: PathBuf,
    /// What stands before and after the time.
    before: String,
    after: String,
    earlier: Earlier,
    keep_files: usize,
    keep_bytes: u64,
}

impl EarlierFiles {
    pub(super) fn new(settings: &ResolvedJsonl) -> Self {
        let text = |part: Option<&OsStr>| part.map(|part| part.to_string_lossy().into_owned());
        let path = &settings.path;
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        EarlierFiles {
            directory: directory.unwrap_or(Path::new(".")).to_owned(),
            before: text(path.file_stem()).unwrap_or_default() + ".",
            after: text(path.extension()).map(|extension| format!(".{extension}")).unwrap_or_default(),
            earlier: settings.earlier,
            keep_files: settings.keep_files,
            keep_bytes: settings.keep_bytes,
        }
    }

    /// A name that nobody has yet, for the file that was written to until now.
    pub(super) fn name(&self, now: SystemTime) -> PathBuf {
        let mut time = Timestamp::try_from(now).unwrap_or_default();
        loop {
            let stamp = time.to_zoned(TimeZone::UTC).strftime(STAMP);
            let path = self.directory.join(format!("{}{stamp}{}", self.before, self.after));
            if !path.exists() && !compressed(&path).exists() {
                return path;
            }
            time = time.checked_add(Duration::from_nanos(1)).unwrap_or_default();
        }
    }

    /// Compresses what is to be compressed, and deletes what is too much. What fails is tried again the
    /// next time.
    pub(super) fn tidy(&self) -> io::Result<()> {
        let mut result = Ok(());
        for path in self.files()? {
            if is_compressed(&path) || self.earlier == Earlier::Plain {
                continue;
            }
            result = result.and(self.compress(&path));
        }
        result.and(self.delete())
    }

    fn compress(&self, path: &Path) -> io::Result<()> {
        let partial =
            tempfile::Builder::new().prefix(&self.hidden()).suffix(PARTIAL).tempfile_in(&self.directory)?;
        let mut encoder = GzEncoder::new(BufWriter::new(partial), Compression::default());
        io::copy(&mut File::open(path)?, &mut encoder)?;
        let partial = encoder.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?;
        partial.as_file().sync_all()?;
        partial.persist(compressed(path)).map_err(|error| error.error)?;
        fs::remove_file(path)
    }

    /// Deletes the oldest until the others are few enough and take little enough room.
    fn delete(&self) -> io::Result<()> {
        let (mut files, mut bytes) = (0, 0_u64);
        let mut result = Ok(());
        for path in self.files()?.iter().rev() {
            files += 1;
            bytes = bytes.saturating_add(fs::metadata(path).map_or(0, |metadata| metadata.len()));
            if files > self.keep_files || bytes > self.keep_bytes {
                result = result.and(fs::remove_file(path));
            }
        }
        result
    }

    /// All that there are, the oldest first. What a crash has left behind is cleaned away.
    fn files(&self) -> io::Result<Vec<PathBuf>> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.directory)? {
            let entry = entry?;
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            if name.starts_with(&self.hidden()) && name.ends_with(PARTIAL) {
                fs::remove_file(entry.path())?;
            } else if self.is_earlier(name) && entry.file_type()?.is_file() {
                files.push(entry.path());
            }
        }
        files.sort();
        // A file that was compressed and then not deleted is there twice.
        let twice: Vec<_> =
            files.iter().filter(|file| files.binary_search(&compressed(file)).is_ok()).cloned().collect();
        for file in &twice {
            fs::remove_file(file)?;
        }
        files.retain(|file| !twice.contains(file));
        Ok(files)
    }

    fn is_earlier(&self, name: &str) -> bool {
        let name = name.strip_suffix(".gz").unwrap_or(name);
        let stamp = name.strip_prefix(&*self.before).and_then(|name| name.strip_suffix(&*self.after));
        stamp.is_some_and(is_stamp)
    }

    /// How the names of incomplete files begin.
    fn hidden(&self) -> String {
        format!(".{}", self.before)
    }
}

fn is_stamp(text: &str) -> bool {
    const FORM: &[u8] = b"00000000T000000.000000000Z";
    text.len() == FORM.len()
        && text.bytes().zip(FORM).all(|(byte, form)| match form {
            b'0' => byte.is_ascii_digit(),
            form => byte == *form,
        })
}

fn is_compressed(path: &Path) -> bool {
    path.extension() == Some("gz".as_ref())
}

fn compressed(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".gz");
    PathBuf::from(name)
}
