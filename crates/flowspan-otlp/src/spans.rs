//! Spans, from their end to the exporter.

use std::time::Duration;

use flowspan_runtime::{
    Account, Deliver, DeliverError, Delivered, ExporterHealth, Limits, Pipeline, WorkerHandle,
};
use opentelemetry::Context;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Span, SpanData, SpanExporter, SpanProcessor};

use crate::delivery::{FORCE_FLUSH_TIMEOUT, ResourceSlot, ended, flushed, outcome};
use crate::secrets::Secrets;

/// Sends sampled spans to an exporter on the worker, when they end. Clones are the same pipeline: one
/// goes to the SDK as a processor, another tells of the account.
#[derive(Clone, Debug)]
pub struct SpanPipeline {
    pipeline: Pipeline<SpanData>,
    resource: ResourceSlot,
}

/// Puts any exporter of spans on the worker: its queue is bounded, its losses are counted, its panics
/// isolated. The exporter must be at home on a Tokio runtime, and must not block.
pub fn span_processor<E: SpanExporter + 'static>(
    worker: &WorkerHandle,
    health: ExporterHealth,
    limits: &Limits,
    exporter: E,
) -> SpanPipeline {
    start(worker, health, limits, exporter, Secrets::default())
}

pub(crate) fn start<E: SpanExporter + 'static>(
    worker: &WorkerHandle,
    health: ExporterHealth,
    limits: &Limits,
    exporter: E,
    secrets: Secrets,
) -> SpanPipeline {
    let resource = ResourceSlot::default();
    let delivery = SpanDelivery { exporter, resource: resource.clone(), secrets };
    SpanPipeline { pipeline: Pipeline::start(worker, health, limits, delivery), resource }
}

impl SpanPipeline {
    /// The queue behind it: `account`, `flush`, `shutdown` and their async forms.
    pub fn pipeline(&self) -> &Pipeline<SpanData> {
        &self.pipeline
    }

    /// What became of the spans so far.
    pub fn account(&self) -> Account {
        self.pipeline.account()
    }

    pub(crate) fn put_resource(&self, resource: &Resource) {
        self.resource.put(resource);
    }
}

impl SpanProcessor for SpanPipeline {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        if span.span_context.is_sampled() {
            // What is refused is counted.
            let _ = self.pipeline.offer(span);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        flushed(self.pipeline.flush(FORCE_FLUSH_TIMEOUT))
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        ended(&self.pipeline.shutdown(timeout), timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.put_resource(resource);
    }
}

struct SpanDelivery<E> {
    exporter: E,
    resource: ResourceSlot,
    secrets: Secrets,
}

impl<E: SpanExporter + 'static> Deliver<SpanData> for SpanDelivery<E> {
    async fn deliver(&mut self, batch: Vec<SpanData>) -> Result<Delivered, DeliverError> {
        if let Some(resource) = self.resource.take() {
            self.exporter.set_resource(&resource);
        }
        outcome(&self.secrets, self.exporter.export(batch)).await
    }
}
