//! The process environment as data.

use std::collections::BTreeMap;
use std::fmt;

use crate::SettingError;

/// The environment variables that a configuration is resolved from.
///
/// Everything in flowspan that can be set by an environment variable reads it from here, never from
/// the process, so that a test (or a program) can say what the environment is.
///
/// A configuration file lies [beneath](Environment::above) the variables: what a variable leaves
/// open, the file may say, and whoever asks for a variable does not see the difference. Errors do:
/// they name the key of the file.
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
    beneath: BTreeMap<String, FileSetting>,
}

/// What a configuration file says instead of a variable. See [`Environment::above`].
#[derive(Clone)]
pub struct FileSetting {
    /// How errors call the setting, such as `metrics.port (flowspan.toml, line 3)`.
    pub called: String,
    /// The value, in the form that the variable would have; `None` if the file leaves it open.
    pub value: Option<String>,
}

impl Environment {
    /// The environment of this process, as it is now.
    ///
    /// A variable whose name is not valid Unicode is left out. In a value, what is not valid Unicode
    /// becomes U+FFFD, which no setting accepts, so that it is reported rather than passed over.
    pub fn process() -> Self {
        std::env::vars_os()
            .filter_map(|(name, value)| {
                Some((name.into_string().ok()?, value.to_string_lossy().into_owned()))
            })
            .collect()
    }

    /// No variable at all: nothing but explicit settings and defaults count.
    pub fn empty() -> Self {
        Environment::default()
    }

    /// An environment of these variables.
    pub fn from_pairs<N: Into<String>, V: Into<String>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect()
    }

    /// The same environment above the settings of a file, each under the name of its variable.
    #[must_use]
    pub fn above<N: Into<String>>(mut self, settings: impl IntoIterator<Item = (N, FileSetting)>) -> Self {
        self.beneath.extend(settings.into_iter().map(|(name, setting)| (name.into(), setting)));
        self
    }

    /// The same environment with this variable.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    /// The same environment without this variable.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.variables.remove(name);
        self
    }

    /// The value of a variable, otherwise what the file says instead. Surrounding white space is not
    /// part of it, and an empty value counts as unset, as the OpenTelemetry specification demands.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variable(name).or_else(|| self.of_file(name))
    }

    /// The value of a variable, whatever the file says.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).and_then(|value| unless_empty(value))
    }

    /// What the file says instead of a variable, whether that is set or not.
    pub fn of_file(&self, name: &str) -> Option<&str> {
        self.beneath.get(name)?.value.as_deref().and_then(unless_empty)
    }

    /// The first of these variables that is set, otherwise the first that the file has: its name and
    /// its value.
    pub fn first<'a>(&'a self, names: &[&'a str]) -> Option<(&'a str, &'a str)> {
        let variable = names.iter().find_map(|name| Some((*name, self.variable(name)?)));
        variable.or_else(|| names.iter().find_map(|name| Some((*name, self.of_file(name)?))))
    }

    /// How people call the setting of this variable: by the variable, or by the key of the file if
    /// the file sets it. A variable that neither of them sets is called by both, if there is a file.
    pub fn called<'a>(&'a self, name: &'a str) -> &'a str {
        match (self.variable(name), self.beneath.get(name)) {
            (None, Some(setting)) => &setting.called,
            _ => name,
        }
    }

    /// The same error, with its setting named as people [call](Environment::called) it.
    pub fn explain(&self, error: SettingError) -> SettingError {
        let called = self.called(error.setting()).to_owned();
        error.called(called)
    }

    /// The value of a variable, understood by `understand`.
    ///
    /// # Errors
    ///
    /// The variable is set and `understand` makes nothing of it: the error names the variable, the
    /// value and the form that is `accepted`.
    pub fn parse<T>(
        &self,
        name: &str,
        accepted: &str,
        understand: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, SettingError> {
        match self.get(name) {
            None => Ok(None),
            Some(value) => match understand(value) {
                Some(understood) => Ok(Some(understood)),
                None => Err(SettingError::new(self.called(name), value, accepted)),
            },
        }
    }

    /// Like [`parse`](Self::parse), for the [first](Self::first) of these variables that is set.
    ///
    /// # Errors
    ///
    /// As `parse`.
    pub fn parse_first<T>(
        &self,
        names: &[&str],
        accepted: &str,
        understand: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, SettingError> {
        match self.first(names) {
            None => Ok(None),
            Some((name, _)) => self.parse(name, accepted, understand),
        }
    }
}

fn unless_empty(value: &str) -> Option<&str> {
    Some(value.trim()).filter(|value| !value.is_empty())
}

impl FromIterator<(String, String)> for Environment {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(pairs: I) -> Self {
        Environment { variables: pairs.into_iter().collect(), ..Environment::default() }
    }
}

impl fmt::Debug for Environment {
    // Values are left out: an environment is where secrets live.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Environment({} variables)", self.variables.len())
    }
}

impl fmt::Debug for FileSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileSetting").field("called", &self.called).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_or_blank_value_counts_as_unset() {
        let environment = Environment::from_pairs([("A", ""), ("B", "  "), ("C", " c ")]);
        assert_eq!(environment.get("A"), None);
        assert_eq!(environment.get("B"), None);
        assert_eq!(environment.get("C"), Some("c"));
        assert_eq!(environment.first(&["A", "B", "C"]), Some(("C", "c")));
    }

    #[test]
    fn a_bad_value_names_the_variable_the_value_and_the_accepted_form() {
        let environment = Environment::from_pairs([("OTEL_BSP_SCHEDULE_DELAY", "soon")]);
        let error = environment
            .parse("OTEL_BSP_SCHEDULE_DELAY", "a number of milliseconds", crate::milliseconds)
            .expect_err("soon is no number");
        assert_eq!(
            error.to_string(),
            "OTEL_BSP_SCHEDULE_DELAY is \"soon\", but must be a number of milliseconds"
        );
    }

    fn file(settings: &[(&str, &str, Option<&str>)]) -> Vec<(String, FileSetting)> {
        let setting = |called: &str, value: Option<&str>| FileSetting {
            called: called.to_owned(),
            value: value.map(str::to_owned),
        };
        settings.iter().map(|(name, called, value)| ((*name).to_owned(), setting(called, *value))).collect()
    }

    #[test]
    fn a_file_says_what_the_variables_leave_open() {
        let environment = Environment::from_pairs([("A", "a"), ("B", " ")]).above(file(&[
            ("A", "a (x.toml, line 1)", Some("file")),
            ("B", "b (x.toml, line 2)", Some("file")),
            ("C", "c (or the variable C)", None),
        ]));
        assert_eq!((environment.get("A"), environment.called("A")), (Some("a"), "A"));
        assert_eq!((environment.get("B"), environment.called("B")), (Some("file"), "b (x.toml, line 2)"));
        assert_eq!((environment.get("C"), environment.called("C")), (None, "c (or the variable C)"));
        assert_eq!((environment.variable("B"), environment.of_file("A")), (None, Some("file")));
        assert_eq!(environment.first(&["B", "A"]), Some(("A", "a")), "a variable wins over the file");
        assert_eq!(environment.first(&["C", "B"]), Some(("B", "file")));
    }

    #[test]
    fn an_error_names_the_key_of_the_file_that_made_it() {
        let beneath = file(&[("PORT", "metrics.port (x.toml, line 3)", Some("many"))]);
        let environment = Environment::empty().above(beneath);
        let expected = "metrics.port (x.toml, line 3) is \"many\", but must be a number";
        let parsed = environment.parse("PORT", "a number", crate::positive).expect_err("many is none");
        assert_eq!(parsed.to_string(), expected);
        let explained = environment.explain(SettingError::new("PORT", "many", "a number"));
        assert_eq!(explained.to_string(), expected);
        let other = environment.explain(SettingError::new("HOST", "many", "a number"));
        assert_eq!(other.setting(), "HOST");
    }

    #[test]
    fn debug_shows_no_value() {
        let environment = Environment::from_pairs([("OPENAI_API_KEY", "sk-canary")]).above(file(&[(
            "URL",
            "url (x.toml, line 1)",
            Some("canary"),
        )]));
        assert!(!format!("{environment:?} {:?}", environment.beneath).contains("canary"));
    }
}
