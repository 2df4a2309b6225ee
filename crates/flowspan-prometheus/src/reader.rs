//! The bridge from the OpenTelemetry SDK.

use std::{sync::Weak, time::Duration};

use opentelemetry_prometheus::PrometheusExporter;
use opentelemetry_sdk::{
    error::{OTelSdkError, OTelSdkResult},
    metrics::{InstrumentKind, Pipeline, Temporality, data::ResourceMetrics, reader::MetricReader},
};

/// What the SDK's meter provider hands its metrics to. Cumulative, as Prometheus wants it.
#[derive(Debug)]
pub struct Reader(PrometheusExporter);

/// A reader whose metrics come out of this registry.
///
/// The registry has to be our own: without one the bridge makes one that nobody can reach, and a
/// second bridge on the same one is refused.
pub(crate) fn bridge(registry: &prometheus::Registry) -> Result<Reader, OTelSdkError> {
    // Scope labels would stand on every series and distinguish nothing: all of flowspan's
    // instruments are of one scope.
    let exporter = opentelemetry_prometheus::exporter()
        .with_registry(registry.clone())
        .scope_info_enabled(false)
        .build()?;
    Ok(Reader(exporter))
}

impl MetricReader for Reader {
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
