//! A program that measures, and keeps its own books.

use std::{collections::HashMap, sync::Arc, time::Duration};

use flowspan_model::{Measurement, MetricSink, Series, catalog::Instrument};
use flowspan_runtime::{Account, Environment, Health, Reporter, Worker};
use flowspan_statsd::{Statsd, StatsdSink};

/// Long, because a test machine may be busy with compilers.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A sink that runs, with all that it needs.
pub(crate) struct Program {
    pub(crate) sink: StatsdSink,
    pub(crate) health: Health,
    lines: u64,
    books: HashMap<Arc<Series>, Entry>,
    pub(crate) worker: Worker,
}

/// What was told to one series.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Entry {
    pub(crate) count: u64,
    pub(crate) sum: f64,
    pub(crate) last: f64,
}

impl Program {
    pub(crate) fn new(statsd: &Statsd) -> Self {
        // Nothing is sent before a batch is full or somebody asks.
        let statsd = statsd
            .clone()
            .delay(Duration::from_secs(3600))
            .resolve(&Environment::empty())
            .expect("the settings are good");
        let worker = Worker::start().expect("a thread");
        let health = Health::new(Reporter::silent());
        let sink = StatsdSink::start(statsd, &worker.handle(), &health);
        Program { sink, health, lines: 0, books: HashMap::new(), worker }
    }

    pub(crate) fn measure(&mut self, series: &Arc<Series>, value: f64) {
        self.sink.measurement(&Measurement::new(Arc::clone(series), value));
        let entry = self.books.entry(Arc::clone(series)).or_default();
        entry.count += 1;
        entry.sum += value;
        entry.last = value;
        let level = match series.instrument() {
            Instrument::UpDownCounter => entry.sum,
            Instrument::Gauge => value,
            _ => 0.0,
        };
        // Below zero it takes two lines to set a level.
        self.lines += if level < 0.0 { 2 } else { 1 };
    }

    pub(crate) fn books(&self) -> impl Iterator<Item = (&Series, Entry)> {
        self.books.iter().map(|(series, entry)| (&**series, *entry))
    }

    /// How many lines that makes, without sampling.
    pub(crate) fn lines(&self) -> u64 {
        self.lines
    }

    /// The account, which balances.
    pub(crate) fn account(&self) -> Account {
        let account = self.sink.account();
        assert!(account.is_balanced(), "{account}");
        account
    }
}

pub(crate) fn series(name: &str, instrument: Instrument, unit: &str, labels: &[(&str, &str)]) -> Arc<Series> {
    let labels = labels.iter().map(|(key, value)| ((*key).into(), (*value).into()));
    Arc::new(Series::new(name, instrument, unit, labels))
}

/// A counter without labels, where it matters only that something is measured.
pub(crate) fn counter() -> Arc<Series> {
    series("flowspan.steps", Instrument::Counter, "{step}", &[])
}
