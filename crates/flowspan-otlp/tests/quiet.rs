//! The program's subscriber is global state: a file of its own.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use flowspan_otlp::{Otlp, OtlpPipelines, Protocol};
use flowspan_runtime::{Environment, Health, Reporter, Worker};
use opentelemetry::trace::{Tracer as _, TracerProvider as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Hears everything, down to the last detail.
#[derive(Clone, Default)]
struct Program(Arc<Mutex<Vec<String>>>);

impl Subscriber for Program {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        self.hear(attributes.metadata());
        Id::from_u64(1)
    }

    fn event(&self, event: &Event<'_>) {
        self.hear(event.metadata());
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

impl Program {
    fn hear(&self, metadata: &Metadata<'_>) {
        if let Ok(mut heard) = self.0.lock() {
            heard.push(metadata.target().to_owned());
        }
    }
}

#[test]
fn the_program_hears_nothing_of_the_exports() {
    let program = Program::default();
    tracing::subscriber::set_global_default(program.clone()).expect("the first");
    tracing::info!("heard");
    for (protocol, host) in [(Protocol::Grpc, "127.0.0.1"), (Protocol::HttpProtobuf, "localhost")] {
        // Nobody listens there: connecting, looking up names and retrying is what is talked about most.
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        drop(listener);
        let otlp = Otlp::to(format!("http://{host}:{port}")).protocol(protocol);
        let resolved =
            otlp.without_metrics().without_logs().resolve(&Environment::empty()).expect("good settings");
        let worker = Worker::start().expect("a thread");
        let health = Health::new(Reporter::silent());
        let pipelines =
            OtlpPipelines::start(resolved, &worker.handle(), &Resource::builder().build(), &health)
                .expect("exporters");
        let spans = pipelines.spans().expect("traces");
        let tracers = SdkTracerProvider::builder().with_span_processor(spans).build();
        drop(tracers.tracer("test").start("work"));
        let end = pipelines.shutdown(Duration::from_secs(60)).traces.expect("traces");
        assert_eq!(end.lost, 1);
        assert!(worker.stop(Duration::from_secs(60)));
    }
    let heard = program.0.lock().expect("not poisoned");
    assert!(heard.iter().any(|target| target == "quiet"), "{heard:?}");
    let strangers: Vec<&String> = heard
        .iter()
        .filter(|target| *target != "quiet" && *target != "opentelemetry_sdk" && *target != "opentelemetry")
        .collect();
    assert!(strangers.is_empty(), "{strangers:?}");
}
