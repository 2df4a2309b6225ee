//! rig, genai, langchain-rust, swiftide and OpenInference.

use flowspan_api::{Usage, Workflow};
use flowspan_layer::Engine;
use flowspan_model::{Field, Kind, Moment, Status};
use opentelemetry::{
    Array, Value,
    trace::{SpanKind, Status as OtelStatus},
};
use tracing::{Span, field::Empty, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::support::{Bench, attribute};

/// The span of an agent's call, which rig's own code fills.
fn rig_chat(agent: &str) -> Span {
    info_span!(
        target: "rig::agent_chat", "chat",
        rig.completion_parent = true, gen_ai.operation.name = "chat",
        gen_ai.system_instructions = "canary", gen_ai.provider.name = Empty,
        gen_ai.request.model = Empty, gen_ai.request.stream = Empty, gen_ai.response.id = Empty,
        gen_ai.response.model = Empty, rig.provider_request_id = Empty,
        gen_ai.usage.input_tokens = Empty, gen_ai.usage.output_tokens = Empty,
        gen_ai.usage.cache_read.input_tokens = Empty, gen_ai.usage.cache_creation.input_tokens = Empty,
        gen_ai.usage.tool_use_prompt_tokens = Empty, gen_ai.usage.reasoning_tokens = Empty,
        gen_ai.input.messages = Empty, gen_ai.output.messages = Empty, gen_ai.agent.name = agent,
    )
}

fn rig_tool() -> Span {
    info_span!(
        target: "rig_agent::agent::telemetry", "execute_tool",
        gen_ai.operation.name = "execute_tool", gen_ai.tool.type = "function", gen_ai.tool.name = Empty,
        gen_ai.tool.call.id = Empty, gen_ai.tool.call.arguments = Empty, gen_ai.tool.call.result = Empty,
        gen_ai.tool.call.outcome = Empty, gen_ai.tool.error.type = Empty,
    )
}

fn a_call_of_rig_is_filled_late_and_twice(engine: Engine) {
    let bench = Bench::new(engine);
    let span = rig_chat("researcher");
    span.in_scope(|| {
        span.record("gen_ai.operation.name", "chat");
        span.record("gen_ai.provider.name", "mistral");
        span.record("gen_ai.request.model", "m");
        span.record("gen_ai.request.stream", true);
        span.record("gen_ai.usage.input_tokens", 812_u64);
        span.record("gen_ai.usage.output_tokens", 96_u64);
        span.record("gen_ai.usage.cache_read.input_tokens", 640_u64);
        span.record("gen_ai.usage.cache_creation.input_tokens", 0_u64);
        span.record("gen_ai.usage.reasoning_tokens", 12_u64);
        span.record("gen_ai.input.messages", "canary");
        span.record("gen_ai.response.id", "r-1");
    });
    drop(span);

    let call = bench.ended(Kind::Inference);
    let usage = Usage::new().input(812).output(96).cache_read(640).cache_write(0).reasoning(12);
    assert_eq!(call.usage(), usage);
    assert_eq!(call.status(), Some(Status::Success));
    assert_eq!(call.fields.text(Field::AgentName), Some("researcher"));
    let span = bench.span("chat m");
    assert_eq!(span.span_kind, SpanKind::Client);
    assert_eq!(span.status, OtelStatus::Unset);
    assert_eq!(attribute(&span, "gen_ai.provider.name"), Some("mistral_ai".into()));
    assert_eq!(attribute(&span, "gen_ai.usage.input_tokens"), Some(Value::I64(812)));
    assert_eq!(attribute(&span, "gen_ai.usage.reasoning.output_tokens"), Some(Value::I64(12)));
    assert_eq!(attribute(&span, "gen_ai.usage.cache_write.input_tokens"), Some(Value::I64(0)));
    assert_eq!(attribute(&span, "gen_ai.request.stream"), Some(Value::Bool(true)));
    assert_eq!(attribute(&span, "gen_ai.usage.reasoning_tokens"), None);
    assert!(!format!("{:?}{:?}", bench.spans(), bench.events()).contains("canary"));
}

fn what_an_agent_of_rig_sums_up_is_counted_nowhere(engine: Engine) {
    let bench = Bench::new(engine);
    let agent = info_span!(
        target: "rig_agent::agent::telemetry", parent: None, "invoke_agent",
        gen_ai.operation.name = "invoke_agent", gen_ai.agent.name = "researcher",
        gen_ai.prompt = Empty, gen_ai.completion = Empty,
        gen_ai.usage.input_tokens = Empty, gen_ai.usage.output_tokens = Empty,
    );
    agent.in_scope(|| {
        let call = rig_chat("researcher");
        call.record("gen_ai.request.model", "m");
        call.record("gen_ai.usage.output_tokens", 96_u64);
    });
    agent.record("gen_ai.usage.input_tokens", 812_u64);
    agent.record("gen_ai.usage.output_tokens", 96_u64);
    agent.record("gen_ai.completion", "canary");
    drop(agent);

    assert_eq!(bench.ended(Kind::Agent).usage(), Usage::new());
    assert_eq!(attribute(&bench.span("invoke_agent researcher"), "gen_ai.usage.output_tokens"), None);
    let call = bench.ended(Kind::Inference);
    let agent = bench.span("invoke_agent researcher");
    assert_eq!(call.ids.parent, Some(agent.span_context.span_id().to_bytes()));
    assert!(!format!("{:?}{:?}", bench.spans(), bench.events()).contains("canary"));
}

fn a_tool_of_rig_says_what_became_of_it(engine: Engine) {
    for (outcome, error, status, error_type) in [
        ("success", None, Status::Success, None),
        ("error", Some("provider"), Status::Failed, Some("provider")),
        ("error", None, Status::Failed, Some("_OTHER")),
        ("denied", None, Status::Cancelled, Some("cancelled")),
    ] {
        let bench = Bench::new(engine);
        let tool = rig_tool();
        tool.in_scope(|| {
            tool.record("gen_ai.tool.name", "search");
            tool.record("gen_ai.tool.call.id", tracing::field::display("call-1"));
            tool.record("gen_ai.tool.call.outcome", outcome);
            if let Some(error) = error {
                tool.record("gen_ai.tool.error.type", error);
            }
        });
        drop(tool);
        let call = bench.ended(Kind::ToolCall);
        assert_eq!(call.status(), Some(status), "{outcome}");
        assert_eq!(call.fields.text(Field::ErrorType), error_type, "{outcome}");
        let span = bench.span("execute_tool search");
        assert_eq!(attribute(&span, "gen_ai.tool.call.id"), Some("call-1".into()));
        assert_eq!(matches!(span.status, OtelStatus::Error { .. }), status != Status::Success);
        assert_eq!(span.span_kind, SpanKind::Internal);
    }
}

fn a_call_of_rig_without_an_answer_has_failed(engine: Engine) {
    let bench = Bench::new(engine);
    let span = rig_chat("a");
    span.record("gen_ai.provider.name", "openai");
    span.record("gen_ai.request.model", "m");
    drop(span);
    let call = bench.ended(Kind::Inference);
    assert_eq!(call.status(), Some(Status::Failed));
    assert_eq!(call.fields.text(Field::ErrorType), Some("no_response"));
    assert!(matches!(bench.span("chat m").status, OtelStatus::Error { .. }));
}

fn tokens_that_rig_reports_beside_the_input_are_added(engine: Engine) {
    macro_rules! call {
        ($provider:literal $(, $more:ident . $field:ident)?) => {{
            let bench = Bench::new(engine);
            let span = info_span!(
                target: "rig::completions", "chat_streaming",
                gen_ai.operation.name = "chat_streaming", gen_ai.provider.name = $provider,
                gen_ai.request.model = "m", gen_ai.usage.input_tokens = 100_u64,
                gen_ai.usage.output_tokens = 5_u64, gen_ai.usage.cache_read.input_tokens = 40_u64,
                gen_ai.usage.cache_creation.input_tokens = 2_u64, $($more.$field = Empty,)?
            );
            drop(span);
            assert_eq!(bench.ended(Kind::Inference).fields.get(Field::Stream), Some(&true.into()));
            assert_eq!(attribute(&bench.span("chat m"), "gen_ai.operation.name"), Some("chat".into()));
            bench.ended(Kind::Inference).usage().input
        }};
    }
    assert_eq!(call!("anthropic"), Some(142), "rig 0.42");
    assert_eq!(call!("openai"), Some(100), "rig 0.42");
    assert_eq!(call!("anthropic", rig.provider_request_id), Some(100), "rig 0.43");
}

fn genai_speaks_the_convention(engine: Engine) {
    let bench = Bench::new(engine);
    let call = info_span!(
        target: "genai::otel::span", "genai.chat",
        "otel.name" = "chat m", "otel.kind" = "client", "otel.status_code" = Empty, "error.type" = Empty,
        "gen_ai.operation.name" = "chat", "gen_ai.provider.name" = "x_ai", "gen_ai.request.model" = "m",
        "gen_ai.request.stream" = false, "gen_ai.request.stop_sequences" = "[\"a\",\"b\"]",
        "server.port" = 443_i64, "gen_ai.response.finish_reasons" = Empty,
        "gen_ai.usage.input_tokens" = Empty, "gen_ai.usage.cache_creation.input_tokens" = Empty,
    );
    call.record("gen_ai.usage.input_tokens", 7_i64);
    call.record("gen_ai.usage.cache_creation.input_tokens", 3_i64);
    call.record("gen_ai.response.finish_reasons", "[\"stop\"]");
    drop(call);
    let span = bench.span("chat m");
    let texts = |texts: &[&'static str]| {
        Some(Value::Array(Array::String(texts.iter().map(|text| (*text).into()).collect())))
    };
    assert_eq!(attribute(&span, "gen_ai.response.finish_reasons"), texts(&["stop"]));
    assert_eq!(attribute(&span, "gen_ai.request.stop_sequences"), texts(&["a", "b"]));
    assert_eq!(attribute(&span, "server.port"), Some(Value::I64(443)));
    assert_eq!(attribute(&span, "otel.name"), None);
    assert_eq!(bench.ended(Kind::Inference).usage(), Usage::new().input(7).cache_write(3));

    for (error, status) in [("timeout", Status::Timeout), ("429", Status::Failed)] {
        let bench = Bench::new(engine);
        let call = info_span!(
            target: "genai::otel::span", "genai.embeddings", "otel.kind" = "client",
            "otel.status_code" = Empty, "error.type" = Empty, "gen_ai.operation.name" = "embeddings",
            "gen_ai.provider.name" = "openai", "gen_ai.request.model" = "e",
        );
        call.record("otel.status_code", "error");
        call.record("error.type", error);
        drop(call);
        assert_eq!(bench.ended(Kind::Embeddings).status(), Some(status));
        assert_eq!(bench.ended(Kind::Embeddings).fields.text(Field::ErrorType), Some(error));
        assert!(matches!(bench.span("embeddings e").status, OtelStatus::Error { .. }));
    }
}

fn an_agent_that_genai_makes_is_not_run(engine: Engine) {
    let agent = |operation: &'static str| {
        info_span!(
            target: "genai::otel::agent", "genai.agent", "otel.kind" = "client",
            "gen_ai.operation.name" = operation, "gen_ai.agent.name" = "writer",
        )
    };
    let bench = Bench::new(engine);
    drop(agent("create_agent"));
    assert!(bench.events().is_empty());
    assert_eq!(attribute(&bench.span("genai.agent"), "gen_ai.agent.name"), Some("writer".into()));
    drop(agent("invoke_agent"));
    assert_eq!(bench.span("invoke_agent writer").span_kind, SpanKind::Client);
    assert_eq!(bench.events().len(), 2);
}

fn langchain_has_names_of_its_own(engine: Engine) {
    let bench = Bench::new(engine);
    let agent = info_span!(
        target: "langchain_rust::agent::executor", "agent.run",
        max_iterations = 10, steps = Empty, total_tokens = Empty, error = Empty,
    );
    agent.in_scope(|| {
        let call = info_span!(
            target: "langchain_rust::observability", "llm.generate",
            provider = "claude", model = "m", stream = false, prompt_tokens = Empty,
            completion_tokens = Empty, total_tokens = Empty, tool_calls = Empty, error = Empty,
        );
        call.record("prompt_tokens", 7_u32);
        call.record("completion_tokens", 3_u32);
        call.record("total_tokens", 10_u32);
        let tool =
            info_span!(target: "langchain_rust::agent::executor", "tool.call", tool = %"calc", error = Empty);
        tool.record("error", tracing::field::display("division by zero"));
    });
    agent.record("total_tokens", 10_u32);
    drop(agent);

    let call = bench.ended(Kind::Inference);
    assert_eq!(call.usage(), Usage::new().input(7).output(3));
    assert_eq!(call.fields.text(Field::Provider), Some("anthropic"));
    assert_eq!(attribute(&bench.span("chat m"), "gen_ai.operation.name"), Some("chat".into()));
    assert_eq!(attribute(&bench.span("chat m"), "total_tokens"), None);
    assert_eq!(attribute(&bench.span("invoke_agent"), "total_tokens"), None);
    let tool = bench.ended(Kind::ToolCall);
    assert_eq!(tool.status(), Some(Status::Failed));
    assert_eq!(tool.fields.text(Field::ErrorType), Some("_OTHER"));
    assert_eq!(bench.span("execute_tool calc").status, OtelStatus::error("division by zero"));
}

fn swiftide_says_little_but_its_names(engine: Engine) {
    let bench = Bench::new(engine);
    info_span!(target: "swiftide_agents::agent", "agent.query").in_scope(|| {
        let step = info_span!(target: "swiftide_agents::agent", "step", otel.name = Empty);
        step.record("otel.name", "step-1");
        step.in_scope(|| {
            let call = info_span!(target: "swiftide_integrations::anthropic::chat_completion", "complete");
            call.in_scope(|| tracing::error!(target: "swiftide_integrations", error = "broken"));
            drop(info_span!(target: "swiftide_agents::agent", "tool", otel.name = "tool.shell"));
        });
    });
    let call = bench.ended(Kind::Inference);
    assert_eq!(call.fields.text(Field::Provider), Some("anthropic"));
    assert_eq!(call.status(), Some(Status::Failed));
    assert_eq!(bench.ended(Kind::ToolCall).fields.text(Field::ToolName), Some("shell"));
    assert_eq!(bench.ended(Kind::ToolCall).status(), Some(Status::Success));
    assert_eq!(bench.span("step step").parent_span_id, bench.span("invoke_agent").span_context.span_id());
}

fn openinference_speaks_through_the_extension_trait(engine: Engine) {
    let bench = Bench::new(engine);
    let call = info_span!(target: "openinference_instrumentation::span_builder", "llm", otel.name = %"llm m");
    call.set_attribute("openinference.span.kind", "LLM");
    call.set_attribute("llm.provider", "openai");
    call.set_attribute("llm.token_count.prompt", 7_i64);
    call.set_attribute("llm.token_count.completion", 3_i64);
    call.set_attribute("llm.token_count.total", 10_i64);
    call.set_attribute("llm.input_messages.0.message.content", "canary");
    call.set_attribute("input.value", "canary");
    call.in_scope(|| ());
    drop(call);
    let ended = bench.ended(Kind::Inference);
    assert_eq!(ended.fields.text(Field::RequestModel), Some("m"));
    let span = bench.span("chat m");
    assert_eq!(span.span_kind, SpanKind::Client);
    if engine == Engine::Native {
        // The other engine cannot look at what is said to `tracing-opentelemetry`.
        assert_eq!(ended.usage(), Usage::new().input(7).output(3));
        assert_eq!(attribute(&span, "llm.token_count.total"), None);
        assert_eq!(attribute(&span, "gen_ai.usage.input_tokens"), Some(Value::I64(7)));
    }
    assert!(!format!("{:?}{:?}", bench.spans(), bench.events()).contains("canary"));
}

fn a_workflow_around_them_is_known_inside(engine: Engine) {
    let bench = Bench::new(engine);
    Workflow::new("triage")
        .in_scope(|| {
            rig_chat("a").in_scope(|| ());
            Ok::<_, std::io::Error>(())
        })
        .expect("nothing fails");
    for event in bench.events() {
        assert_eq!(event.fields.text(Field::WorkflowName), Some("triage"));
    }
    let started = bench.events().iter().filter(|event| event.moment == Moment::Started).count();
    assert_eq!((started, bench.events().len()), (2, 4));
}

with_both_engines! {
    a_call_of_rig_is_filled_late_and_twice;
    what_an_agent_of_rig_sums_up_is_counted_nowhere;
    a_tool_of_rig_says_what_became_of_it;
    a_call_of_rig_without_an_answer_has_failed;
    tokens_that_rig_reports_beside_the_input_are_added;
    genai_speaks_the_convention;
    an_agent_that_genai_makes_is_not_run;
    langchain_has_names_of_its_own;
    swiftide_says_little_but_its_names;
    openinference_speaks_through_the_extension_trait;
    a_workflow_around_them_is_known_inside;
}
