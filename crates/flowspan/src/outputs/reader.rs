//! A metric reader of the user's own.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver, RecvTimeoutError, TryRecvError},
    },
    thread,
    time::Duration,
};

use flowspan_runtime::{Account, ExporterHealth, Quiet, WorkerHandle};
use opentelemetry_sdk::{
    error::{OTelSdkError, OTelSdkResult},
    metrics::{InstrumentKind, Pipeline, Temporality, data::ResourceMetrics, reader::MetricReader},
};

use super::{Assembly, Drain, Output, Wait};
use crate::{BuildError, Signal};

/// How many flushes may be under way. A reader that never answers must not take a thread each time.
const MOST_FLUSHES: usize = 4;
const ADVICE: &str = "it is code of the program's own, whose losses nobody else can count";

/// A metric reader of the user's own.
pub(crate) struct AnyMetricReader<R>(pub(crate) R);

impl<R: MetricReader> Output for AnyMetricReader<R> {
    fn start(self: Box<Self>, assembly: &mut Assembly<'_>) -> Result<(), BuildError> {
        let reader = Arc::new(Shared { reader: self.0, is_shut_down: AtomicBool::new(false) });
        let health = assembly.health.exporter("metric_reader", ADVICE);
        let worker = assembly.worker.clone();
        assembly.read_metrics(|provider| provider.with_reader(Provided(Arc::clone(&reader))));
        assembly.drains.push(Box::new(Flushes { reader, health, worker, under_way: Arc::new(()) }));
        Ok(())
    }
}

/// The reader, for its provider and for who flushes it.
struct Shared<R> {
    reader: R,
    /// The program may shut its provider down itself. Then there is nothing to flush any more.
    is_shut_down: AtomicBool,
}

/// The reader as the provider has it.
struct Provided<R>(Arc<Shared<R>>);

impl<R: MetricReader> MetricReader for Provided<R> {
    fn register_pipeline(&self, pipeline: Weak<Pipeline>) {
        self.0.reader.register_pipeline(pipeline);
    }

    fn collect(&self, metrics: &mut ResourceMetrics) -> OTelSdkResult {
        self.0.reader.collect(metrics)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.reader.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.is_shut_down.store(true, Ordering::Relaxed);
        self.0.reader.shutdown_with_timeout(timeout)
    }

    fn shutdown(&self) -> OTelSdkResult {
        self.0.is_shut_down.store(true, Ordering::Relaxed);
        self.0.reader.shutdown()
    }

    fn temporality(&self, kind: InstrumentKind) -> Temporality {
        self.0.reader.temporality(kind)
    }
}

impl<R: MetricReader> fmt::Debug for Provided<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.reader.fmt(f)
    }
}

/// Flushes the reader on threads of its own, because a reader may block for as long as it likes. Nobody knows
/// how much it has sent, so there is no account of it; that it fails is told.
struct Flushes<R> {
    reader: Arc<Shared<R>>,
    health: ExporterHealth,
    worker: WorkerHandle,
    /// Each flush that is under way has one of these.
    under_way: Arc<()>,
}

impl<R: MetricReader> Flushes<R> {
    /// Begins a flush, if there is something to flush, and gives who hears of its end.
    fn begin(&self) -> Option<Receiver<()>> {
        if self.reader.is_shut_down.load(Ordering::Relaxed) {
            return None;
        }
        if Arc::strong_count(&self.under_way) > MOST_FLUSHES {
            self.failed(format!("{MOST_FLUSHES} flushes before this one have not ended"));
            return None;
        }
        let (reader, health) = (Arc::clone(&self.reader), self.health.clone());
        let under_way = Arc::clone(&self.under_way);
        let (end, ended) = mpsc::channel();
        let flush = move || {
            let _quiet = Quiet::enter();
            let result = catch_unwind(AssertUnwindSafe(|| reader.reader.force_flush()));
            drop(under_way);
            // The reader's own words are not shown: there may be a secret among them.
            match result {
                Ok(Ok(()) | Err(OTelSdkError::AlreadyShutdown)) => health.succeeded(),
                Ok(Err(OTelSdkError::Timeout(_))) => health.failed("its flush has timed out"),
                Ok(Err(OTelSdkError::InternalFailure(_))) => health.failed("its flush has failed"),
                Err(_) => health.failed("its flush has panicked"),
            }
            // Whoever waited may have gone away; the flush was done for its effect.
            let _ = end.send(());
        };
        match thread::Builder::new().name("flowspan-flush".to_owned()).spawn(flush) {
            Ok(_) => Some(ended),
            Err(error) => {
                self.failed(format!("there is no thread for its flush: {error}"));
                None
            }
        }
    }

    /// Tells on flowspan's thread that a flush cannot be begun.
    fn failed(&self, error: String) {
        let health = self.health.clone();
        self.worker.spawn(async move { health.failed(&error) });
    }
}

impl<R: MetricReader> Drain for Flushes<R> {
    fn begin_flush(&self) -> Wait {
        let (flush, health, worker) = (self.begin(), self.health.clone(), self.worker.clone());
        Box::new(move |timeout| {
            let Some(ended) = flush else { return };
            if ended.recv_timeout(timeout) == Err(RecvTimeoutError::Timeout) {
                worker.spawn(async move {
                    // It may have ended after all.
                    if ended.try_recv() == Err(TryRecvError::Empty) {
                        health.failed("its flush has not ended in time");
                    }
                });
            }
        })
    }

    /// A reader that is scraped stays, so none is shut down before the provider is.
    fn begin_shutdown(&self) -> Wait {
        self.begin_flush()
    }

    fn accounts(&self) -> Vec<(Signal, Account)> {
        Vec::new()
    }
}
