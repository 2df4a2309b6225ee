//! Spans on their way out: from the queue to a collector that does nothing with them.

use std::time::{Duration, SystemTime};

use flowspan_otlp::{Otlp, OtlpPipelines, Protocol, SpanPipeline};
use flowspan_runtime::{Environment, Health, Limits, Reporter, Worker};
use opentelemetry::{
    InstrumentationScope, KeyValue,
    trace::{SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId},
};
use opentelemetry_otlp::{SpanExporter, WithExportConfig};
use opentelemetry_sdk::{
    Resource,
    trace::{BatchConfigBuilder, BatchSpanProcessor, SpanData, SpanEvents, SpanLinks, SpanProcessor},
};

use super::{Contender, Contenders, Work};
use crate::sink::{Form, Sink};

/// As many as a queue holds by default: four batches.
const SPANS: u64 = 2048;
/// Longer than an export takes.
const LONG: Duration = Duration::from_secs(30);

/// What is timed is the whole way: the spans are handed over, encoded, sent and acknowledged, by one
/// thread after the other. So a core that does nothing else sends more than the time says, never less.
pub(super) const EXPORT: Work = Work {
    name: "export of a span",
    goal: "at most 7300 ns, which is 137,000 spans a second",
    times: SPANS,
    is_counted: false,
    contenders,
};

fn contenders() -> Contenders {
    vec![
        ("flowspan, gRPC", Box::new(Ours::new(Form::Grpc, Protocol::Grpc))),
        ("flowspan, HTTP", Box::new(Ours::new(Form::Http, Protocol::HttpProtobuf))),
        ("opentelemetry-otlp, gRPC, batch processor", Box::new(Theirs::new())),
    ]
}

/// The pipeline that `flowspan` puts up for an endpoint.
struct Ours {
    pipeline: SpanPipeline,
    span: SpanData,
    _worker: Worker,
    _sink: Sink,
}

impl Ours {
    fn new(form: Form, protocol: Protocol) -> Self {
        let sink = Sink::start(form);
        let worker = Worker::start().expect("the system gives a thread");
        let limits = Limits::new();
        let resolved = Otlp::to(sink.url())
            .protocol(protocol)
            .without_metrics()
            .without_logs()
            .span_limits(limits)
            .resolve(&Environment::empty())
            .expect("the settings are good");
        let health = Health::new(Reporter::silent());
        let resource = resource();
        let pipelines = OtlpPipelines::start(resolved, &worker.handle(), &resource, &health);
        let pipeline = pipelines.expect("the exporter starts").spans().expect("traces are on");
        Ours { pipeline, span: span(), _worker: worker, _sink: sink }
    }
}

impl Contender for Ours {
    fn round(&mut self, times: u64) {
        for _ in 0..times {
            self.pipeline.on_end(self.span.clone());
        }
        self.pipeline.pipeline().flush(LONG).expect("everything arrives");
    }
}

/// The set-up of its documentation: an exporter made inside a Tokio runtime, the batch processor of
/// the SDK with its default limits.
struct Theirs {
    processor: BatchSpanProcessor,
    span: SpanData,
    _runtime: tokio::runtime::Runtime,
    _sink: Sink,
}

impl Theirs {
    fn new() -> Self {
        let sink = Sink::start(Form::Grpc);
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("the system gives a runtime");
        let exporter = {
            let _inside = runtime.enter();
            SpanExporter::builder()
                .with_tonic()
                .with_endpoint(sink.url())
                .build()
                .expect("the settings are good")
        };
        let limits = BatchConfigBuilder::default().with_max_queue_size(2048).with_max_export_batch_size(512);
        let mut processor = BatchSpanProcessor::builder(exporter).with_batch_config(limits.build()).build();
        processor.set_resource(&resource());
        Theirs { processor, span: span(), _runtime: runtime, _sink: sink }
    }
}

impl Contender for Theirs {
    fn round(&mut self, times: u64) {
        for _ in 0..times {
            self.processor.on_end(self.span.clone());
        }
        self.processor.force_flush().expect("everything arrives");
    }
}

fn resource() -> Resource {
    Resource::builder().with_service_name("bench").build()
}

/// An observed step, as it leaves the layer.
fn span() -> SpanData {
    let now = SystemTime::now();
    SpanData {
        span_context: SpanContext::new(
            TraceId::from(0x1234_5678_9abc_def0_1234_5678_9abc_def0),
            SpanId::from(0x1234_5678_9abc_def0),
            TraceFlags::SAMPLED,
            false,
            Default::default(),
        ),
        parent_span_id: SpanId::from(0x0fed_cba9_8765_4321),
        parent_span_is_remote: false,
        span_kind: SpanKind::Internal,
        name: "step clone".into(),
        start_time: now - Duration::from_millis(3),
        end_time: now,
        attributes: vec![
            KeyValue::new("flowspan.step.name", "clone"),
            KeyValue::new("flowspan.step.type", "shell"),
            KeyValue::new("flowspan.step.index", 3),
            KeyValue::new("flowspan.attempt", 1),
            KeyValue::new("flowspan.status", "success"),
        ],
        dropped_attributes_count: 0,
        events: SpanEvents::default(),
        links: SpanLinks::default(),
        status: Status::Unset,
        instrumentation_scope: InstrumentationScope::builder("flowspan").build(),
    }
}
