//! Everybody who uses the names of the convention: on `tracing` spans, and through the OpenTelemetry API.

use flowspan_api::{Inference, Usage};
use flowspan_layer::Engine;
use flowspan_model::{Field, Kind, Moment, Status};
use opentelemetry::{
    KeyValue, Value,
    trace::{Span as _, SpanKind, Status as OtelStatus, Tracer, TracerProvider},
};
use opentelemetry_sdk::trace::Sampler;
use tracing::{field::Empty, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::support::{Bench, attribute};

fn the_operation_says_what_a_span_is(engine: Engine) {
    for (operation, kind, name) in [
        ("chat", Kind::Inference, "chat m"),
        ("text_completion", Kind::Inference, "text_completion m"),
        ("embeddings", Kind::Embeddings, "embeddings m"),
        ("invoke_agent", Kind::Agent, "invoke_agent a"),
        ("execute_tool", Kind::ToolCall, "execute_tool t"),
        ("invoke_workflow", Kind::Workflow, "invoke_workflow w"),
        ("plan", Kind::Plan, "plan a"),
        ("retrieval", Kind::Retrieval, "retrieval d"),
        ("search_memory", Kind::Memory, "search_memory"),
    ] {
        let bench = Bench::new(engine);
        let span = info_span!(
            "mine",
            gen_ai.operation.name = operation,
            gen_ai.request.model = "m",
            gen_ai.agent.name = "a",
            gen_ai.tool.name = "t",
            gen_ai.workflow.name = "w",
            gen_ai.data_source.id = "d",
            gen_ai.system = "xai",
        );
        drop(span);
        let ended = bench.ended(kind);
        assert_eq!(ended.fields.text(Field::Provider), Some("x_ai"));
        let is_client = matches!(kind, Kind::Inference | Kind::Embeddings | Kind::Retrieval | Kind::Memory);
        assert_eq!(bench.span(name).span_kind == SpanKind::Client, is_client, "{name}");
    }
}

fn an_operation_may_come_late(engine: Engine) {
    let bench = Bench::new(engine);
    let span = info_span!("mine", gen_ai.operation.name = Empty, gen_ai.request.model = "m");
    span.in_scope(|| {
        info_span!("inside", gen_ai.operation.name = "execute_tool", gen_ai.tool.name = "t").in_scope(|| {
            span.record("gen_ai.operation.name", "invoke_agent");
            span.record("gen_ai.operation.name", "chat");
        });
    });
    drop(span);
    let told: Vec<_> = bench.events().iter().map(|event| (event.moment, event.kind)).collect();
    let expected = [
        (Moment::Started, Kind::ToolCall),
        (Moment::Started, Kind::Agent),
        (Moment::Ended, Kind::ToolCall),
        (Moment::Ended, Kind::Agent),
    ];
    assert_eq!(told, expected, "what has begun as one thing ends as that");

    let span = info_span!("mine", gen_ai.operation.name = "plan", gen_ai.request.model = "m");
    span.record("gen_ai.operation.name", "chat");
    drop(span);
    assert_eq!(bench.ended(Kind::Inference).fields.text(Field::RequestModel), Some("m"));
}

fn an_unknown_operation_is_shown_and_not_measured(engine: Engine) {
    let bench = Bench::new(engine);
    let span = info_span!(
        "mine",
        gen_ai.operation.name = "dance",
        gen_ai.usage.input_tokens = 7_u64,
        mine = true,
        gen_ai.input.messages = "canary",
    );
    drop(span);
    assert!(bench.events().is_empty());
    let span = bench.span("mine");
    assert_eq!(attribute(&span, "gen_ai.operation.name"), Some("dance".into()));
    assert_eq!(attribute(&span, "gen_ai.usage.input_tokens"), Some(Value::I64(7)));
    assert_eq!(attribute(&span, "mine"), Some(Value::Bool(true)));
    assert_eq!(attribute(&span, "gen_ai.input.messages"), None);
}

fn a_model_and_tokens_are_a_call(engine: Engine) {
    let bench = Bench::new(engine);
    let span = info_span!(
        "ask",
        gen_ai.system = "openai",
        gen_ai.request.model = "m",
        gen_ai.usage.prompt_tokens = "7",
        gen_ai.usage.completion_tokens = 3.0,
    );
    drop(span);
    assert_eq!(bench.ended(Kind::Inference).usage(), Usage::new().input(7).output(3));
}

fn an_error_inside_is_the_error_of_the_call(engine: Engine) {
    let bench = Bench::sampling(engine, Sampler::AlwaysOff);
    let span = info_span!("ask", gen_ai.operation.name = "chat", gen_ai.request.model = "m");
    span.in_scope(|| tracing::error!("connection reset"));
    drop(span);
    assert_eq!(bench.ended(Kind::Inference).status(), Some(Status::Failed));
    assert_eq!(bench.ended(Kind::Inference).fields.text(Field::ErrorType), Some("_OTHER"));
}

fn spans_of_the_opentelemetry_api_are_heard_once(engine: Engine) {
    let bench = Bench::new(engine);
    let tracer = bench.provider.tracer("llm-sdk");
    let mut span = tracer.start("llm_sdk.generate");
    for attribute in [
        KeyValue::new("gen_ai.operation.name", "generate_content"),
        KeyValue::new("gen_ai.provider.name", "moonshot"),
        KeyValue::new("gen_ai.request.model", "m"),
        KeyValue::new("gen_ai.usage.input_tokens", 7),
        KeyValue::new("gen_ai.usage.output_tokens", 3),
        KeyValue::new("gen_ai.server.time_to_first_token", 0.25),
        KeyValue::new("gen_ai.input.messages", "canary"),
        KeyValue::new("mine", 1),
    ] {
        span.set_attribute(attribute);
    }
    span.set_status(OtelStatus::error("broken"));
    span.end();
    let call = Inference::chat("openai", "own");
    call.usage(Usage::new().input(1));
    call.span().in_scope(|| ());
    drop(call);

    let calls: Vec<_> = bench.events().into_iter().filter(|event| event.moment == Moment::Ended).collect();
    assert_eq!(calls.len(), 2, "{calls:?}");
    let heard = &calls[0];
    assert_eq!(heard.usage(), Usage::new().input(7).output(3));
    assert_eq!(heard.fields.text(Field::Provider), Some("moonshot_ai"));
    assert_eq!(heard.fields.text(Field::ErrorType), Some("_OTHER"));
    assert_eq!(heard.status(), Some(Status::Failed));
    let span = bench.span("generate_content m");
    assert_eq!(span.span_kind, SpanKind::Client);
    assert_eq!(heard.ids.span, span.span_context.span_id().to_bytes());
    assert_eq!(attribute(&span, "mine"), Some(Value::I64(1)));
    assert_eq!(attribute(&span, "gen_ai.response.time_to_first_chunk"), Some(Value::F64(0.25)));
    assert_eq!(attribute(&span, "gen_ai.input.messages"), None);
}

with_both_engines! {
    the_operation_says_what_a_span_is;
    an_operation_may_come_late;
    an_unknown_operation_is_shown_and_not_measured;
    a_model_and_tokens_are_a_call;
    an_error_inside_is_the_error_of_the_call;
    spans_of_the_opentelemetry_api_are_heard_once;
}

// The other engine cannot look at what is said to `tracing-opentelemetry`.
#[test]
fn a_span_may_say_everything_through_the_extension_trait() {
    let bench = Bench::new(Engine::Native);
    let span = info_span!("ask");
    span.set_attribute("gen_ai.operation.name", "chat");
    span.set_attribute("gen_ai.request.model", "m");
    span.set_attribute("gen_ai.usage.output_tokens", 3_i64);
    drop(span);
    assert_eq!(bench.ended(Kind::Inference).usage(), Usage::new().output(3));
    assert_eq!(bench.span("chat m").span_kind, SpanKind::Client);
}
