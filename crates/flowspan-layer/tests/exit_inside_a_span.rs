//! A program that ends inside a span. It ends a whole process, so it stands alone.

use std::{process::Command, sync::Arc};

use flowspan_api::Workflow;
use flowspan_layer::{FlowspanLayer, Normalizer, Spans};
use flowspan_model::{Event, EventSink};
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::{Registry, layer::SubscriberExt};

/// Says in the child which engine it shall use.
const CHILD: &str = "FLOWSPAN_TEST_EXIT_INSIDE";
const NAME: &str = "a_program_that_exits_inside_a_span_ends_with_its_own_code";

struct Nobody;

impl EventSink for Nobody {
    fn event(&self, _: &Event) {}
}

#[test]
fn a_program_that_exits_inside_a_span_ends_with_its_own_code() {
    match std::env::var(CHILD).as_deref() {
        Ok("native") => {
            let spans = Spans::new(Normalizer::new(Vec::new()));
            exit_inside(FlowspanLayer::native(spans, Arc::new(Nobody)));
        }
        Ok(_) => {
            let tracer = SdkTracerProvider::builder().build().tracer("test");
            exit_inside(FlowspanLayer::new(tracer, Arc::new(Nobody)));
        }
        Err(_) => {}
    }
    for engine in ["native", "compatible"] {
        let mut child = Command::new(std::env::current_exe().expect("this binary"));
        let output = child.args(["--exact", NAME]).env(CHILD, engine).output().expect("it runs");
        assert_eq!(output.status.code(), Some(3), "{engine}: {output:?}");
    }
}

/// The exit runs what the thread has to clean up, and the context of OpenTelemetry is cleaned up first.
fn exit_inside(layer: FlowspanLayer<Registry>) -> ! {
    let _default = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));
    let _workflow = Workflow::new("interrupted").enter();
    std::process::exit(3)
}
