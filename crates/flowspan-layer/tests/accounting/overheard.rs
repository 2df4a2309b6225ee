//! Calls that are made through the OpenTelemetry API, inside work that `tracing` tells of.

use flowspan_api::{Agent, Inference, Usage, Workflow};
use flowspan_layer::{Accounting, Engine};
use flowspan_model::{Event, Field, Kind, Moment};
use opentelemetry::{
    KeyValue, Value,
    trace::{Span as _, Tracer, TracerProvider},
};
use opentelemetry_sdk::trace::SdkTracer;
use tracing::info_span;

use super::{
    bench, some,
    support::{Bench, attribute},
    within,
};
use crate::with_both_engines;

fn tracer(bench: &Bench) -> SdkTracer {
    bench.provider.tracer("llm-sdk")
}

/// A span of a call that has used ten and three tokens, still open.
fn called(tracer: &SdkTracer) -> opentelemetry_sdk::trace::Span {
    let mut call = tracer.start("call");
    for attribute in [
        KeyValue::new("gen_ai.operation.name", "chat"),
        KeyValue::new("gen_ai.request.model", "m"),
        KeyValue::new("gen_ai.usage.input_tokens", 10),
        KeyValue::new("gen_ai.usage.output_tokens", 3),
    ] {
        call.set_attribute(attribute);
    }
    call
}

/// Input, output and calls.
fn rolled_up(event: &Event) -> [Option<i64>; 3] {
    [Field::RollUpInputTokens, Field::RollUpOutputTokens, Field::RollUpInferenceCalls]
        .map(|field| event.fields.integer(field))
}

fn calls(bench: &Bench) -> Vec<(Usage, bool)> {
    let events = bench.events().into_iter();
    let calls = events.filter(|event| (event.moment, event.kind) == (Moment::Ended, Kind::Inference));
    calls.map(|call| (call.usage(), call.fields.get(Field::Duplicate).is_some())).collect()
}

fn calls_through_the_opentelemetry_api_are_in_the_roll_ups_around_them(engine: Engine) {
    let bench = bench(engine, Accounting::default());
    let tracer = tracer(&bench);
    within(Workflow::new("w").span(), || {
        called(&tracer).end();
        within(Agent::new("a").span(), || {
            info_span!("of nobody").in_scope(|| {
                tracer.in_span("of nobody, either", |_| called(&tracer).end());
                called(&tracer).end();
            });
        });
    });
    let agent = bench.ended(Kind::Agent);
    assert_eq!(rolled_up(&agent), [Some(20), Some(6), Some(2)]);
    assert_eq!(agent.fields.integer(Field::AgentInferenceCalls), Some(2));
    assert_eq!(rolled_up(&bench.ended(Kind::Workflow)), [Some(30), Some(9), Some(3)]);
    let workflow = bench.span("invoke_workflow w");
    assert_eq!(attribute(&workflow, "flowspan.usage.input_tokens"), Some(Value::I64(30)));
    assert_eq!(calls(&bench), [(some(), false), (some(), false), (some(), false)]);
}

fn an_own_handle_around_a_call_through_the_opentelemetry_api_counts_once(engine: Engine) {
    let bench = bench(engine, Accounting::default());
    let tracer = tracer(&bench);
    within(Workflow::new("w").span(), || {
        let around = Inference::chat("p", "m");
        around.span().in_scope(|| called(&tracer).end());
        around.usage(some());
    });
    assert_eq!(calls(&bench), [(some(), false), (Usage::new(), true)]);
    assert_eq!(rolled_up(&bench.ended(Kind::Workflow)), [Some(10), Some(3), Some(1)]);
}

fn an_agent_of_the_opentelemetry_api_shows_the_sums_of_its_calls(engine: Engine) {
    let bench = bench(engine, Accounting::default());
    let tracer = tracer(&bench);
    within(Workflow::new("w").span(), || {
        let agent = [("gen_ai.operation.name", "invoke_agent"), ("gen_ai.agent.name", "a")];
        let agent = agent.map(|(key, value)| KeyValue::new(key, value));
        let agent = tracer.span_builder("run").with_attributes(agent).start(&tracer);
        let _inside = opentelemetry::trace::mark_span_as_active(agent);
        called(&tracer).end();
        called(&tracer).end();
    });
    assert_eq!(rolled_up(&bench.ended(Kind::Agent)), [Some(20), Some(6), Some(2)]);
    assert_eq!(rolled_up(&bench.ended(Kind::Workflow)), [Some(20), Some(6), Some(2)]);
    let agent = bench.span("invoke_agent a");
    assert_eq!(attribute(&agent, "flowspan.usage.output_tokens"), Some(Value::I64(6)));
}

fn a_call_that_ends_after_the_work_around_it_is_counted_and_in_no_roll_up(engine: Engine) {
    let bench = bench(engine, Accounting::default());
    let tracer = tracer(&bench);
    let mut call = None;
    within(Workflow::new("w").span(), || call = Some(called(&tracer)));
    call.expect("it was made").end();
    assert_eq!(rolled_up(&bench.ended(Kind::Workflow)), [None; 3]);
    assert_eq!(calls(&bench), [(some(), false)]);
    within(Workflow::new("another").span(), || ());
    let last = bench.events().pop().expect("it ended");
    assert_eq!(rolled_up(&last), [None; 3], "nor in that of anybody else");
}

with_both_engines! {
    calls_through_the_opentelemetry_api_are_in_the_roll_ups_around_them;
    an_own_handle_around_a_call_through_the_opentelemetry_api_counts_once;
    an_agent_of_the_opentelemetry_api_shows_the_sums_of_its_calls;
    a_call_that_ends_after_the_work_around_it_is_counted_and_in_no_roll_up;
}

// The other engine cannot look at what is said to `tracing-opentelemetry`.
#[test]
fn a_span_that_becomes_a_call_through_the_extension_trait_is_in_the_roll_up() {
    use tracing_opentelemetry::OpenTelemetrySpanExt;

    let bench = bench(Engine::Native, Accounting::default());
    within(Workflow::new("w").span(), || {
        let span = info_span!("ask");
        span.set_attribute("gen_ai.operation.name", "chat");
        span.set_attribute("gen_ai.usage.input_tokens", 10_i64);
    });
    assert_eq!(rolled_up(&bench.ended(Kind::Workflow)), [Some(10), None, Some(1)]);
}

#[test]
fn a_span_that_becomes_an_agent_through_the_extension_trait_shows_the_sums_of_its_calls() {
    use tracing_opentelemetry::OpenTelemetrySpanExt;

    let bench = bench(Engine::Native, Accounting::default());
    let tracer = tracer(&bench);
    within(Workflow::new("w").span(), || {
        let span = info_span!("run");
        span.set_attribute("gen_ai.operation.name", "invoke_agent");
        span.in_scope(|| called(&tracer).end());
    });
    assert_eq!(rolled_up(&bench.ended(Kind::Agent)), [Some(10), Some(3), Some(1)]);
    assert_eq!(rolled_up(&bench.ended(Kind::Workflow)), [Some(10), Some(3), Some(1)]);
}
