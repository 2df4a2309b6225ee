//! Spans, from their end to the exporter.

use std::sync::Arc;
use std::time::Duration;

use flowspan_runtime::{
    Account, Deliver, DeliverError, Delivered, ExporterHealth, Limits, Pipeline, WorkerHandle,
};
use flowspan_span::{EndedSpan, SpanSink};
use opentelemetry::Context;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Span, SpanData, SpanExporter, SpanProcessor};

use crate::delivery::{FORCE_FLUSH_TIMEOUT, ResourceSlot, end, ended, flushed, outcome};
use crate::secrets::Secrets;

/// Sends sampled spans to an exporter on the worker, when they end. Clones are the same pipeline: one
/// goes to the SDK as a processor, another tells of the account.
///
/// It is a [`SpanSink`], too: what waits becomes the SDK's form on the worker.
#[derive(Clone, Debug)]
pub struct SpanPipeline {
    pipeline: Pipeline<EndedSpan>,
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
    let delivery = SpanDelivery { exporter: Arc::new(exporter), resource: resource.clone(), secrets };
    SpanPipeline { pipeline: Pipeline::start(worker, health, limits, delivery), resource }
}

impl SpanPipeline {
    /// The queue behind it: `account`, `flush`, `shutdown` and their async forms.
    pub fn pipeline(&self) -> &Pipeline<EndedSpan> {
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
        self.take(span.into());
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

impl SpanSink for SpanPipeline {
    #[inline]
    fn take(&self, span: EndedSpan) {
        if span.context().is_sampled() {
            // What is refused is counted.
            let _ = self.pipeline.offer(span);
        }
    }
}

struct SpanDelivery<E> {
    /// Shared with nobody before its end.
    exporter: Arc<E>,
    resource: ResourceSlot,
    secrets: Secrets,
}

impl<E: SpanExporter + 'static> Deliver<EndedSpan> for SpanDelivery<E> {
    async fn deliver(&mut self, batch: Vec<EndedSpan>) -> Result<Delivered, DeliverError> {
        if let (Some(resource), Some(exporter)) = (self.resource.take(), Arc::get_mut(&mut self.exporter)) {
            exporter.set_resource(&resource);
        }
        let batch = batch.into_iter().map(SpanData::from).collect();
        outcome(&self.secrets, self.exporter.export(batch)).await
    }

    async fn end(&mut self) -> Result<(), DeliverError> {
        let exporter = Arc::clone(&self.exporter);
        end(&self.secrets, move |timeout| exporter.shutdown_with_timeout(timeout)).await
    }

    fn bytes(span: &EndedSpan) -> usize {
        span.bytes()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, Barrier};

    use flowspan_runtime::{DropReason, Health, Reporter, Worker};
    use opentelemetry::KeyValue;
    use opentelemetry::trace::{Tracer, TracerProvider};
    use opentelemetry_sdk::trace::SdkTracerProvider;

    use super::*;

    /// An exporter that waits until it may go on.
    #[derive(Debug)]
    struct Hung(Arc<Barrier>, Arc<AtomicUsize>);

    impl SpanExporter for Hung {
        async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
            self.0.wait();
            self.1.fetch_add(batch.len(), Ordering::Relaxed);
            Ok(())
        }
    }

    #[test]
    fn spans_with_megabytes_of_text_are_bounded_by_their_bytes() {
        let worker = Worker::start().expect("a thread");
        let (barrier, exported) = (Arc::new(Barrier::new(2)), Arc::default());
        let health = Health::new(Reporter::silent()).exporter("test", "");
        let limits = Limits::new().delay(Duration::from_secs(3600)).queue_bytes(10 << 20);
        let exporter = Hung(Arc::clone(&barrier), Arc::clone(&exported));
        let pipeline = span_processor(&worker.handle(), health, &limits, exporter);
        let tracers = SdkTracerProvider::builder().with_span_processor(pipeline.clone()).build();
        let tracer = tracers.tracer("test");
        for _ in 0..1000 {
            let text = "x".repeat(1 << 20);
            let span = tracer.span_builder("large").with_attributes([KeyValue::new("text", text)]);
            drop(span.start(&tracer));
        }
        let account = pipeline.account();
        assert!(account.queued < 10, "{account}");
        assert_eq!(account.dropped_for(DropReason::QueueFull) + account.queued, 1000);
        barrier.wait();
        let done = std::thread::spawn(move || barrier.wait());
        let shutdown = pipeline.pipeline().shutdown(Duration::from_secs(60));
        assert_eq!(shutdown.account.delivered, account.queued);
        assert_eq!(exported.load(Ordering::Relaxed) as u64, account.queued);
        drop(done);
    }
}
