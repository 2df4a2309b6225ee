//! Where to push, and how.

use std::time::Duration;

use flowspan_runtime::{Environment, Limits, MAX_QUEUE_CAPACITY, SettingError, milliseconds};

use crate::{
    dialect::{Dialect, DogHistograms, Form, PlainLabels},
    target::Target,
};

/// Where the server is unless code or environment say otherwise: the port that StatsD has everywhere.
pub const DEFAULT_TARGET: &str = "localhost:8125";
/// How long a datagram is by default, in bytes: what an Ethernet frame carries undivided, with a reserve
/// for tunnels.
pub const DEFAULT_DATAGRAM_SIZE: usize = 1_432;
/// The smallest size of a datagram, in bytes.
pub const MIN_DATAGRAM_SIZE: usize = 64;
/// The largest size of a datagram, in bytes: what UDP can carry over IPv4.
pub const MAX_DATAGRAM_SIZE: usize = 65_507;
/// How many measurements wait by default, at most.
pub const DEFAULT_QUEUE_CAPACITY: usize = 8_192;
/// How long a measurement waits by default for others to travel with.
pub const DEFAULT_DELAY: Duration = Duration::from_secs(1);

/// How many measurements are sent in one go.
const BATCH: usize = 1_024;

const SERVER: &str = "FLOWSPAN_STATSD";
const DIALECT: &str = "FLOWSPAN_STATSD_DIALECT";
const LABELS: &str = "FLOWSPAN_STATSD_LABELS";
const HISTOGRAMS: &str = "FLOWSPAN_STATSD_HISTOGRAMS";
const SAMPLE_HISTOGRAMS: &str = "FLOWSPAN_STATSD_SAMPLE_HISTOGRAMS";
const DATAGRAM_SIZE: &str = "FLOWSPAN_STATSD_DATAGRAM_SIZE";
const QUEUE_CAPACITY: &str = "FLOWSPAN_STATSD_QUEUE_CAPACITY";
const DELAY: &str = "FLOWSPAN_STATSD_DELAY";

/// A StatsD server, and how to speak to it.
///
/// What is set here wins over the environment (`FLOWSPAN_STATSD`, `FLOWSPAN_STATSD_DIALECT` and their
/// sisters), and the environment over the defaults.
///
/// ```
/// use flowspan_statsd::{Dialect, Statsd};
///
/// let here = Statsd::to("localhost:8125");
/// let the_agent = Statsd::to("/var/run/datadog/dsd.socket").dialect(Dialect::DogStatsD);
/// let wherever_the_environment_says = Statsd::from_env().sample_histograms(0.1);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use]
pub struct Statsd {
    server: Option<String>,
    dialect: Option<Dialect>,
    plain_labels: Option<PlainLabels>,
    dog_histograms: Option<DogHistograms>,
    histogram_rate: Option<f64>,
    datagram_size: Option<usize>,
    queue_capacity: Option<usize>,
    delay: Option<Duration>,
}

impl Statsd {
    /// Pushes to this server: `host:port` or `udp://host:port`, an IPv6 address in brackets; or the
    /// absolute path of a Unix datagram socket, with or without `unix://` in front.
    ///
    /// A host name is looked up on flowspan's thread, and again when it may have moved. The server need
    /// not be there yet.
    pub fn to(server: impl Into<String>) -> Self {
        Statsd { server: Some(server.into()), ..Statsd::default() }
    }

    /// Pushes where the environment says, by default to [`DEFAULT_TARGET`].
    pub fn from_env() -> Self {
        Statsd::default()
    }

    /// How lines are written. Default: `FLOWSPAN_STATSD_DIALECT`, then [`Dialect::Plain`].
    pub fn dialect(mut self, dialect: Dialect) -> Self {
        self.dialect = Some(dialect);
        self
    }

    /// What becomes of labels in [`Dialect::Plain`]. Default: `FLOWSPAN_STATSD_LABELS`, then
    /// [`PlainLabels::Fold`].
    pub fn plain_labels(mut self, labels: PlainLabels) -> Self {
        self.plain_labels = Some(labels);
        self
    }

    /// How [`Dialect::DogStatsD`] sends histograms. Default: `FLOWSPAN_STATSD_HISTOGRAMS`, then
    /// [`DogHistograms::Histogram`].
    pub fn dog_histograms(mut self, histograms: DogHistograms) -> Self {
        self.dog_histograms = Some(histograms);
        self
    }

    /// Sends this part of the numbers of histograms, chosen by chance, and writes the rate on the lines
    /// (`|@0.1`), so that the server counts the others too. More than 0, at most 1. Default:
    /// `FLOWSPAN_STATSD_SAMPLE_HISTOGRAMS`, then 1, all of them.
    pub fn sample_histograms(mut self, rate: f64) -> Self {
        self.histogram_rate = Some(rate);
        self
    }

    /// How many bytes of lines travel together, from [`MIN_DATAGRAM_SIZE`] to [`MAX_DATAGRAM_SIZE`]. A
    /// line that is longer travels alone. Default: `FLOWSPAN_STATSD_DATAGRAM_SIZE`, then
    /// [`DEFAULT_DATAGRAM_SIZE`]; 8192 is good for a Unix
    /// socket or the same machine.
    pub fn datagram_size(mut self, bytes: usize) -> Self {
        self.datagram_size = Some(bytes);
        self
    }

    /// How many measurements may wait; what comes beyond that is dropped and counted. At least 1, at
    /// most [`MAX_QUEUE_CAPACITY`]. Default: `FLOWSPAN_STATSD_QUEUE_CAPACITY`, then
    /// [`DEFAULT_QUEUE_CAPACITY`].
    pub fn queue_capacity(mut self, measurements: usize) -> Self {
        self.queue_capacity = Some(measurements);
        self
    }

    /// How long a measurement waits for others to travel with, at most. Default: `FLOWSPAN_STATSD_DELAY`,
    /// then [`DEFAULT_DELAY`].
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = Some(delay);
        self
    }

    /// Settles every setting.
    ///
    /// # Errors
    ///
    /// A setting, or a variable that is needed, has a value that cannot be used.
    pub fn resolve(&self, environment: &Environment) -> Result<ResolvedStatsd, SettingError> {
        let target = match (&self.server, environment.get(SERVER)) {
            (Some(server), _) => Target::parse("the StatsD server", server)?,
            (None, Some(server)) => Target::parse(SERVER, server)?,
            (None, None) => Target::parse("the StatsD server", DEFAULT_TARGET)?,
        };
        let dialect =
            said_or(self.dialect, environment, DIALECT, "plain, dogstatsd or influx", Dialect::from_name)?;
        let plain_labels =
            said_or(self.plain_labels, environment, LABELS, "fold or drop", PlainLabels::from_name)?;
        let dog_histograms = said_or(
            self.dog_histograms,
            environment,
            HISTOGRAMS,
            "histogram or distribution",
            DogHistograms::from_name,
        )?;
        let of_variable = |value: &str| value.parse().ok().filter(|rate| is_rate(*rate));
        let histogram_rate =
            said_or(self.histogram_rate, environment, SAMPLE_HISTOGRAMS, ACCEPTED_RATE, of_variable)?
                .unwrap_or(1.0);
        if !is_rate(histogram_rate) {
            let setting = "the sampling rate of StatsD histograms";
            return Err(SettingError::new(setting, &histogram_rate.to_string(), ACCEPTED_RATE));
        }
        let form = Form {
            dialect: dialect.unwrap_or_default(),
            plain_labels: plain_labels.unwrap_or_default(),
            dog_histograms: dog_histograms.unwrap_or_default(),
            histogram_rate,
        };
        let datagram_size = within(
            "the datagram size of StatsD",
            self.datagram_size,
            environment,
            DATAGRAM_SIZE,
            MIN_DATAGRAM_SIZE..=MAX_DATAGRAM_SIZE,
        )?;
        let queue_capacity = within(
            "the queue capacity of StatsD",
            self.queue_capacity,
            environment,
            QUEUE_CAPACITY,
            1..=MAX_QUEUE_CAPACITY,
        )?;
        let delay = said_or(
            self.delay,
            environment,
            DELAY,
            "a whole number of milliseconds, at least 1",
            milliseconds,
        )?;
        let limits = Limits::new()
            .queue_capacity(queue_capacity.unwrap_or(DEFAULT_QUEUE_CAPACITY))
            .batch_size(BATCH)
            .delay(delay.unwrap_or(DEFAULT_DELAY));
        let datagram_size = datagram_size.unwrap_or(DEFAULT_DATAGRAM_SIZE);
        Ok(ResolvedStatsd { target, form, datagram_size, limits })
    }
}

/// Settings that can be used. See [`Statsd::resolve`].
#[derive(Clone, Debug, PartialEq)]
pub struct ResolvedStatsd {
    pub(crate) target: Target,
    pub(crate) form: Form,
    pub(crate) datagram_size: usize,
    pub(crate) limits: Limits,
}

impl ResolvedStatsd {
    /// The server, as `host:port` or as a path.
    pub fn server(&self) -> String {
        self.target.to_string()
    }

    /// How lines are written.
    pub fn dialect(&self) -> Dialect {
        self.form.dialect
    }
}

const ACCEPTED_RATE: &str = "more than 0 and at most 1";

fn is_rate(rate: f64) -> bool {
    rate > 0.0 && rate <= 1.0
}

/// What the program says, otherwise the variable.
fn said_or<T>(
    said: Option<T>,
    environment: &Environment,
    variable: &str,
    accepted: &str,
    understand: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, SettingError> {
    match said {
        Some(said) => Ok(Some(said)),
        None => environment.parse(variable, accepted, understand),
    }
}

/// A number of this range that the program says, otherwise the variable.
fn within(
    setting: &str,
    said: Option<usize>,
    environment: &Environment,
    variable: &str,
    range: std::ops::RangeInclusive<usize>,
) -> Result<Option<usize>, SettingError> {
    let accepted = format!("from {} to {}", range.start(), range.end());
    match said {
        Some(number) if !range.contains(&number) => {
            Err(SettingError::new(setting, &number.to_string(), accepted))
        }
        said => said_or(said, environment, variable, &accepted, |value| {
            value.parse().ok().filter(|number| range.contains(number))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(statsd: &Statsd, variables: &[(&str, &str)]) -> Result<ResolvedStatsd, String> {
        statsd.resolve(&Environment::from_pairs(variables.iter().copied())).map_err(|error| error.to_string())
    }

    #[test]
    fn the_default_is_plain_statsd_on_port_8125_of_this_machine() {
        let statsd = resolved(&Statsd::from_env(), &[]).expect("the defaults are good");
        assert_eq!(statsd.server(), "localhost:8125");
        assert_eq!(statsd.dialect(), Dialect::Plain);
        assert_eq!(statsd.datagram_size, 1432);
        assert_eq!(statsd.limits.queue_capacity, 8192);
        assert_eq!(statsd.limits.delay, Duration::from_secs(1));
        assert_eq!(statsd.form.histogram_rate, 1.0);
    }

    #[test]
    fn the_environment_wins_over_the_default_and_code_over_both() {
        let variables = [(SERVER, "agent:9"), (DIALECT, "DogStatsD")];
        let from_env = resolved(&Statsd::from_env(), &variables).expect("good");
        assert_eq!((from_env.server().as_str(), from_env.dialect()), ("agent:9", Dialect::DogStatsD));

        let nonsense = [(SERVER, "nowhere"), (DIALECT, "welsh")];
        let code = Statsd::to("here:1").dialect(Dialect::Influx);
        let code = resolved(&code, &nonsense).expect("good");
        assert_eq!((code.server().as_str(), code.dialect()), ("here:1", Dialect::Influx));
    }

    #[test]
    fn a_bad_value_names_the_variable_the_value_and_the_accepted_form() {
        let error = resolved(&Statsd::from_env(), &[(SERVER, "nowhere")]).expect_err("no port");
        assert!(error.starts_with("FLOWSPAN_STATSD is \"nowhere\", but must be host:port"), "{error}");
        assert_eq!(
            resolved(&Statsd::from_env(), &[(DIALECT, "welsh")]),
            Err(format!("{DIALECT} is \"welsh\", but must be plain, dogstatsd or influx"))
        );
    }

    #[test]
    fn every_setting_has_its_variable_and_bad_ones_are_errors_that_name_it() {
        let variables = [
            (LABELS, "drop"),
            (HISTOGRAMS, "distribution"),
            (SAMPLE_HISTOGRAMS, "0.5"),
            (DATAGRAM_SIZE, "512"),
            (QUEUE_CAPACITY, "9"),
            (DELAY, "250"),
        ];
        let statsd = resolved(&Statsd::from_env(), &variables).expect("good");
        assert_eq!(statsd.form.plain_labels, PlainLabels::Drop);
        assert_eq!(statsd.form.dog_histograms, DogHistograms::Distribution);
        assert_eq!((statsd.form.histogram_rate, statsd.datagram_size), (0.5, 512));
        assert_eq!(statsd.limits.queue_capacity, 9);
        assert_eq!(statsd.limits.delay, Duration::from_millis(250));
        for (variable, value) in [
            (LABELS, "keep"),
            (HISTOGRAMS, "sum"),
            (SAMPLE_HISTOGRAMS, "2"),
            (DATAGRAM_SIZE, "63"),
            (DELAY, "0"),
        ] {
            let error = resolved(&Statsd::from_env(), &[(variable, value)]).expect_err(variable);
            assert!(error.starts_with(variable) && error.contains(value), "{error}");
        }
    }

    #[test]
    fn numbers_out_of_range_are_errors() {
        for rate in [0.0, -0.5, 1.5, f64::NAN, f64::INFINITY] {
            assert!(resolved(&Statsd::to("a:1").sample_histograms(rate), &[]).is_err(), "{rate}");
        }
        for size in [0, 63, 65_508] {
            let error = resolved(&Statsd::to("a:1").datagram_size(size), &[]).expect_err("out of range");
            assert!(error.ends_with("but must be from 64 to 65507"), "{error}");
        }
        assert!(resolved(&Statsd::to("a:1").queue_capacity(0), &[]).is_err());
        assert!(resolved(&Statsd::to("a:1").sample_histograms(1e-9).datagram_size(64), &[]).is_ok());
    }
}
