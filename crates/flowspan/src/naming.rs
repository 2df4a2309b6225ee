//! How metrics are called, from what the program, the environment and the file say.

use std::borrow::Cow;

use flowspan_metrics::{LabelPolicies, Names, Schema};
use flowspan_runtime::{Environment, SettingError, key_values};

const NAMESPACE: &str = "FLOWSPAN_NAMESPACE";
const NAMES: &str = "FLOWSPAN_NAMES";
const LABELS: &str = "FLOWSPAN_LABELS";

type Text = Cow<'static, str>;

/// What the program says.
#[derive(Debug, Default)]
pub(crate) struct Naming {
    names: Option<Names>,
    namespace: Option<Text>,
    labels: Vec<(Text, Text)>,
}

impl Naming {
    /// Names, and with them a namespace and labels: what was said of these before is forgotten.
    pub(crate) fn names(&mut self, names: Names) {
        *self = Naming { names: Some(names), ..Naming::default() };
    }

    pub(crate) fn namespace(&mut self, namespace: Text) {
        self.namespace = Some(namespace);
    }

    pub(crate) fn labels(&mut self, labels: impl Iterator<Item = (Text, Text)>) {
        self.labels.extend(labels);
    }

    /// The names that everything together makes.
    ///
    /// # Errors
    ///
    /// A variable cannot be used. What the program says is checked with the whole of the names.
    pub(crate) fn settle(self, environment: &Environment) -> Result<Names, SettingError> {
        let names_are_said = self.names.is_some();
        let mut names = match self.names {
            Some(names) => names,
            None => environment.parse(NAMES, "prodigy, clutch, crew or m31a", preset)?.unwrap_or_default(),
        };
        if let Some(namespace) = self.namespace {
            names = names.namespace(namespace);
        } else if !names_are_said
            && let Some(namespace) = environment.parse(NAMESPACE, ACCEPTED, namespace)?
        {
            names = names.namespace(namespace);
        }
        let of_environment = environment.parse(LABELS, "`name=value,name=value`, percent-encoded", labels)?;
        let said = |name: &str| self.labels.iter().any(|(known, _)| known == name);
        let unsaid: Vec<(Text, Text)> = of_environment
            .unwrap_or_default()
            .into_iter()
            .filter(|(name, _)| !said(name))
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
        Ok(names.constant_labels(unsaid).constant_labels(self.labels))
    }
}

const ACCEPTED: &str = "a letter, and then letters, digits, `_` and `.`, 64 at most";

/// The names of an older system.
pub(crate) fn preset(system: &str) -> Option<Names> {
    match system {
        "prodigy" => Some(Names::prodigy()),
        "clutch" => Some(Names::clutch()),
        "crew" => Some(Names::crew()),
        "m31a" => Some(Names::m31a()),
        _ => None,
    }
}

fn namespace(name: &str) -> Option<String> {
    is_usable(Names::new(name.to_owned())).then(|| name.to_owned())
}

fn labels(text: &str) -> Option<Vec<(String, String)>> {
    key_values(text).filter(|pairs| is_usable(Names::default().constant_labels(pairs.clone())))
}

fn is_usable(names: Names) -> bool {
    Schema::new(names, LabelPolicies::new()).is_ok()
}

#[cfg(test)]
mod tests {
    use flowspan_model::catalog;

    use super::*;

    fn tokens(naming: Naming, variables: &[(&str, &str)]) -> Result<String, String> {
        let environment = Environment::from_pairs(variables.iter().copied());
        let names = naming.settle(&environment).map_err(|error| error.to_string())?;
        Ok(names.full_name(catalog::metric("llm.tokens").expect("it is in the catalog")))
    }

    #[test]
    fn what_the_program_says_wins_over_the_environment() {
        let variables = [(NAMESPACE, "theirs"), (NAMES, "prodigy")];
        assert_eq!(tokens(Naming::default(), &[]), Ok("flowspan.llm.tokens".into()));
        assert_eq!(tokens(Naming::default(), &variables), Ok("theirs.claude.tokens".into()));
        let mut naming = Naming::default();
        naming.namespace("ours".into());
        assert_eq!(tokens(naming, &variables), Ok("ours.claude.tokens".into()));
        let mut naming = Naming::default();
        naming.names(Names::new("mine"));
        assert_eq!(tokens(naming, &variables), Ok("mine.llm.tokens".into()));
    }

    #[test]
    fn a_bad_variable_is_an_error_that_names_it() {
        for (variable, value) in [(NAMESPACE, "9 lives"), (NAMES, "welsh"), (LABELS, "team"), (LABELS, "9=x")]
        {
            let error = tokens(Naming::default(), &[(variable, value)]).expect_err(value);
            assert!(error.contains(variable) && error.contains(value), "{error}");
        }
    }

    #[test]
    fn a_label_has_the_value_that_the_program_gives_it() {
        let environment = Environment::from_pairs([(LABELS, "team=theirs,env=prod")]);
        let mut naming = Naming::default();
        naming.labels([("team".into(), "ours".into())].into_iter());
        let names = naming.settle(&environment).expect("usable");
        assert!(is_usable(names.clone()), "no label stands twice");
        let shown = format!("{names:?}");
        assert!(shown.contains("ours") && shown.contains("prod") && !shown.contains("theirs"), "{shown}");
    }
}
