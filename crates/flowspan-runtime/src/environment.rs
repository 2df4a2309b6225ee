//! The process environment as data.

use std::collections::BTreeMap;
use std::fmt;

use crate::SettingError;

/// The environment variables that a configuration is resolved from.
///
/// Everything in flowspan that can be set by an environment variable reads it from here, never from
/// the process, so that a test (or a program) can say what the environment is.
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
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

    /// The same environment without this variable.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.variables.remove(name);
        self
    }

    /// The value of a variable. Surrounding white space is not part of it, and an empty value counts
    /// as unset, as the OpenTelemetry specification demands.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// The first of these variables that is set: its name and its value.
    pub fn first<'a>(&'a self, names: &[&'a str]) -> Option<(&'a str, &'a str)> {
        names.iter().find_map(|name| self.get(name).map(|value| (*name, value)))
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
                None => Err(SettingError::new(name, value, accepted)),
            },
        }
    }

    /// Like [`parse`](Self::parse), for the first of these variables that is set.
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
        match names.iter().find(|name| self.get(name).is_some()) {
            None => Ok(None),
            Some(name) => self.parse(name, accepted, understand),
        }
    }
}

impl FromIterator<(String, String)> for Environment {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(pairs: I) -> Self {
        Environment { variables: pairs.into_iter().collect() }
    }
}

impl fmt::Debug for Environment {
    // Values are left out: an environment is where secrets live.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Environment({} variables)", self.variables.len())
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

    #[test]
    fn debug_shows_no_value() {
        let environment = Environment::from_pairs([("OPENAI_API_KEY", "sk-canary")]);
        assert!(!format!("{environment:?}").contains("canary"));
    }
}
