//! Metrics, collected and pushed from the worker.

use std::sync::{Arc, Weak};
use std::time::Duration;

use flowspan_runtime::{Account, DeliverError, Delivered, ExporterHealth, Gather, Periodic, WorkerHandle};
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::metrics::data::{AggregatedMetrics, MetricData, ResourceMetrics};
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::metrics::reader::MetricReader;
use opentelemetry_sdk::metrics::{InstrumentKind, ManualReader, Pipeline, Temporality};

use crate::delivery::{FORCE_FLUSH_TIMEOUT, end, ended, flushed, outcome};
use crate::secrets::Secrets;

/// Collects metrics every interval and pushes them through an exporter on the worker. Clones are the
/// same reader: one goes to the SDK, another tells of the account. What is counted are data points.
#[derive(Clone, Debug)]
pub struct MetricPush {
    reader: Arc<ManualReader>,
    cycle: Periodic,
}

/// Puts any exporter of metrics on the worker. `timeout` bounds collecting and exporting, each.
///
/// The callbacks of observable instruments run on a thread of the worker's; one that hangs costs
/// metrics, and nothing else.
pub fn metric_reader<E: PushMetricExporter>(
    worker: &WorkerHandle,
    health: ExporterHealth,
    interval: Duration,
    timeout: Duration,
    exporter: E,
) -> MetricPush {
    start(worker, health, interval, timeout, exporter, Secrets::default())
}

pub(crate) fn start<E: PushMetricExporter>(
    worker: &WorkerHandle,
    health: ExporterHealth,
    interval: Duration,
    timeout: Duration,
    exporter: E,
    secrets: Secrets,
) -> MetricPush {
    let reader = Arc::new(ManualReader::builder().with_temporality(exporter.temporality()).build());
    let gatherer = Collector { reader: reader.clone(), exporter: Arc::new(exporter), secrets };
    MetricPush { reader, cycle: Periodic::start(worker, health, interval, timeout, gatherer) }
}

impl MetricPush {
    /// The cycle behind it: `account`, `flush`, `shutdown` and their async forms.
    pub fn cycle(&self) -> &Periodic {
        &self.cycle
    }

    /// What became of the data points so far.
    pub fn account(&self) -> Account {
        self.cycle.account()
    }
}

impl MetricReader for MetricPush {
    fn register_pipeline(&self, pipeline: Weak<Pipeline>) {
        self.reader.register_pipeline(pipeline);
    }

    fn collect(&self, metrics: &mut ResourceMetrics) -> OTelSdkResult {
        self.reader.collect(metrics)
    }

    fn force_flush(&self) -> OTelSdkResult {
        flushed(self.cycle.flush(FORCE_FLUSH_TIMEOUT))
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        ended(&self.cycle.shutdown(timeout), timeout)
    }

    fn temporality(&self, kind: InstrumentKind) -> Temporality {
        self.reader.temporality(kind)
    }
}

struct Collector<E> {
    reader: Arc<ManualReader>,
    exporter: Arc<E>,
    secrets: Secrets,
}

impl<E: PushMetricExporter> Gather for Collector<E> {
    type Batch = ResourceMetrics;

    async fn gather(&mut self) -> Result<(ResourceMetrics, u64), DeliverError> {
        let reader = self.reader.clone();
        // Callbacks are the program's code: they may block, and must not stop the other exporters.
        let collected = tokio::task::spawn_blocking(move || {
            let mut metrics = ResourceMetrics::default();
            reader.collect(&mut metrics).map(|()| metrics)
        });
        match collected.await {
            Ok(Ok(metrics)) => {
                let points = data_points(&metrics);
                Ok((metrics, points))
            }
            Ok(Err(error)) => Err(DeliverError::failed(match error {
                OTelSdkError::InternalFailure(said) => format!("cannot collect metrics: {said}"),
                error => format!("cannot collect metrics: {error}"),
            })),
            Err(_panicked) => Err(DeliverError::failed("cannot collect metrics: a callback panicked")),
        }
    }

    async fn deliver(&mut self, metrics: ResourceMetrics) -> Result<Delivered, DeliverError> {
        outcome(&self.secrets, self.exporter.export(&metrics)).await
    }

    async fn end(&mut self) -> Result<(), DeliverError> {
        let exporter = Arc::clone(&self.exporter);
        end(&self.secrets, move |timeout| exporter.shutdown_with_timeout(timeout)).await
    }
}

fn data_points(metrics: &ResourceMetrics) -> u64 {
    let points =
        metrics.scope_metrics().flat_map(|scope| scope.metrics()).map(|metric| match metric.data() {
            AggregatedMetrics::F64(data) => points_of(data),
            AggregatedMetrics::U64(data) => points_of(data),
            AggregatedMetrics::I64(data) => points_of(data),
        });
    points.sum::<usize>() as u64
}

fn points_of<T>(data: &MetricData<T>) -> usize {
    match data {
        MetricData::Gauge(gauge) => gauge.data_points().count(),
        MetricData::Sum(sum) => sum.data_points().count(),
        MetricData::Histogram(histogram) => histogram.data_points().count(),
        MetricData::ExponentialHistogram(histogram) => histogram.data_points().count(),
    }
}
