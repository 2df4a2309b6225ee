//! The ways out. Each output adds its parts to the assembly; nothing else in this crate knows it.

mod callback;
mod chosen;
#[cfg(feature = "jsonl")]
mod events;
#[cfg(any(feature = "jsonl", feature = "postgres", feature = "session"))]
mod gate;
#[cfg(feature = "otlp")]
mod otlp;
mod own;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "prometheus")]
mod prometheus;
mod reader;
#[cfg(feature = "session")]
mod session;
#[cfg(feature = "statsd")]
mod statsd;

use std::{
    any::Any,
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, OnceLock},
    time::Duration,
};

use flowspan_model::{EventSink, MetricSink};
use flowspan_runtime::{Account, Environment, Health, WorkerHandle};
use flowspan_span::SpanSink;
use opentelemetry_sdk::{Resource, logs::LoggerProviderBuilder, metrics::MeterProviderBuilder};

use crate::{BuildError, Signal, switches::Switches};
pub(crate) use callback::Callback;
pub(crate) use chosen::{Choice, Way, choose};
pub(crate) use own::{AnyEventSink, AnyMetricSink, QueuedEventSink, QueuedMetricSink};
pub(crate) use reader::AnyMetricReader;

/// One way out, configured and not yet started.
pub(crate) trait Output: Send {
    /// Which of the ways it is that can be asked for by name; none for what is the program's own.
    fn way(&self) -> Option<Way> {
        None
    }

    /// Starts it and adds its parts to the assembly.
    ///
    /// # Errors
    ///
    /// A setting cannot be used, or a resource of the system, such as a port, cannot be had.
    fn start(self: Box<Self>, assembly: &mut Assembly<'_>) -> Result<(), BuildError>;
}

/// What outputs are started with, and the parts that they have added so far.
#[cfg_attr(
    not(all(
        feature = "prometheus",
        any(feature = "postgres", all(feature = "otlp", any(feature = "jsonl", feature = "session")))
    )),
    expect(dead_code, reason = "each output needs a part of it, together they need all")
)]
pub(crate) struct Assembly<'build> {
    pub(crate) environment: &'build Environment,
    pub(crate) worker: &'build WorkerHandle,
    pub(crate) resource: &'build Resource,
    pub(crate) health: &'build Health,
    /// Which signals are switched off while the program runs.
    pub(crate) switches: &'build Switches,
    pub(crate) span_sinks: Vec<Box<dyn SpanSink>>,
    pub(crate) meter_provider: MeterProviderBuilder,
    pub(crate) logger_provider: LoggerProviderBuilder,
    /// Whether anybody wants the program's log events as log records.
    pub(crate) logs_wanted: bool,
    /// With the names by which notices call them.
    pub(crate) event_sinks: Vec<(String, Arc<dyn EventSink>)>,
    pub(crate) metric_sinks: Vec<(String, Arc<dyn MetricSink>)>,
    pub(crate) drains: Vec<Box<dyn Drain>>,
    /// All drains, as soon as they are complete; empty before.
    pub(crate) book: &'build Book,
    /// What serves until it is dropped.
    pub(crate) servers: Vec<Box<dyn Any + Send + Sync>>,
    pub(crate) metrics_address: Option<SocketAddr>,
    /// The first session that is kept.
    #[cfg(feature = "session")]
    pub(crate) session: Option<flowspan_session::SessionCollector>,
    /// What is done when all outputs have started.
    pub(crate) at_last: Vec<AtLast>,
}

/// What an output does when all of them have started.
pub(crate) type AtLast = Box<dyn FnOnce(&mut Assembly<'_>) -> Result<(), BuildError>>;

/// The drains of all outputs, for whoever has to show the accounts.
#[derive(Clone, Default)]
pub(crate) struct Book(Arc<OnceLock<Vec<Box<dyn Drain>>>>);

impl Book {
    /// Enters the drains, once.
    pub(crate) fn enter(&self, drains: Vec<Box<dyn Drain>>) {
        // Only the first entry counts, and `assemble` makes only one.
        let _ = self.0.set(drains);
    }

    /// The drains that have been entered.
    pub(crate) fn drains(&self) -> &[Box<dyn Drain>] {
        self.0.get().map(Vec::as_slice).unwrap_or_default()
    }

    /// What became of everything so far, by signal. Signals that nobody exports are left out.
    pub(crate) fn accounts(&self) -> BTreeMap<Signal, Account> {
        let mut sums = BTreeMap::<Signal, Account>::new();
        for (signal, account) in self.drains().iter().flat_map(|drain| drain.accounts()) {
            *sums.entry(signal).or_default() += &account;
        }
        sums
    }
}

impl Assembly<'_> {
    /// Adds something that reads metrics.
    pub(crate) fn read_metrics(&mut self, add: impl FnOnce(MeterProviderBuilder) -> MeterProviderBuilder) {
        self.meter_provider = add(std::mem::take(&mut self.meter_provider));
    }

    /// Adds something that takes log records.
    #[cfg_attr(not(feature = "otlp"), expect(dead_code, reason = "no other output takes log records yet"))]
    pub(crate) fn take_logs(&mut self, add: impl FnOnce(LoggerProviderBuilder) -> LoggerProviderBuilder) {
        self.logger_provider = add(std::mem::take(&mut self.logger_provider));
        self.logs_wanted = true;
    }
}

/// Waits for something that was begun, for the time given at most.
pub(crate) type Wait = Box<dyn FnOnce(Duration) + Send>;

/// The end of a started output that has something to send, or to stop.
pub(crate) trait Drain: Send + Sync {
    /// Begins to send what waits, and gives the wait for it.
    fn begin_flush(&self) -> Wait;

    /// Begins to send what waits and to stop, and gives the wait for it.
    fn begin_shutdown(&self) -> Wait;

    /// What became of everything so far.
    fn accounts(&self) -> Vec<(Signal, Account)>;

    /// How much waits in a queue that will not take any number. Default: all that is queued.
    fn waiting(&self) -> u64 {
        self.accounts().iter().map(|(_, account)| account.queued).max().unwrap_or(0)
    }
}
