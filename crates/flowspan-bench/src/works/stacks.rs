//! What listens: ours, and the peers' set-ups.

use std::{sync::Arc, time::Duration};

use flowspan_layer::{Accounting, Engine, FlowspanLayer, Normalizer, Prices, Spans};
use flowspan_metrics::{Recorder, Schema};
use flowspan_otlp::{SpanPipeline, span_processor};
use flowspan_runtime::{Health, Limits, Reporter, Worker};
use opentelemetry::{
    metrics::{Meter, MeterProvider},
    trace::TracerProvider,
};
use opentelemetry_sdk::{
    error::OTelSdkResult,
    metrics::{ManualReader, SdkMeterProvider},
    trace::{BatchSpanProcessor, Sampler, SdkTracer, SdkTracerProvider, SpanData, SpanExporter},
};
use tracing::{Dispatch, dispatcher::with_default};
use tracing_opentelemetry::{MetricsLayer, OpenTelemetryLayer};
use tracing_subscriber::prelude::*;

use super::Contender;

/// How long a queue may take to empty between two rounds.
const SETTLE: Duration = Duration::from_secs(5);

/// Takes every batch and does nothing with it: sending is measured elsewhere.
#[derive(Debug)]
pub(crate) struct Discard;

impl SpanExporter for Discard {
    async fn export(&self, _: Vec<SpanData>) -> OTelSdkResult {
        Ok(())
    }
}

/// Takes a batch and never comes back: a collector that does not answer.
#[derive(Debug)]
pub(crate) struct Hang;

impl SpanExporter for Hang {
    async fn export(&self, _: Vec<SpanData>) -> OTelSdkResult {
        std::future::pending().await
    }
}

/// flowspan as its builder assembles it: the layer, the normalizer, the batch queue on its worker,
/// the recorder with the whole catalog, the accounting with the built-in prices.
pub(crate) struct Ours {
    pub(crate) dispatch: Dispatch,
    pipeline: SpanPipeline,
    pub(crate) meter: Meter,
    // Kept alive.
    _worker: Worker,
    _tracers: SdkTracerProvider,
    _meters: SdkMeterProvider,
}

impl Ours {
    /// With the engine that is flowspan's own.
    pub(crate) fn new(sampler: Sampler) -> Self {
        Ours::with(Engine::Native, sampler, Discard)
    }

    /// With the engine that is `tracing-opentelemetry`.
    pub(crate) fn compatible(sampler: Sampler) -> Self {
        Ours::with(Engine::TracingOpenTelemetry, sampler, Discard)
    }

    /// With an exporter that hangs, and a queue that is soon full for good.
    pub(crate) fn hung() -> Self {
        Ours::with(Engine::Native, Sampler::AlwaysOn, Hang)
    }

    fn with<E: SpanExporter + 'static>(engine: Engine, sampler: Sampler, exporter: E) -> Self {
        let worker = Worker::start().expect("the system gives a thread");
        let health = Health::new(Reporter::silent()).exporter("bench", "");
        // Longer than anything here takes: who hangs does so to the end.
        let limits = Limits::new().export_timeout(Duration::from_secs(3600));
        let pipeline = span_processor(&worker.handle(), health, &limits, exporter);
        let normalizer = Normalizer::of_sinks(vec![Box::new(pipeline.clone())]);
        let tracers = SdkTracerProvider::builder()
            .with_sampler(sampler.clone())
            .with_span_processor(normalizer.clone())
            .build();
        let schema = Schema::default();
        let meters =
            SdkMeterProvider::builder().with_reader(ManualReader::default()).with_view(schema.view()).build();
        let meter = meters.meter("flowspan");
        let recorder = Arc::new(Recorder::builder(&schema).build(&meter));
        let layer = match engine {
            Engine::Native => FlowspanLayer::native(Spans::new(normalizer).sampler(sampler), recorder),
            _ => FlowspanLayer::new(tracers.tracer("flowspan"), recorder),
        };
        let layer = layer.with_accounting(Accounting::new(Prices::builtin()));
        let dispatch = Dispatch::new(tracing_subscriber::registry().with(layer));
        Ours { dispatch, pipeline, meter, _worker: worker, _tracers: tracers, _meters: meters }
    }

    /// Does this so many times while ours listens.
    pub(crate) fn doing(self, action: impl FnMut(u64) + 'static) -> Box<dyn Contender> {
        Box::new(Listening { dispatch: self.dispatch.clone(), stack: self, action })
    }
}

impl Stack for Ours {
    fn settle(&self) {
        let _ = self.pipeline.pipeline().flush(SETTLE);
    }
}

/// The SDK with its batch processor and a reader, as its documentation sets it up.
pub(crate) struct Sdk {
    pub(crate) tracers: SdkTracerProvider,
    pub(crate) meters: SdkMeterProvider,
}

impl Sdk {
    pub(crate) fn new(sampler: Sampler) -> Self {
        let tracers = SdkTracerProvider::builder()
            .with_sampler(sampler)
            .with_span_processor(BatchSpanProcessor::builder(Discard).build())
            .build();
        let meters = SdkMeterProvider::builder().with_reader(ManualReader::default()).build();
        Sdk { tracers, meters }
    }

    pub(crate) fn tracer(&self) -> SdkTracer {
        self.tracers.tracer("peer")
    }

    pub(crate) fn meter(&self) -> Meter {
        self.meters.meter("peer")
    }

    /// `tracing-opentelemetry` with all it does by default, and its `MetricsLayer`: the set-up of its
    /// README.
    pub(crate) fn default_layers(&self) -> Dispatch {
        Dispatch::new(
            tracing_subscriber::registry()
                .with(OpenTelemetryLayer::new(self.tracer()))
                .with(MetricsLayer::new(self.meters.clone())),
        )
    }

    /// The same with everything switched off that its documentation offers to switch off, context
    /// activation excepted: without it neither logs nor spans of the OpenTelemetry API would be in
    /// the trace.
    pub(crate) fn lean_layers(&self) -> Dispatch {
        Dispatch::new(
            tracing_subscriber::registry()
                .with(
                    OpenTelemetryLayer::new(self.tracer())
                        .with_location(false)
                        .with_threads(false)
                        .with_target(false)
                        .with_tracked_inactivity(false),
                )
                .with(MetricsLayer::new(self.meters.clone())),
        )
    }

    /// Does this so many times while these layers listen.
    pub(crate) fn listening(
        self,
        layers: impl FnOnce(&Sdk) -> Dispatch,
        action: impl FnMut(u64) + 'static,
    ) -> Box<dyn Contender> {
        Box::new(Listening { dispatch: layers(&self), stack: self, action })
    }

    /// Does this so many times; nobody listens to `tracing`.
    pub(crate) fn by_hand(self, action: impl FnMut(u64) + 'static) -> Box<dyn Contender> {
        Box::new(ByHand { stack: self, action })
    }
}

impl Stack for Sdk {
    fn settle(&self) {
        let _ = self.tracers.force_flush();
    }
}

/// Something with a queue.
trait Stack {
    fn settle(&self);
}

struct Listening<K, F> {
    dispatch: Dispatch,
    stack: K,
    action: F,
}

impl<K: Stack, F: FnMut(u64)> Contender for Listening<K, F> {
    fn round(&mut self, times: u64) {
        with_default(&self.dispatch, || (self.action)(times));
    }

    fn settle(&mut self) {
        self.stack.settle();
    }
}

struct ByHand<K, F> {
    stack: K,
    action: F,
}

impl<K: Stack, F: FnMut(u64)> Contender for ByHand<K, F> {
    fn round(&mut self, times: u64) {
        (self.action)(times);
    }

    fn settle(&mut self) {
        self.stack.settle();
    }
}
