//! openinference-instrumentation. Its newest version speaks to an older `tracing-opentelemetry` than
//! flowspan's, so that nothing of it is heard but its spans and their names.

use flowspan::Engine;
use flowspan_dialects::{Program, attribute};
use openinference_instrumentation::{AgentSpanBuilder, LlmSpanBuilder, ToolSpanBuilder};
use opentelemetry::trace::SpanKind;

async fn its_spans_are_known_by_their_names(engine: Engine) {
    let program = Program::new(engine);
    AgentSpanBuilder::new("writer").build().in_scope(|| {
        LlmSpanBuilder::new("m").provider("openai").input_message("user", "canary").build().in_scope(|| ());
        ToolSpanBuilder::new("weather").build().in_scope(|| ());
    });
    let agent = &program.named("invoke_agent writer")[0];
    let call = &program.named("chat m")[0];
    assert_eq!(call.span_kind, SpanKind::Client);
    assert_eq!(call.parent_span_id, agent.span_context.span_id());
    assert_eq!(attribute(call, "gen_ai.request.model").as_deref(), Some("m"));
    assert_eq!(program.named("execute_tool weather").len(), 1);
    assert!(!program.everything().contains("canary"));
}

crate::with_both_engines! {
    its_spans_are_known_by_their_names;
}
