//! The first StatsD server, for the plain dialect.

use std::{collections::BTreeMap, fs};

use rustix::process::Signal;
use serde::Deserialize;
use serde_json::json;

use crate::{
    Part, StackError,
    home::Home,
    http::decode,
    life::life,
    locate,
    ports::{self, address},
    process::{Launch, Process},
};

/// Writes down what the server has added up, each time that it would tell its
/// backends and forget.
const BACKEND: &str = include_str!("../../configs/statsd-totals.js");
const TOTALS: &str = "totals.jsonl";

/// A StatsD server that runs until it is dropped, and its totals with it.
#[derive(Debug)]
pub struct Statsd {
    process: Process,
    port: u16,
}

life!(Statsd);

/// What a StatsD server has added up since its start.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StatsdTotals {
    /// Sums of counters. The server's own are among them, such as
    /// `statsd.bad_lines_seen`.
    pub counters: BTreeMap<String, f64>,
    /// Where gauges stand.
    pub gauges: BTreeMap<String, f64>,
    /// The numbers of timers that arrived, sampled or not.
    pub timers: BTreeMap<String, Vec<f64>>,
    /// How many numbers the server makes of those, by their sampling rates.
    pub timer_counts: BTreeMap<String, f64>,
}

/// One flush of the server.
#[derive(Deserialize)]
struct Flush {
    counters: BTreeMap<String, f64>,
    gauges: BTreeMap<String, f64>,
    timers: BTreeMap<String, Vec<f64>>,
    timer_counters: BTreeMap<String, f64>,
}

impl Statsd {
    /// Starts a server on a free UDP port.
    ///
    /// # Errors
    ///
    /// [`StackError`] when it is absent or does not become ready; the end of
    /// its log is in the error.
    pub fn start() -> Result<Self, StackError> {
        let program = locate(Part::Statsd)?;
        let home = Home::new(Part::Statsd)?;
        let (port, management) = (ports::free()?, ports::free()?);
        let backend = home.write("totals.js", BACKEND)?;
        let totals = home.join(TOTALS);
        let config = json!({
            "address": "127.0.0.1",
            "port": port,
            "mgmt_address": "127.0.0.1",
            "mgmt_port": management,
            "flushInterval": 200,
            "backends": [backend],
            "totals": totals,
        });
        let config = home.write("config.js", &config.to_string())?;
        let launch = Launch {
            part: Part::Statsd,
            program,
            arguments: vec![config.into()],
            environment: Vec::new(),
            user: None,
            stop_signal: Signal::TERM,
            // It flushes only once it listens.
            ready: Box::new(move || fs::metadata(&totals).is_ok_and(|file| file.len() > 0)),
        };
        Ok(Self { process: Process::start(launch, home)?, port })
    }

    /// Where lines are taken over UDP, as `host:port`.
    #[must_use]
    pub fn address(&self) -> String {
        address(self.port)
    }

    /// What the server has added up.
    ///
    /// # Errors
    ///
    /// [`StackError`] when it cannot be read.
    pub fn totals(&self) -> Result<StatsdTotals, StackError> {
        let path = self.process.home().join(TOTALS);
        let text = fs::read_to_string(&path).map_err(StackError::file("read", &path))?;
        let mut totals = StatsdTotals::default();
        // The last line may not be whole yet.
        for line in text.split_inclusive('\n').filter(|line| line.ends_with('\n')) {
            let flush: Flush = decode(&path.display().to_string(), line)?;
            for (name, value) in flush.counters {
                *totals.counters.entry(name).or_default() += value;
            }
            for (name, values) in flush.timers {
                totals.timers.entry(name).or_default().extend(values);
            }
            for (name, count) in flush.timer_counters {
                *totals.timer_counts.entry(name).or_default() += count;
            }
            totals.gauges = flush.gauges;
        }
        Ok(totals)
    }
}
