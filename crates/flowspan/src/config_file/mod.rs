//! The configuration file: a layer beneath the environment variables.

mod error;
pub(crate) mod keys;
mod values;

use std::{
    fmt,
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use flowspan_runtime::{Environment, FileSetting, without_credentials};

pub use error::ConfigFileError;
use keys::{Form, KEYS, Key};
use toml::{Spanned, de::DeTable};

/// The variable that names the file.
pub(crate) const FILE_VARIABLE: &str = "FLOWSPAN_CONFIG";
/// How many bytes a file may have. A configuration has some hundreds; what is larger is something else.
const LONGEST: u64 = 1 << 20;

/// A configuration file (`flowspan.toml`), read and checked.
///
/// [`Builder::config_file`](crate::Builder::config_file) and the variable `FLOWSPAN_CONFIG` read one by
/// themselves. This is for programs that have settings resolved outside a builder.
///
/// A key stands for an environment variable, and the file lies beneath the variables: what the program
/// says wins over a variable, a variable over the file, and the file over the default. All keys are in
/// the [documentation](https://github.com/flowspan/flowspan/blob/main/docs/configuration.md).
///
/// ```
/// use flowspan::{ConfigFile, Environment};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let file = ConfigFile::parse("flowspan.toml", "[metrics]\nport = 9100")?;
/// let environment = file.beneath(Environment::empty());
/// assert_eq!(environment.get("OTEL_EXPORTER_PROMETHEUS_PORT"), Some("9100"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ConfigFile {
    path: PathBuf,
    settings: Vec<(&'static str, FileSetting)>,
}

impl ConfigFile {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// There is no file that can be read, or it is no configuration: it is larger than a mebibyte, not
    /// UTF-8 or not TOML, has an unknown key, or a key has a value of the wrong form. Whether a value can
    /// be used is seen when it is needed.
    pub fn read(path: impl Into<PathBuf>) -> Result<Self, ConfigFileError> {
        let path = path.into();
        let unreadable = |source| ConfigFileError::Unreadable { path: path.clone(), source };
        // Looked at before it is opened: to open a pipe that nobody writes to takes for ever.
        let metadata = std::fs::metadata(&path).map_err(unreadable)?;
        if !metadata.is_file() {
            return Err(ConfigFileError::NotAFile { path });
        }
        let mut bytes = Vec::new();
        // The length may be wrong by now, or have no meaning, as below /proc.
        let file = File::open(&path).map_err(unreadable)?;
        file.take(LONGEST + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        if bytes.len() as u64 > LONGEST {
            return Err(ConfigFileError::TooLarge { path });
        }
        match std::str::from_utf8(&bytes) {
            Ok(text) => ConfigFile::parse(path, text),
            Err(error) => {
                let line = line(&bytes, error.valid_up_to());
                Err(ConfigFileError::NotUtf8 { path, line })
            }
        }
    }

    /// Understands the text of a file, which errors call by this path.
    ///
    /// # Errors
    ///
    /// As [`read`](ConfigFile::read), for what concerns the text.
    pub fn parse(path: impl Into<PathBuf>, text: &str) -> Result<Self, ConfigFileError> {
        let path = path.into();
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let document = DeTable::parse(text).map_err(|error| {
            let line = error.span().map_or(1, |span| line(text.as_bytes(), span.start));
            // Only the message: with the line of the file it might show a password.
            ConfigFileError::Syntax { path: path.clone(), line, message: error.message().to_owned() }
        })?;
        let mut reading = Reading { path: &path, text, settings: Vec::new() };
        reading.section("", document.get_ref())?;
        let settings = reading.settings;
        Ok(ConfigFile { path, settings })
    }

    /// The file that is named by the program or else by the variable `FLOWSPAN_CONFIG`, if any is.
    ///
    /// # Errors
    ///
    /// As [`read`](ConfigFile::read).
    pub fn find(named: Option<&Path>, environment: &Environment) -> Result<Option<Self>, ConfigFileError> {
        let variable = || environment.get(FILE_VARIABLE).map(Path::new);
        named.or_else(variable).map(ConfigFile::read).transpose()
    }

    /// All keys with what they hold and the variables that say the same, as a table in Markdown.
    #[must_use]
    pub fn reference() -> String {
        keys::page()
    }

    /// The environment with what this file says beneath its variables.
    #[must_use]
    pub fn beneath(&self, environment: Environment) -> Environment {
        let unset = KEYS.iter().map(|key| {
            let called = format!("{} in {} (or {})", key.path, self.path.display(), key.variable);
            (key.variable, FileSetting { called, value: None })
        });
        environment.above(unset).above(self.settings.iter().cloned())
    }
}

impl fmt::Debug for ConfigFile {
    // Values are left out: a password may be among them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConfigFile").field("path", &self.path).finish_non_exhaustive()
    }
}

/// A file that is being understood.
struct Reading<'file> {
    path: &'file Path,
    text: &'file str,
    settings: Vec<(&'static str, FileSetting)>,
}

impl Reading<'_> {
    fn section(&mut self, section: &str, table: &DeTable<'_>) -> Result<(), ConfigFileError> {
        let mut entries: Vec<_> = table.iter().collect();
        // The first error of the file is the first that is told.
        entries.sort_by_key(|(name, _)| name.span().start);
        for (name, value) in entries {
            let path = match section {
                "" => name.get_ref().to_string(),
                section => format!("{section}.{}", name.get_ref()),
            };
            let line = line(self.text.as_bytes(), name.span().start);
            match (keys::key(&path), value.get_ref().as_table()) {
                (Some(key), _) => self.setting(key, line, value)?,
                (None, Some(table)) if keys::is_section(&path) => self.section(&path, table)?,
                (None, None) if keys::is_section(&path) => {
                    return Err(self.wrong_form(&path, line, value, "a section"));
                }
                (None, table) => {
                    let within = table.and_then(|table| table.keys().next());
                    let key = within.map_or_else(|| path.clone(), |key| format!("{path}.{}", key.get_ref()));
                    return Err(ConfigFileError::UnknownKey {
                        path: self.path.to_owned(),
                        line,
                        nearest: keys::nearest(&key),
                        key: without_credentials(&key),
                    });
                }
            }
        }
        Ok(())
    }

    fn setting(
        &mut self,
        key: &'static Key,
        line: usize,
        value: &Spanned<toml::de::DeValue<'_>>,
    ) -> Result<(), ConfigFileError> {
        let text = match key.form {
            Form::One => values::one(value.get_ref()),
            Form::List => values::list(value.get_ref()),
            Form::Table => values::pairs(value.get_ref()),
        };
        let Some(text) = text else {
            return Err(self.wrong_form(key.path, line, value, key.form.accepted()));
        };
        let called = format!("{} ({}:{line})", key.path, self.path.display());
        self.settings.push((key.variable, FileSetting { called, value: Some(text) }));
        Ok(())
    }

    fn wrong_form(
        &self,
        key: &str,
        line: usize,
        value: &Spanned<toml::de::DeValue<'_>>,
        accepted: &'static str,
    ) -> ConfigFileError {
        let found = value.get_ref().type_str();
        ConfigFileError::Form { path: self.path.to_owned(), line, key: key.to_owned(), found, accepted }
    }
}

/// The number of the line that this byte is in, counted from 1.
fn line(text: &[u8], byte: usize) -> usize {
    text.iter().take(byte).filter(|byte| **byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(text: &str) -> Environment {
        ConfigFile::parse("flowspan.toml", text).expect("it is good").beneath(Environment::empty())
    }

    fn refused(text: &str) -> String {
        ConfigFile::parse("flowspan.toml", text).expect_err(text).to_string()
    }

    #[test]
    fn values_of_every_form_become_what_the_variable_would_hold() {
        let environment = environment(
            r#"
            namespace = "bot"
            disabled = false
            sampler_ratio = 0.25
            propagators = ["tracecontext", "baggage"]
            labels = { team = "a, b", "gruß" = "ja=nein %" }
            [metrics]
            port = 9_100
            [metrics.postgres]
            batch_size = 0x10
            "#,
        );
        for (variable, value) in [
            ("FLOWSPAN_NAMESPACE", "bot"),
            ("OTEL_SDK_DISABLED", "false"),
            ("OTEL_TRACES_SAMPLER_ARG", "0.25"),
            ("OTEL_PROPAGATORS", "tracecontext,baggage"),
            ("OTEL_EXPORTER_PROMETHEUS_PORT", "9100"),
            ("FLOWSPAN_POSTGRES_BATCH_SIZE", "16"),
        ] {
            assert_eq!(environment.get(variable), Some(value), "{variable}");
        }
        let labels = environment.get("FLOWSPAN_LABELS").and_then(flowspan_runtime::key_values);
        let mut labels = labels.expect("pairs");
        labels.sort();
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(labels, [pair("gruß", "ja=nein %"), pair("team", "a, b")]);
    }

    #[test]
    fn a_variable_wins_over_the_file_and_errors_name_what_counted() {
        let file = ConfigFile::parse("a/flowspan.toml", "[metrics]\nport = 1").expect("it is good");
        let port = "OTEL_EXPORTER_PROMETHEUS_PORT";
        let environment = file.beneath(Environment::from_pairs([(port, "2")]));
        assert_eq!((environment.get(port), environment.called(port)), (Some("2"), port));
        let environment = file.beneath(Environment::empty());
        assert_eq!(environment.called(port), "metrics.port (a/flowspan.toml:2)");
        let url = environment.called("FLOWSPAN_POSTGRES_URL");
        assert_eq!(url, "metrics.postgres.connection_string in a/flowspan.toml (or FLOWSPAN_POSTGRES_URL)");
    }

    #[test]
    fn an_unknown_key_is_an_error_that_names_the_nearest_one() {
        assert_eq!(
            refused("[metrics]\nenabled = true\nprot = 1"),
            "flowspan.toml:3: `metrics.prot` is no setting; the nearest one is `metrics.port`"
        );
        assert!(refused("[prometheus]\nport = 1").ends_with("the nearest one is `metrics.port`"));
        assert!(refused("[[metrics.postgres]]\nbatch_size = 1").contains("must be a section"));
    }

    #[test]
    fn a_value_of_the_wrong_form_is_an_error_that_does_not_show_it() {
        let error = refused("[metrics.postgres]\n\nconnection_string = [\"postgres://bot:canary@h\"]");
        assert_eq!(
            error,
            "flowspan.toml:3: `metrics.postgres.connection_string` is an array, but must be a text, a number, \
             `true` or `false`"
        );
        assert!(refused("metrics = true").contains("`metrics` is a boolean, but must be a section"));
        assert!(refused("labels = \"a=b\"").contains("a table of texts"));
        assert!(refused("[metrics.port]\nx = 1").contains("`metrics.port` is a table"));
    }

    #[test]
    fn what_is_no_toml_is_an_error_with_its_line_and_without_its_text() {
        let error = refused("[metrics.postgres]\nconnection_string = \"postgres://bot:canary@h");
        assert!(error.starts_with("flowspan.toml:2: ") && !error.contains("canary"), "{error}");
        assert!(refused("a = 1\na = 2").starts_with("flowspan.toml:2: "));
    }

    #[test]
    fn what_is_no_file_of_text_is_an_error_that_says_so() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("flowspan.toml");
        let refused = |path: &Path| ConfigFile::read(path).expect_err("of no use").to_string();
        assert!(refused(&path).starts_with("cannot read the configuration "));
        assert!(refused(directory.path()).contains("is no regular file"));
        std::fs::write(&path, b"namespace = 'a'\n\xff\n").expect("written");
        assert!(refused(&path).contains("flowspan.toml:2: it is not UTF-8"));
        // Of a gigabyte no more than the first mebibyte is read; the rest is a hole in the file.
        let huge = File::create(&path).expect("made");
        huge.set_len(1 << 30).expect("as long as that");
        assert!(refused(&path).contains("larger than 1 MiB"));
        std::fs::write(&path, "# nothing\n").expect("written");
        ConfigFile::read(&path).expect("an empty configuration is one");
    }

    #[test]
    fn debug_shows_no_value() {
        let text = "[metrics.postgres]\nconnection_string = \"postgres://bot:canary@h\"";
        let file = ConfigFile::parse("flowspan.toml", text).expect("it is good");
        assert!(!format!("{file:?}").contains("canary"));
    }
}
