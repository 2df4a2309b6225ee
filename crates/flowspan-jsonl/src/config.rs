//! What a program says about its file of events.

use std::path::{Path, PathBuf};
use std::time::Duration;

use flowspan_runtime::{Environment, Limits, SettingError, boolean, milliseconds, positive};

/// How long a file becomes by default before the next one is begun: 100 MiB.
pub const DEFAULT_ROTATE_BYTES: u64 = 100 << 20;
/// How old a file becomes by default before the next one is begun: a day.
pub const DEFAULT_ROTATE_AFTER: Duration = Duration::from_secs(24 * 60 * 60);
/// How many earlier files are kept by default.
pub const DEFAULT_KEEP_FILES: usize = 20;
/// How many bytes all earlier files may take together by default: 1 GiB.
pub const DEFAULT_KEEP_BYTES: u64 = 1 << 30;
/// How many events may wait by default.
pub const DEFAULT_QUEUE_CAPACITY: usize = 10_000;
/// How long an event waits by default before it is written.
pub const DEFAULT_DELAY: Duration = Duration::from_secs(1);

/// The variable that names the file.
pub const FILE_VARIABLE: &str = "FLOWSPAN_EVENTS_FILE";
const ROTATE_BYTES: &str = "FLOWSPAN_EVENTS_ROTATE_BYTES";
const ROTATE_AFTER: &str = "FLOWSPAN_EVENTS_ROTATE_AFTER";
const KEEP_FILES: &str = "FLOWSPAN_EVENTS_KEEP_FILES";
const KEEP_BYTES: &str = "FLOWSPAN_EVENTS_KEEP_BYTES";
const COMPRESS: &str = "FLOWSPAN_EVENTS_COMPRESS";
const QUEUE_CAPACITY: &str = "FLOWSPAN_EVENTS_QUEUE_CAPACITY";
const DELAY: &str = "FLOWSPAN_EVENTS_DELAY";

/// What becomes of a file when the next one is begun.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Earlier {
    /// It is compressed by gzip, which leaves about a tenth of it.
    #[default]
    Compressed,
    /// It stays as it is.
    Plain,
}

/// Where events are written, and how much room they may take.
///
/// What is not set here comes from the environment, and then from the defaults (see the
/// [crate](crate)).
///
/// ```
/// use flowspan_jsonl::Jsonl;
/// use flowspan_runtime::Environment;
///
/// # fn main() -> Result<(), flowspan_runtime::SettingError> {
/// let events = Jsonl::to("/var/log/bot/events.jsonl").rotate_bytes(10 << 20).keep_files(5);
/// assert_eq!(events.resolve(&Environment::process())?.path().extension(), Some("jsonl".as_ref()));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Jsonl {
    path: Option<PathBuf>,
    rotate_bytes: Option<u64>,
    rotate_after: Option<Duration>,
    keep_files: Option<usize>,
    keep_bytes: Option<u64>,
    earlier: Option<Earlier>,
    queue_capacity: Option<usize>,
    delay: Option<Duration>,
}

impl Jsonl {
    /// Writes to this file. Its directory has to be there; earlier files lie beside it.
    pub fn to(path: impl Into<PathBuf>) -> Self {
        Jsonl { path: Some(path.into()), ..Jsonl::default() }
    }

    /// Writes to the file that `FLOWSPAN_EVENTS_FILE` names.
    pub fn from_env() -> Self {
        Jsonl::default()
    }

    /// Sets how many bytes a file may have, at least 1, before the next one is begun. Default:
    /// [`DEFAULT_ROTATE_BYTES`].
    pub fn rotate_bytes(mut self, bytes: u64) -> Self {
        self.rotate_bytes = Some(bytes);
        self
    }

    /// Sets how old a file may become before the next one is begun, with the first event after that.
    /// Default: [`DEFAULT_ROTATE_AFTER`].
    pub fn rotate_after(mut self, age: Duration) -> Self {
        self.rotate_after = Some(age);
        self
    }

    /// Sets how many earlier files are kept; the oldest go first. Default: [`DEFAULT_KEEP_FILES`].
    pub fn keep_files(mut self, files: usize) -> Self {
        self.keep_files = Some(files);
        self
    }

    /// Sets how many bytes all earlier files may take together; the oldest go first. Default:
    /// [`DEFAULT_KEEP_BYTES`].
    pub fn keep_bytes(mut self, bytes: u64) -> Self {
        self.keep_bytes = Some(bytes);
        self
    }

    /// Sets what becomes of earlier files. Default: [`Earlier::Compressed`].
    pub fn earlier(mut self, earlier: Earlier) -> Self {
        self.earlier = Some(earlier);
        self
    }

    /// Sets how many events may wait, at least 1; what comes beyond that is dropped and counted.
    /// Default: [`DEFAULT_QUEUE_CAPACITY`].
    pub fn queue_capacity(mut self, events: usize) -> Self {
        self.queue_capacity = Some(events);
        self
    }

    /// Sets how long an event waits before it is written. Default: [`DEFAULT_DELAY`].
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = Some(delay);
        self
    }

    /// Everything decided.
    ///
    /// # Errors
    ///
    /// A variable cannot be used, or nobody names a file.
    pub fn resolve(&self, environment: &Environment) -> Result<ResolvedJsonl, SettingError> {
        let path = match &self.path {
            Some(path) => path.clone(),
            None => environment
                .get(FILE_VARIABLE)
                .map(PathBuf::from)
                .ok_or_else(|| SettingError::missing(FILE_VARIABLE, ACCEPTED_FILE))?,
        };
        if path.file_name().is_none() {
            return Err(SettingError::new("the file of events", &path.to_string_lossy(), ACCEPTED_FILE));
        }
        let count = |explicit: Option<usize>, variable, default| match explicit {
            Some(number) => Ok(number),
            None => Ok(environment.parse(variable, ACCEPTED_NUMBER, positive)?.unwrap_or(default)),
        };
        let bytes = |explicit: Option<u64>, variable, default| match explicit {
            Some(number) => Ok(number),
            None => {
                let positive = |value: &str| value.parse().ok().filter(|bytes| *bytes > 0);
                Ok(environment.parse(variable, ACCEPTED_NUMBER, positive)?.unwrap_or(default))
            }
        };
        let time = |explicit: Option<Duration>, variable, default| match explicit {
            Some(time) => Ok(time),
            None => Ok(environment.parse(variable, ACCEPTED_TIME, milliseconds)?.unwrap_or(default)),
        };
        let earlier = match self.earlier {
            Some(earlier) => earlier,
            None => match environment.parse(COMPRESS, "`true` or `false`", boolean)? {
                Some(false) => Earlier::Plain,
                _ => Earlier::Compressed,
            },
        };
        Ok(ResolvedJsonl {
            path,
            rotate_bytes: bytes(self.rotate_bytes, ROTATE_BYTES, DEFAULT_ROTATE_BYTES)?.max(1),
            rotate_after: time(self.rotate_after, ROTATE_AFTER, DEFAULT_ROTATE_AFTER)?,
            keep_files: count(self.keep_files, KEEP_FILES, DEFAULT_KEEP_FILES)?,
            keep_bytes: bytes(self.keep_bytes, KEEP_BYTES, DEFAULT_KEEP_BYTES)?,
            earlier,
            limits: Limits::new()
                .queue_capacity(count(self.queue_capacity, QUEUE_CAPACITY, DEFAULT_QUEUE_CAPACITY)?)
                .delay(time(self.delay, DELAY, DEFAULT_DELAY)?),
        })
    }
}

const ACCEPTED_FILE: &str = "the path of a file, such as /var/log/bot/events.jsonl";
const ACCEPTED_NUMBER: &str = "a whole number, at least 1";
const ACCEPTED_TIME: &str = "a whole number of milliseconds, at least 1";

/// A file of events with everything decided.
#[derive(Clone, Debug)]
pub struct ResolvedJsonl {
    pub(crate) path: PathBuf,
    pub(crate) rotate_bytes: u64,
    pub(crate) rotate_after: Duration,
    pub(crate) keep_files: usize,
    pub(crate) keep_bytes: u64,
    pub(crate) earlier: Earlier,
    pub(crate) limits: Limits,
}

impl ResolvedJsonl {
    /// The file that is written to.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_program_says_wins_over_the_variable() {
        let environment = Environment::from_pairs([
            (FILE_VARIABLE, "/from/env.jsonl"),
            (KEEP_FILES, "3"),
            (ROTATE_BYTES, "4096"),
            (COMPRESS, "false"),
            (DELAY, "50"),
        ]);
        let resolved = Jsonl::to("said.jsonl").keep_files(7).resolve(&environment).expect("usable");
        assert_eq!((resolved.path(), resolved.keep_files), (Path::new("said.jsonl"), 7));
        assert_eq!((resolved.rotate_bytes, resolved.keep_bytes), (4096, DEFAULT_KEEP_BYTES));
        let resolved = Jsonl::from_env().resolve(&environment).expect("usable");
        assert_eq!((resolved.path(), resolved.keep_files), (Path::new("/from/env.jsonl"), 3));
        assert_eq!((resolved.earlier, resolved.limits.delay), (Earlier::Plain, Duration::from_millis(50)));
    }

    #[test]
    fn a_bad_variable_is_an_error_that_names_it() {
        for (variable, value) in [
            (ROTATE_BYTES, "100M"),
            (KEEP_BYTES, "0"),
            (ROTATE_AFTER, "1d"),
            (KEEP_FILES, "0"),
            (QUEUE_CAPACITY, "many"),
            (COMPRESS, "zstd"),
            (DELAY, "1s"),
        ] {
            let environment = Environment::from_pairs([(variable, value)]);
            let error = Jsonl::to("x.jsonl").resolve(&environment).expect_err(variable).to_string();
            assert!(error.contains(variable) && error.contains(value), "{error}");
        }
        let error = Jsonl::from_env().resolve(&Environment::empty()).expect_err("no file").to_string();
        assert!(error.contains(FILE_VARIABLE), "{error}");
        assert!(Jsonl::to("/").resolve(&Environment::empty()).is_err());
    }
}
