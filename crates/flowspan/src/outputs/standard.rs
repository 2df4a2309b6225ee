//! The ways out that the environment asks for.

use flowspan_runtime::{Environment, SettingError};

use super::Output;
use crate::BuildError;

const TRACES: &str = "OTEL_TRACES_EXPORTER";
const METRICS: &str = "OTEL_METRICS_EXPORTER";
const LOGS: &str = "OTEL_LOGS_EXPORTER";
const STATSD: &str = "FLOWSPAN_STATSD";

/// What the three variables name. Each holds a list; the default of the specification is `otlp`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Standard {
    /// Whether OTLP carries traces, metrics and logs.
    otlp: [bool; 3],
    prometheus: bool,
    /// Whether a StatsD server is named.
    statsd: bool,
    /// Whether the run is to be drawn on the terminal.
    pub(crate) console_tree: bool,
}

/// The outputs that the variables ask for, and whether they want the console.
///
/// # Errors
///
/// A name is not known, or needs a cargo feature that is off.
pub(crate) fn from_environment(
    environment: &Environment,
) -> Result<(Vec<Box<dyn Output>>, Standard), BuildError> {
    let standard = Standard::read(environment)?;
    Ok((standard.outputs()?, standard))
}

impl Standard {
    fn read(environment: &Environment) -> Result<Self, SettingError> {
        let mut standard = Standard { statsd: environment.get(STATSD).is_some(), ..Standard::default() };
        for (index, (variable, accepted)) in [
            (TRACES, "a list of otlp and console, or none"),
            (METRICS, "a list of otlp and prometheus, or none"),
            (LOGS, "a list of otlp and console, or none"),
        ]
        .into_iter()
        .enumerate()
        {
            let names = environment.get(variable).unwrap_or("otlp");
            for name in names.split(',').map(str::trim) {
                match (name, variable) {
                    ("otlp", _) => standard.otlp[index] = true,
                    ("prometheus", METRICS) => standard.prometheus = true,
                    ("console", TRACES) => standard.console_tree = true,
                    // Log lines are on the console anyway.
                    ("console", LOGS) | ("none", _) => {}
                    _ => return Err(SettingError::new(variable, names, accepted)),
                }
            }
        }
        Ok(standard)
    }

    fn outputs(&self) -> Result<Vec<Box<dyn Output>>, BuildError> {
        let mut outputs = Vec::new();
        if self.otlp.contains(&true) {
            outputs.push(features::otlp(self.otlp)?);
        }
        if self.prometheus {
            outputs.push(features::prometheus()?);
        }
        if self.statsd {
            outputs.push(features::statsd()?);
        }
        Ok(outputs)
    }
}

/// What each leaf contributes, with and without its feature.
mod features {
    use super::{BuildError, Output};

    #[cfg(feature = "otlp")]
    pub(super) fn otlp(signals: [bool; 3]) -> Result<Box<dyn Output>, BuildError> {
        use flowspan_otlp::{Otlp, Signal};
        let unwanted = [Signal::Traces, Signal::Metrics, Signal::Logs]
            .into_iter()
            .zip(signals)
            .filter_map(|(signal, wanted)| (!wanted).then_some(signal));
        Ok(Box::new(unwanted.fold(Otlp::from_env(), Otlp::without)))
    }

    #[cfg(not(feature = "otlp"))]
    pub(super) fn otlp(_: [bool; 3]) -> Result<Box<dyn Output>, BuildError> {
        Err(BuildError::FeatureMissing { variable: super::TRACES, exporter: "otlp", feature: "otlp" })
    }

    #[cfg(feature = "prometheus")]
    pub(super) fn prometheus() -> Result<Box<dyn Output>, BuildError> {
        Ok(Box::new(flowspan_prometheus::Prometheus::from_env()))
    }

    #[cfg(not(feature = "prometheus"))]
    pub(super) fn prometheus() -> Result<Box<dyn Output>, BuildError> {
        Err(BuildError::FeatureMissing {
            variable: super::METRICS,
            exporter: "prometheus",
            feature: "prometheus",
        })
    }

    #[cfg(feature = "statsd")]
    pub(super) fn statsd() -> Result<Box<dyn Output>, BuildError> {
        Ok(Box::new(flowspan_statsd::Statsd::from_env()))
    }

    #[cfg(not(feature = "statsd"))]
    pub(super) fn statsd() -> Result<Box<dyn Output>, BuildError> {
        Err(BuildError::FeatureMissing { variable: super::STATSD, exporter: "statsd", feature: "statsd" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Standard, String> {
        Standard::read(&Environment::from_pairs(pairs.iter().copied())).map_err(|error| error.to_string())
    }

    #[test]
    fn everything_goes_over_otlp_unless_somebody_says_otherwise() {
        assert_eq!(read(&[]).unwrap().otlp, [true; 3]);
        let chosen = read(&[(TRACES, "console, otlp"), (METRICS, "prometheus"), (LOGS, "none")]).unwrap();
        assert_eq!(
            chosen,
            Standard {
                otlp: [true, false, false],
                prometheus: true,
                console_tree: true,
                ..Standard::default()
            }
        );
    }

    #[test]
    fn an_unknown_exporter_is_an_error() {
        for variable in [TRACES, METRICS, LOGS] {
            let error = read(&[(variable, "zipkin")]).unwrap_err();
            assert!(error.contains(variable) && error.contains("zipkin"), "{error}");
        }
        assert!(read(&[(TRACES, "prometheus")]).is_err(), "Prometheus takes no traces");
    }
}
