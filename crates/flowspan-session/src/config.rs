//! Which session is kept where.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use flowspan_runtime::{Environment, SettingError, boolean, milliseconds};

use crate::{SessionCollector, SessionMetrics, file::neighbour, path_of};

/// How often a session is saved unless somebody says otherwise: every 30 seconds.
pub const DEFAULT_INTERVAL: Duration = Duration::from_secs(30);
/// The variable that names the file.
pub const FILE_VARIABLE: &str = "FLOWSPAN_SESSION_FILE";
const ID: &str = "FLOWSPAN_SESSION_ID";
const INTERVAL: &str = "FLOWSPAN_SESSION_INTERVAL";
const RESUME: &str = "FLOWSPAN_SESSION_RESUME";

/// A session that is kept in a file while the program runs: saved at an interval, on a flush and at the
/// end.
///
/// A session that the file holds already is replaced at the first save, unless it is to be
/// [resumed](SessionFile::resume).
///
/// ```
/// use std::time::Duration;
/// use flowspan_session::SessionFile;
///
/// let here = SessionFile::to("runs/today.json").interval(Duration::from_secs(5));
/// let one_of_many = SessionFile::in_directory("sessions", "ticket/4711").resume();
/// let wherever_the_environment_says = SessionFile::from_env();
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct SessionFile {
    path: Option<PathBuf>,
    session_id: Option<String>,
    interval: Option<Duration>,
    collector: Option<SessionCollector>,
    start: Option<Start>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Start {
    Anew,
    Resumed,
}

impl SessionFile {
    /// Keeps the session of the program in this file.
    pub fn to(path: impl Into<PathBuf>) -> Self {
        SessionFile { path: Some(path.into()), ..SessionFile::default() }
    }

    /// Keeps the session of this name in its file of this directory: see [`path_of`].
    pub fn in_directory(directory: impl AsRef<Path>, session_id: impl Into<String>) -> Self {
        let session_id = session_id.into();
        SessionFile::to(path_of(directory, &session_id)).session_id(session_id)
    }

    /// Keeps the session in the file that `FLOWSPAN_SESSION_FILE` names, and in none if that is not set.
    pub fn from_env() -> Self {
        SessionFile::default()
    }

    /// Keeps this session, which the program can look at while it runs, in the file that
    /// [it has](SessionCollector::file). Without one it is kept in memory alone.
    pub fn of(collector: SessionCollector) -> Self {
        SessionFile {
            path: collector.path().map(Path::to_owned),
            collector: Some(collector),
            ..SessionFile::default()
        }
    }

    /// What the session is called. Default: `FLOWSPAN_SESSION_ID`, then the name of the file without its
    /// ending. Has no meaning for a
    /// collector that has its name.
    pub fn session_id(mut self, session_id: impl Into<String>) -> Self {
        self.session_id = Some(session_id.into());
        self
    }

    /// How often it is saved. Default: `FLOWSPAN_SESSION_INTERVAL`, in milliseconds, then
    /// [`DEFAULT_INTERVAL`].
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = Some(interval);
        self
    }

    /// Goes on with the session that the file holds. Default: if `FLOWSPAN_SESSION_RESUME` is `true`,
    /// otherwise a new one.
    pub fn resume(mut self) -> Self {
        self.start = Some(Start::Resumed);
        self
    }

    /// The session, ready to be fed; `None` if nobody named a file.
    ///
    /// # Errors
    ///
    /// The file cannot be written, or holds something that is no session and would be lost. Or a variable
    /// cannot be used, or the interval is zero.
    pub fn resolve(self, environment: &Environment) -> Result<Option<SessionSettings>, SettingError> {
        let interval = match self.interval {
            Some(interval) => interval,
            None => environment
                .parse(INTERVAL, "a whole number of milliseconds, at least 1", milliseconds)?
                .unwrap_or(DEFAULT_INTERVAL),
        };
        if interval.is_zero() {
            return Err(SettingError::new("the interval of the session file", "0s", "longer than nothing"));
        }
        let (setting, path) = match (self.path, self.collector.clone(), environment.get(FILE_VARIABLE)) {
            (Some(path), ..) => ("the session file", path),
            (None, Some(collector), _) => return Ok(Some(SessionSettings { collector, interval })),
            (None, None, Some(path)) => (FILE_VARIABLE, PathBuf::from(path)),
            (None, None, None) => return Ok(None),
        };
        let unusable = |accepted: &str| SettingError::new(setting, &path.to_string_lossy(), accepted);
        // What is found out now need not be told when the first save fails, hours later.
        let earlier = SessionMetrics::load(&path)
            .map_err(|error| unusable("a new file, or one that holds a session").because(error))?;
        neighbour(&path)
            .map_err(|error| unusable("a file in a directory that can be written").because(error))?;

        let start = match self.start {
            Some(start) => start,
            None => match environment.parse(RESUME, "`true` or `false`", boolean)? {
                Some(true) => Start::Resumed,
                _ => Start::Anew,
            },
        };
        let collector = self.collector.unwrap_or_else(|| {
            let variable = || environment.get(ID).map(str::to_owned);
            let name = || path.file_stem().map(|name| name.to_string_lossy().into_owned());
            let session_id = self.session_id.or_else(variable).or_else(name).unwrap_or_default();
            SessionCollector::new(session_id).file(&path)
        });
        if let (Start::Resumed, Some(earlier)) = (start, earlier) {
            collector.merge(&earlier);
        }
        Ok(Some(SessionSettings { collector, interval }))
    }
}

/// A session that can be started.
#[derive(Clone, Debug)]
pub struct SessionSettings {
    pub(crate) collector: SessionCollector,
    pub(crate) interval: Duration,
}

impl SessionSettings {
    /// The session.
    pub fn collector(&self) -> &SessionCollector {
        &self.collector
    }

    /// How often it is saved.
    pub fn interval(&self) -> Duration {
        self.interval
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn resolve(file: SessionFile, variable: Option<&Path>) -> Result<Option<SessionSettings>, String> {
        let pairs = variable.map(|path| (FILE_VARIABLE, path.to_string_lossy()));
        file.resolve(&Environment::from_pairs(pairs)).map_err(|error| error.to_string())
    }

    #[test]
    fn code_wins_over_the_environment_and_without_either_nothing_is_kept() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let [code, variable] = ["code.json", "variable.json"].map(|name| directory.path().join(name));
        assert!(resolve(SessionFile::from_env(), None).expect("no error").is_none());
        let path = |settings: Option<SessionSettings>| {
            settings.and_then(|settings| settings.collector.path().map(Path::to_owned))
        };
        let chosen = resolve(SessionFile::from_env(), Some(&variable)).expect("it can be written");
        assert_eq!(chosen.as_ref().map(|settings| settings.collector.session_id()), Some("variable"));
        assert_eq!(path(chosen), Some(variable.clone()));
        assert_eq!(path(resolve(SessionFile::to(&code), Some(&variable)).expect("it can be")), Some(code));
        let memory = resolve(SessionFile::of(SessionCollector::new("s")), Some(&variable)).expect("no file");
        assert_eq!(memory.map(|settings| settings.collector.path().is_none()), Some(true));
        assert_eq!(fs::read_dir(directory.path()).expect("it is there").count(), 0, "nothing is written yet");
    }

    #[test]
    fn a_file_that_is_no_session_is_refused_and_left_alone() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("notes.json");
        fs::write(&path, "dear diary").expect("written");
        let error = resolve(SessionFile::from_env(), Some(&path)).expect_err("it would be lost");
        assert!(
            error.starts_with("FLOWSPAN_SESSION_FILE is ") && error.contains("holds a session"),
            "{error}"
        );
        assert_eq!(fs::read_to_string(&path).expect("it is there"), "dear diary");
    }

    #[test]
    fn a_place_that_cannot_be_written_is_an_error_at_once() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let file = directory.path().join("file");
        fs::write(&file, "").expect("written");
        for path in [file.join("below/a/file.json"), directory.path().to_owned()] {
            assert!(resolve(SessionFile::to(&path), None).is_err(), "{path:?}");
        }
        assert!(resolve(SessionFile::to("s.json").interval(Duration::ZERO), None).is_err());
    }

    #[test]
    fn a_session_is_resumed_only_if_somebody_asks_for_it() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let mut earlier = SessionMetrics::new("s");
        earlier.retries = 7;
        earlier.save(path_of(directory.path(), "s")).expect("written");
        let retries = |file| {
            let settings = resolve(file, None).expect("it can be written").expect("it is named");
            settings.collector.snapshot().retries
        };
        assert_eq!(retries(SessionFile::in_directory(directory.path(), "s").resume()), 7);
        assert_eq!(retries(SessionFile::in_directory(directory.path(), "s")), 0);
    }

    #[test]
    fn every_setting_has_its_variable() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("today.json");
        let mut earlier = SessionMetrics::new("today");
        earlier.retries = 7;
        earlier.save(&path).expect("written");
        let file = path.to_string_lossy();
        let variables = [(FILE_VARIABLE, &*file), (ID, "ticket"), (INTERVAL, "250"), (RESUME, "true")];
        let settings = SessionFile::from_env().resolve(&Environment::from_pairs(variables));
        let settings = settings.expect("usable").expect("it is named");
        assert_eq!(settings.collector.session_id(), "ticket");
        assert_eq!(settings.interval, Duration::from_millis(250));
        assert_eq!(settings.collector.snapshot().retries, 7);
        for (variable, value) in [(INTERVAL, "5s"), (RESUME, "yes")] {
            let environment = Environment::from_pairs([(FILE_VARIABLE, &*file), (variable, value)]);
            let error = SessionFile::from_env().resolve(&environment).expect_err(value).to_string();
            assert!(error.starts_with(variable) && error.contains(value), "{error}");
        }
    }
}
