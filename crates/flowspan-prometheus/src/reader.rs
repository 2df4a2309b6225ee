//! The reader of the metrics.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use opentelemetry_sdk::{
    error::{OTelSdkError, OTelSdkResult},
    metrics::{
        InstrumentKind, ManualReader, Pipeline, Temporality, data::ResourceMetrics, reader::MetricReader,
    },
};

use crate::{
    CollectError,
    exposition::{self, Findings},
};

/// What the SDK's meter provider hands its metrics to, and what writes them down.
///
/// A clone is the same reader: give one to the provider and keep the other.
/// [`Prometheus::bind`](crate::Prometheus::bind) makes one together with an endpoint. A program that
/// has an HTTP server of its own makes one alone, and answers with what it writes:
///
/// ```
/// use flowspan_prometheus::{Reader, TEXT_FORMAT};
/// use opentelemetry::{KeyValue, metrics::MeterProvider as _};
/// use opentelemetry_sdk::metrics::SdkMeterProvider;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let reader = Reader::new();
/// let provider = SdkMeterProvider::builder().with_reader(reader.clone()).build();
/// provider.meter("example").u64_counter("requests").build().add(1, &[KeyValue::new("route", "/")]);
///
/// let mut text = Vec::new();
/// reader.write_text(&mut text)?;
/// assert!(String::from_utf8(text)?.contains("requests_total{route=\"/\"} 1\n"));
/// assert_eq!(TEXT_FORMAT, "text/plain; version=0.0.4; charset=utf-8"); // The content type.
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Reader(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    manual: ManualReader,
    // Held while metrics are collected and written down, so that there is one copy of them and not one
    // for each client.
    turn: Mutex<()>,
    has_panicked: AtomicBool,
    // The SDK's reader waits at its shutdown for the callbacks of a collection under way, however long they
    // take, so it is not asked to.
    is_shut_down: AtomicBool,
}

impl Reader {
    /// A reader that no provider has yet.
    pub fn new() -> Self {
        Reader::default()
    }

    /// Collects all metrics and appends them in the text format 0.0.4, sorted by name and labels.
    /// Callbacks of observable instruments run meanwhile, on the calling thread.
    ///
    /// # Errors
    ///
    /// The SDK hands nothing over. Nothing was appended then.
    pub fn write_text(&self, text: &mut Vec<u8>) -> Result<Findings, CollectError> {
        self.read(|metrics| exposition::write_text(metrics, text))
    }

    /// Collects all metrics and appends them as a JSON document. [`SCHEMA_VERSION`](crate::SCHEMA_VERSION)
    /// says what is in it.
    ///
    /// # Errors
    ///
    /// The SDK hands nothing over. Nothing was appended then.
    pub fn write_json(&self, json: &mut Vec<u8>) -> Result<Findings, CollectError> {
        self.read(|metrics| exposition::write_json(metrics, json))
    }

    /// The SDK's copies are made anew each time. To use their memory again would make this slower, not
    /// quicker, and would keep ten thousand series between two scrapes.
    fn read(&self, write: impl FnOnce(&ResourceMetrics) -> Findings) -> Result<Findings, CollectError> {
        let _turn = self.0.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let mut metrics = ResourceMetrics::default();
        match catch_unwind(AssertUnwindSafe(|| self.collect(&mut metrics))) {
            Ok(Ok(())) => Ok(write(&metrics)),
            // After a panic under its lock the SDK collects nothing any more.
            Ok(Err(_)) if self.0.has_panicked.load(Ordering::Relaxed) => Err(CollectError::Broken),
            Ok(Err(source)) => Err(CollectError::Unavailable(source)),
            Err(_panic) => {
                self.0.has_panicked.store(true, Ordering::Relaxed);
                Err(CollectError::Panicked)
            }
        }
    }
}

impl MetricReader for Reader {
    fn register_pipeline(&self, pipeline: Weak<Pipeline>) {
        self.0.manual.register_pipeline(pipeline);
    }

    fn collect(&self, metrics: &mut ResourceMetrics) -> OTelSdkResult {
        if self.0.is_shut_down.load(Ordering::Relaxed) {
            return Err(OTelSdkError::AlreadyShutdown);
        }
        self.0.manual.collect(metrics)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.manual.force_flush()
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        match self.0.is_shut_down.swap(true, Ordering::Relaxed) {
            false => Ok(()),
            true => Err(OTelSdkError::AlreadyShutdown),
        }
    }

    /// What Prometheus wants: everything since the start.
    fn temporality(&self, _: InstrumentKind) -> Temporality {
        Temporality::Cumulative
    }
}
