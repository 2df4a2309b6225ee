//! A metric reader of the user's own.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Weak,
        mpsc::{self, Receiver, RecvTimeoutError},
    },
    thread,
    time::Duration,
};

use flowspan_runtime::{Account, ExporterHealth};
use opentelemetry_sdk::{
    error::OTelSdkResult,
    metrics::{InstrumentKind, Pipeline, Temporality, data::ResourceMetrics, reader::MetricReader},
};

use super::{Assembly, Drain, Output, Wait, own::OWN_CODE};
use crate::{BuildError, Signal};

/// How many flushes may be under way. A reader that never answers must not take a thread each time.
const MOST_FLUSHES: usize = 4;

/// A metric reader of the user's own.
pub(crate) struct AnyMetricReader<R>(pub(crate) R);

impl<R: MetricReader> Output for AnyMetricReader<R> {
    fn start(self: Box<Self>, assembly: &mut Assembly<'_>) -> Result<(), BuildError> {
        let reader = Arc::new(self.0);
        let health = assembly.health.exporter("metric_reader", OWN_CODE);
        assembly.read_metrics(|provider| provider.with_reader(Shared(Arc::clone(&reader))));
        assembly.drains.push(Box::new(Flushes { reader, health, under_way: Arc::new(()) }));
        Ok(())
    }
}

/// The reader as the provider has it.
struct Shared<R>(Arc<R>);

impl<R: MetricReader> MetricReader for Shared<R> {
    fn register_pipeline(&self, pipeline: Weak<Pipeline>) {
        self.0.register_pipeline(pipeline);
    }

    fn collect(&self, metrics: &mut ResourceMetrics) -> OTelSdkResult {
        self.0.collect(metrics)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(timeout)
    }

    fn temporality(&self, kind: InstrumentKind) -> Temporality {
        self.0.temporality(kind)
    }
}

impl<R: MetricReader> fmt::Debug for Shared<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Flushes the reader on threads of its own, because a reader may block for as long as it likes. Nobody knows
/// how much it has sent, so there is no account of it; that it fails is told.
struct Flushes<R> {
    reader: Arc<R>,
    health: ExporterHealth,
    /// Each flush that is under way has one of these.
    under_way: Arc<()>,
}

impl<R: MetricReader> Flushes<R> {
    /// Begins a flush, and gives who hears of its end.
    fn begin(&self) -> Result<Receiver<OTelSdkResult>, String> {
        if Arc::strong_count(&self.under_way) > MOST_FLUSHES {
            return Err(format!("{MOST_FLUSHES} flushes before this one have not ended"));
        }
        let (reader, under_way) = (Arc::clone(&self.reader), Arc::clone(&self.under_way));
        let (answer, answered) = mpsc::channel();
        let flush = move || {
            let result = catch_unwind(AssertUnwindSafe(|| reader.force_flush()));
            drop(under_way);
            if let Ok(result) = result {
                // Whoever asked may have gone away; the flush was done for its effect.
                let _ = answer.send(result);
            }
        };
        let thread = thread::Builder::new().name("flowspan-flush".to_owned()).spawn(flush);
        thread.map_err(|error| format!("no thread for a flush: {error}"))?;
        Ok(answered)
    }
}

impl<R: MetricReader> Drain for Flushes<R> {
    fn begin_flush(&self) -> Wait {
        let (flush, health) = (self.begin(), self.health.clone());
        Box::new(move |timeout| match flush.map(|answered| answered.recv_timeout(timeout)) {
            Ok(Ok(Ok(()))) => health.succeeded(),
            Ok(Ok(Err(error))) => health.failed(&error.to_string()),
            Ok(Err(RecvTimeoutError::Timeout)) => health.failed("its flush did not end in time"),
            Ok(Err(RecvTimeoutError::Disconnected)) => health.failed("its flush panicked"),
            Err(error) => health.failed(&error),
        })
    }

    /// A reader that is scraped stays, so none is shut down before the provider is dropped.
    fn begin_shutdown(&self) -> Wait {
        self.begin_flush()
    }

    fn accounts(&self) -> Vec<(Signal, Account)> {
        Vec::new()
    }
}
