//! The ways out that variables and the configuration file ask for, besides those of the program.

use flowspan_runtime::{Environment, SettingError, boolean};

use super::Output;
use crate::{BuildError, config_file::keys};

const TRACES: &str = "OTEL_TRACES_EXPORTER";
const METRICS: &str = "OTEL_METRICS_EXPORTER";
const LOGS: &str = "OTEL_LOGS_EXPORTER";

/// A way out that can be asked for by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Otlp,
    Prometheus,
    Postgres,
    Statsd,
    Session,
    Events,
}

/// How much of the choice a program leaves to the environment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Choice {
    /// The three variables of the specification choose.
    pub(crate) standard: bool,
    /// Whoever names a server or a file by its variable wants to use it.
    pub(crate) by_name: bool,
    /// Those that are there unless somebody switches them off.
    pub(crate) by_default: Vec<Way>,
}

/// What was chosen.
pub(crate) struct Chosen {
    pub(crate) outputs: Vec<Box<dyn Output>>,
    /// Whether the run is to be drawn on the terminal.
    pub(crate) console_tree: bool,
}

/// The outputs that are asked for and not `given` by the program already.
///
/// # Errors
///
/// A variable cannot be used, or a way out needs a cargo feature that is off.
pub(crate) fn choose(
    choice: &Choice,
    given: &[Way],
    environment: &Environment,
) -> Result<Chosen, BuildError> {
    let standard = if choice.standard { Standard::read(environment)? } else { Standard::default() };
    let [traces, metrics, _] = standard.exporters;
    let mut outputs = Vec::new();
    for way in Way::ALL.into_iter().filter(|way| !given.contains(way)) {
        let asked = way.asked_by(choice, environment)?;
        let signals = standard.exporters.map(|named| named.map_or(asked.is_some(), |named| named.otlp));
        let asked = match (way, metrics) {
            (Way::Otlp, _) => signals.contains(&true).then_some(asked.unwrap_or(TRACES)),
            (Way::Prometheus, Some(named)) => named.prometheus.then_some(METRICS),
            _ => asked,
        };
        if let Some(variable) = asked {
            let (exporter, feature) = (way.feature(), way.feature());
            let missing = BuildError::FeatureMissing { variable, exporter, feature };
            outputs.push(make(way, signals, environment)?.ok_or(missing)?);
        }
    }
    Ok(Chosen { outputs, console_tree: traces.is_some_and(|named| named.console) })
}

/// The output, unless its cargo feature is off. Its settings are those of the environment.
fn make(
    way: Way,
    signals: [bool; 3],
    environment: &Environment,
) -> Result<Option<Box<dyn Output>>, SettingError> {
    // What is used depends on the features.
    let _ = (way, signals, environment);
    #[cfg(feature = "otlp")]
    if way == Way::Otlp {
        use flowspan_otlp::{Otlp, Signal};
        let unwanted = Signal::ALL.into_iter().zip(signals).filter(|(_, wanted)| !wanted);
        let otlp = unwanted.fold(Otlp::from_env(), |otlp, (signal, _)| otlp.without(signal));
        return Ok(Some(Box::new(otlp)));
    }
    #[cfg(feature = "prometheus")]
    if way == Way::Prometheus {
        return Ok(Some(Box::new(flowspan_prometheus::Prometheus::from_env())));
    }
    #[cfg(feature = "postgres")]
    if way == Way::Postgres {
        return Ok(Some(Box::new(flowspan_postgres::Postgres::from_env())));
    }
    #[cfg(feature = "statsd")]
    if way == Way::Statsd {
        return Ok(Some(Box::new(flowspan_statsd::Statsd::from_env())));
    }
    #[cfg(feature = "session")]
    if way == Way::Session {
        use flowspan_session::{FILE_VARIABLE, SessionFile};
        // By itself it would be content without a file.
        let file = environment.get(FILE_VARIABLE);
        file.ok_or_else(|| SettingError::missing(FILE_VARIABLE, "the path of a file"))?;
        return Ok(Some(Box::new(SessionFile::from_env())));
    }
    #[cfg(feature = "jsonl")]
    if way == Way::Events {
        return Ok(Some(Box::new(flowspan_jsonl::Jsonl::from_env())));
    }
    Ok(None)
}

impl Way {
    const ALL: [Way; 6] = [Way::Otlp, Way::Prometheus, Way::Postgres, Way::Statsd, Way::Session, Way::Events];

    /// Its section in the configuration file.
    const fn section(self) -> &'static str {
        match self {
            Way::Otlp => "otlp",
            Way::Prometheus => "metrics",
            Way::Postgres => "metrics.postgres",
            Way::Statsd => "statsd",
            Way::Session => "session",
            Way::Events => "events",
        }
    }

    /// The cargo feature that brings it.
    const fn feature(self) -> &'static str {
        match self {
            Way::Otlp => "otlp",
            Way::Prometheus => "prometheus",
            Way::Postgres => "postgres",
            Way::Statsd => "statsd",
            Way::Session => "session",
            Way::Events => "jsonl",
        }
    }

    /// The variable that switches it on and off.
    pub(crate) const fn switch(self) -> &'static str {
        match self {
            Way::Otlp => "FLOWSPAN_OTLP_ENABLED",
            Way::Prometheus => "FLOWSPAN_METRICS_ENABLED",
            Way::Postgres => "FLOWSPAN_POSTGRES_ENABLED",
            Way::Statsd => "FLOWSPAN_STATSD_ENABLED",
            Way::Session => "FLOWSPAN_SESSION_ENABLED",
            Way::Events => "FLOWSPAN_EVENTS_ENABLED",
        }
    }

    /// The variables that say where it leads to.
    const fn places(self) -> &'static [&'static str] {
        match self {
            Way::Otlp => &[
                "OTEL_EXPORTER_OTLP_ENDPOINT",
                "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
                "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
                "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
            ],
            Way::Prometheus => &[],
            Way::Postgres => &["FLOWSPAN_POSTGRES_URL"],
            Way::Statsd => &["FLOWSPAN_STATSD"],
            Way::Session => &["FLOWSPAN_SESSION_FILE"],
            Way::Events => &["FLOWSPAN_EVENTS_FILE"],
        }
    }

    /// Who asks for it, if anybody does: the variables first, then the file, then the default.
    fn asked_by(
        self,
        choice: &Choice,
        environment: &Environment,
    ) -> Result<Option<&'static str>, SettingError> {
        let switch = environment.parse(self.switch(), "`true` or `false`", boolean)?;
        if let (Some(on), Some(_)) = (switch, environment.variable(self.switch())) {
            return Ok(on.then_some(self.switch()));
        }
        let named = self.places().iter().find(|place| environment.variable(place).is_some());
        if let (true, Some(place)) = (choice.by_name, named) {
            return Ok(Some(place));
        }
        let is_in_file =
            || keys::of_section(self.section()).any(|key| environment.of_file(key.variable).is_some());
        if switch.unwrap_or_else(is_in_file) {
            return Ok(Some(self.section()));
        }
        let is_default = switch.is_none() && choice.by_default.contains(&self);
        Ok(is_default.then_some(self.section()))
    }
}

/// What the three variables of the specification say: of traces, metrics and logs.
#[derive(Debug, Default, PartialEq, Eq)]
struct Standard {
    exporters: [Option<Exporters>; 3],
}

/// What one of them names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Exporters {
    otlp: bool,
    prometheus: bool,
    console: bool,
}

impl Standard {
    fn read(environment: &Environment) -> Result<Self, SettingError> {
        let read = |variable, accepted| {
            environment.parse(variable, accepted, |names| Exporters::parse(variable, names))
        };
        Ok(Standard {
            exporters: [
                read(TRACES, "a list of otlp and console, or none")?,
                read(METRICS, "a list of otlp and prometheus, or none")?,
                read(LOGS, "a list of otlp and console, or none")?,
            ],
        })
    }
}

impl Exporters {
    fn parse(variable: &str, names: &str) -> Option<Self> {
        let mut exporters = Exporters::default();
        for name in names.split(',').map(str::trim) {
            match (name, variable) {
                ("otlp", _) => exporters.otlp = true,
                ("prometheus", METRICS) => exporters.prometheus = true,
                // Log lines are on the console anyway.
                ("console", TRACES | LOGS) => exporters.console = true,
                ("none", _) => {}
                _ => return None,
            }
        }
        Some(exporters)
    }
}

#[cfg(test)]
mod tests {
    use flowspan_runtime::FileSetting;

    use super::*;

    const FROM_ENV: fn() -> Choice = || Choice { standard: true, by_name: true, by_default: vec![Way::Otlp] };

    fn environment(variables: &[(&str, &str)], file: &[(&str, &str)]) -> Environment {
        let beneath = file.iter().map(|(path, value)| {
            let key = keys::key(path).expect("it is a key");
            let setting = FileSetting { called: (*path).to_owned(), value: Some((*value).to_owned()) };
            (key.variable, setting)
        });
        Environment::from_pairs(variables.iter().copied()).above(beneath)
    }

    fn asked(choice: &Choice, variables: &[(&str, &str)], file: &[(&str, &str)]) -> Vec<Way> {
        let environment = environment(variables, file);
        let asks = |way: &Way| way.asked_by(choice, &environment).expect("usable").is_some();
        Way::ALL.into_iter().filter(asks).collect()
    }

    #[test]
    fn a_section_is_on_unless_it_says_otherwise() {
        let none = Choice::default();
        assert!(asked(&none, &[], &[]).is_empty());
        assert_eq!(asked(&none, &[], &[("metrics.port", "0")]), [Way::Prometheus]);
        assert_eq!(asked(&none, &[], &[("metrics.postgres.batch_size", "5")]), [Way::Postgres]);
        assert_eq!(asked(&none, &[], &[("statsd.enabled", "true")]), [Way::Statsd]);
        let off = [("metrics.port", "0"), ("metrics.enabled", "false"), ("events.file", "x")];
        assert_eq!(asked(&none, &[], &off), [Way::Events]);
    }

    #[test]
    fn a_variable_wins_over_the_file_and_the_file_over_the_default() {
        let by_default = Choice { by_default: vec![Way::Prometheus], ..Choice::default() };
        assert_eq!(asked(&by_default, &[], &[]), [Way::Prometheus]);
        let off = [("metrics.enabled", "false")];
        assert!(asked(&by_default, &[], &off).is_empty());
        assert_eq!(asked(&by_default, &[(Way::Prometheus.switch(), "true")], &off), [Way::Prometheus]);
        let on = [("statsd.enabled", "true")];
        assert!(asked(&Choice::default(), &[(Way::Statsd.switch(), "false")], &on).is_empty());
    }

    #[test]
    fn a_variable_that_names_a_place_counts_only_for_those_who_leave_the_choice_to_it() {
        let variables =
            [("FLOWSPAN_STATSD", "agent:8125"), ("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "http://a:1")];
        assert!(asked(&Choice::default(), &variables, &[]).is_empty());
        let by_name = Choice { by_name: true, ..Choice::default() };
        assert_eq!(asked(&by_name, &variables, &[]), [Way::Otlp, Way::Statsd]);
        let off = [("statsd.enabled", "false")];
        assert_eq!(asked(&by_name, &variables, &off), [Way::Otlp, Way::Statsd], "it wins over the file");
        assert!(asked(&Choice::default(), &variables, &off).is_empty());
    }

    #[test]
    fn what_the_program_has_is_not_added_again() {
        let environment = environment(&[], &[("metrics.port", "0")]);
        let count =
            |given: &[Way]| choose(&Choice::default(), given, &environment).expect("usable").outputs.len();
        assert_eq!((count(&[]), count(&[Way::Prometheus])), (1, 0));
    }

    fn exporters(variables: &[(&str, &str)]) -> Result<Standard, String> {
        Standard::read(&environment(variables, &[])).map_err(|error| error.to_string())
    }

    #[test]
    fn everything_goes_over_otlp_unless_somebody_says_otherwise() {
        assert_eq!(exporters(&[]), Ok(Standard::default()));
        assert_eq!(asked(&FROM_ENV(), &[], &[]), [Way::Otlp]);
        assert!(asked(&FROM_ENV(), &[], &[("otlp.enabled", "false")]).is_empty());
        let chosen = exporters(&[(TRACES, "console, otlp"), (METRICS, "prometheus"), (LOGS, "none")]);
        let nothing = Exporters::default();
        let expected = [
            Exporters { otlp: true, console: true, ..nothing },
            Exporters { prometheus: true, ..nothing },
            nothing,
        ];
        assert_eq!(chosen, Ok(Standard { exporters: expected.map(Some) }));
        let count = |variables: &[(&str, &str)]| {
            choose(&FROM_ENV(), &[], &environment(variables, &[])).expect("usable").outputs.len()
        };
        assert_eq!(count(&[(METRICS, "prometheus")]), 2);
        assert_eq!(count(&[(TRACES, "none"), (METRICS, "none"), (LOGS, "none")]), 0);
    }

    #[test]
    fn an_unknown_exporter_is_an_error() {
        for variable in [TRACES, METRICS, LOGS] {
            let error = exporters(&[(variable, "zipkin")]).expect_err("it is none");
            assert!(error.contains(variable) && error.contains("zipkin"), "{error}");
        }
        assert!(exporters(&[(TRACES, "prometheus")]).is_err(), "Prometheus takes no traces");
    }
}
