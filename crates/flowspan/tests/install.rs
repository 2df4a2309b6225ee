//! The globals. Alone in its file, because a process has only one of each.

use flowspan::{Environment, prelude::*};
use opentelemetry::{global, trace::TraceContextExt};
use opentelemetry_sdk::trace::InMemorySpanExporter;

#[test]
fn install_sets_all_globals_or_none_and_only_once() {
    let builder = || Flowspan::builder("bot").environment(Environment::empty()).console(Console::off());
    builder().namespace("not a namespace").install().expect_err("a bad setting installs nothing");

    let spans = InMemorySpanExporter::default();
    let telemetry = builder().span_exporter("memory", spans.clone()).install().expect("the first one");
    let workflow = Workflow::new("w").enter();
    let mut carrier = std::collections::HashMap::<String, String>::new();
    let context = opentelemetry::Context::current();
    assert!(context.span().span_context().is_valid());
    global::get_text_map_propagator(|propagator| propagator.inject_context(&context, &mut carrier));
    assert!(carrier.contains_key("traceparent"), "{carrier:?}");
    {
        use opentelemetry::trace::Tracer;
        global::tracer("by hand").in_span("by hand", |_| {});
    }
    drop(workflow);

    let error = builder().install().expect_err("a second one");
    assert!(error.to_string().contains("installed in this process already"), "{error}");

    telemetry.flush(std::time::Duration::from_secs(5));
    let names: Vec<_> =
        spans.get_finished_spans().expect("alive").iter().map(|span| span.name.to_string()).collect();
    assert_eq!(names, ["by hand", "invoke_workflow w"]);
    telemetry.shutdown(std::time::Duration::from_secs(5)).into_result().expect("nothing is lost");
}
