//! Where to push, and how.

use std::time::Duration;

use flowspan_runtime::{Environment, Limits, MAX_QUEUE_CAPACITY, SettingError};

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

/// A StatsD server, and how to speak to it.
///
/// What is set here wins over the environment (`FLOWSPAN_STATSD`, `FLOWSPAN_STATSD_DIALECT`), and the
/// environment over the defaults.
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
    plain_labels: PlainLabels,
    dog_histograms: DogHistograms,
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

    /// What becomes of labels in [`Dialect::Plain`]. Default: [`PlainLabels::Fold`].
    pub fn plain_labels(mut self, labels: PlainLabels) -> Self {
        self.plain_labels = labels;
        self
    }

    /// How [`Dialect::DogStatsD`] sends histograms. Default: [`DogHistograms::Histogram`].
    pub fn dog_histograms(mut self, histograms: DogHistograms) -> Self {
        self.dog_histograms = histograms;
        self
    }

    /// Sends this part of the numbers of histograms, chosen by chance, and writes the rate on the lines
    /// (`|@0.1`), so that the server counts the others too. More than 0, at most 1. Default: 1, all of
    /// them.
    pub fn sample_histograms(mut self, rate: f64) -> Self {
        self.histogram_rate = Some(rate);
        self
    }

    /// How many bytes of lines travel together, from [`MIN_DATAGRAM_SIZE`] to [`MAX_DATAGRAM_SIZE`]. A
    /// line that is longer travels alone. Default: [`DEFAULT_DATAGRAM_SIZE`]; 8192 is good for a Unix
    /// socket or the same machine.
    pub fn datagram_size(mut self, bytes: usize) -> Self {
        self.datagram_size = Some(bytes);
        self
    }

    /// How many measurements may wait; what comes beyond that is dropped and counted. At least 1, at
    /// most [`MAX_QUEUE_CAPACITY`]. Default: [`DEFAULT_QUEUE_CAPACITY`].
    pub fn queue_capacity(mut self, measurements: usize) -> Self {
        self.queue_capacity = Some(measurements);
        self
    }

    /// How long a measurement waits for others to travel with, at most. Default: [`DEFAULT_DELAY`].
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
        let dialect = match self.dialect {
            Some(dialect) => Some(dialect),
            None => environment.parse(DIALECT, "plain, dogstatsd or influx", Dialect::from_name)?,
        };
        let form = Form {
            dialect: dialect.unwrap_or_default(),
            plain_labels: self.plain_labels,
            dog_histograms: self.dog_histograms,
            histogram_rate: rate(self.histogram_rate.unwrap_or(1.0))?,
        };
        let datagram_size = within(
            "the datagram size of StatsD",
            self.datagram_size.unwrap_or(DEFAULT_DATAGRAM_SIZE),
            MIN_DATAGRAM_SIZE..=MAX_DATAGRAM_SIZE,
        )?;
        let queue_capacity = within(
            "the queue capacity of StatsD",
            self.queue_capacity.unwrap_or(DEFAULT_QUEUE_CAPACITY),
            1..=MAX_QUEUE_CAPACITY,
        )?;
        let limits = Limits::new()
            .queue_capacity(queue_capacity)
            .batch_size(BATCH)
            .delay(self.delay.unwrap_or(DEFAULT_DELAY));
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

fn rate(rate: f64) -> Result<f64, SettingError> {
    if rate > 0.0 && rate <= 1.0 {
        return Ok(rate);
    }
    let setting = "the sampling rate of StatsD histograms";
    Err(SettingError::new(setting, &rate.to_string(), "more than 0 and at most 1"))
}

fn within(
    setting: &str,
    number: usize,
    range: std::ops::RangeInclusive<usize>,
) -> Result<usize, SettingError> {
    if range.contains(&number) {
        return Ok(number);
    }
    let accepted = format!("from {} to {}", range.start(), range.end());
    Err(SettingError::new(setting, &number.to_string(), accepted))
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
