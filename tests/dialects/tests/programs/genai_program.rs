//! genai.

use flowspan::Engine;
use flowspan_dialects::{Program, Provider, attribute};
use futures_util::StreamExt;
use genai::{
    Client, ModelIden, ServiceTarget,
    adapter::AdapterKind,
    chat::{ChatMessage, ChatOptions, ChatRequest, Tool, ToolResponse},
    otel::agent::{AgentSpan, execute_tool_span},
    resolver::{AuthData, Endpoint, ServiceTargetResolver},
};
use opentelemetry::trace::{SpanKind, Status};
use serde_json::json;
use tracing::Instrument;

fn client(provider: &Provider, adapter: AdapterKind) -> Client {
    let endpoint = format!("{}/v1/", provider.origin());
    let resolver = ServiceTargetResolver::from_resolver_fn(
        move |target: ServiceTarget| -> Result<ServiceTarget, genai::resolver::Error> {
            Ok(ServiceTarget {
                endpoint: Endpoint::from_owned(endpoint.clone()),
                auth: AuthData::from_single("key"),
                model: ModelIden::new(adapter, target.model.model_name),
            })
        },
    );
    Client::builder().with_service_target_resolver(resolver).build().expect("it builds")
}

async fn an_agent_with_a_tool_costs_what_was_handed_out(engine: Engine) {
    let (program, provider) = (Program::new(engine), Provider::start());
    let client = client(&provider, AdapterKind::OpenAI);
    let span = AgentSpan::invoke_agent().internal().with_name("reporter").start();
    async {
        let tool = Tool::new("weather").with_description("says the weather").with_schema(
            json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}),
        );
        let request = ChatRequest::new(vec![ChatMessage::user("canary")]).with_tools(vec![tool]);
        let answer = client.exec_chat("m", request.clone(), None).await.expect("it answers");
        let calls = answer.into_tool_calls();
        let result = execute_tool_span(&calls[0]).in_scope(|| "canary".to_owned());
        let response = ToolResponse::new(calls[0].call_id.clone(), result);
        let request = request.append_message(calls).append_message(response);
        client.exec_chat("m", request, None).await.expect("it answers");
    }
    .instrument(span)
    .await;

    assert_eq!(provider.ledger().answered, 2);
    assert_eq!(program.tokens(), provider.ledger().tokens());
    assert_eq!(program.sum("flowspan_agent_executions_total", &[r#"agent_name="reporter""#]), 1.0);
    assert_eq!(program.sum("flowspan_tool_executions_total", &[r#"tool_name="weather""#]), 1.0);
    let agent = &program.named("invoke_agent reporter")[0];
    for call in program.named("chat m") {
        assert_eq!(call.span_kind, SpanKind::Client);
        assert_eq!(call.parent_span_id, agent.span_context.span_id());
        assert!(attribute(&call, "server.port").is_some());
    }
    assert!(!program.everything().contains("canary"));
}

async fn a_streamed_answer_costs_what_was_handed_out(engine: Engine) {
    let (program, provider) = (Program::new(engine), Provider::start());
    let options = ChatOptions::default().with_capture_usage(true);
    let request = ChatRequest::new(vec![ChatMessage::user("canary")]);
    let answer = client(&provider, AdapterKind::OpenAI).exec_chat_stream("m", request, Some(&options)).await;
    let mut events = answer.expect("it answers").stream;
    while let Some(event) = events.next().await {
        event.expect("it answers");
    }
    drop(events);
    assert_eq!(program.tokens(), provider.ledger().tokens());
    let call = &program.named("chat m")[0];
    assert_eq!(attribute(call, "gen_ai.request.stream").as_deref(), Some("true"));
    assert!(attribute(call, "gen_ai.response.time_to_first_chunk").is_some());
}

async fn a_failure_has_the_class_that_genai_gives_it(engine: Engine) {
    let (program, provider) = (Program::new(engine), Provider::start());
    let client = client(&provider, AdapterKind::OpenAI);
    let request = || ChatRequest::new(vec![ChatMessage::user("canary")]);
    client.exec_chat("refuses-once", request(), None).await.expect_err("it is overloaded");
    client.exec_chat("refuses-once", request(), None).await.expect("it answers");
    assert_eq!(program.sum("flowspan_llm_errors_total", &[r#"error_type="503""#]), 1.0);
    assert_eq!(program.sum("flowspan_llm_calls_total", &[r#"status="success""#]), 1.0);
    assert_eq!(program.tokens(), provider.ledger().tokens());
    assert!(matches!(program.named("chat refuses-once")[0].status, Status::Error { .. }));
}

async fn a_stream_that_is_dropped_keeps_what_had_come(engine: Engine) {
    let (program, provider) = (Program::new(engine), Provider::start());
    let request = ChatRequest::new(vec![ChatMessage::user("canary")]);
    let answer = client(&provider, AdapterKind::OpenAI).exec_chat_stream("stalls", request, None).await;
    let mut events = answer.expect("it begins").stream;
    while provider.ledger().stalled == 0 {
        let _ = events.next().await;
    }
    drop(events);
    // genai does not say that nobody waited for the end.
    assert_eq!(program.sum("flowspan_llm_calls_total", &[r#"model="stalls""#]), 1.0);
    assert_eq!(program.tokens(), [0; 5]);
}

async fn what_anthropic_reports_beside_the_input_is_added(engine: Engine) {
    let (program, provider) = (Program::new(engine), Provider::start());
    let request = ChatRequest::new(vec![ChatMessage::user("canary")]);
    client(&provider, AdapterKind::Anthropic).exec_chat("claude", request, None).await.expect("it answers");
    assert_eq!(program.tokens(), provider.ledger().tokens());
}

async fn texts_become_vectors(engine: Engine) {
    let (program, provider) = (Program::new(engine), Provider::start());
    client(&provider, AdapterKind::OpenAI).embed("e", "canary", None).await.expect("it answers");
    assert_eq!(program.tokens(), provider.ledger().tokens());
    assert_eq!(program.named("embeddings e")[0].span_kind, SpanKind::Client);
}

crate::with_both_engines! {
    an_agent_with_a_tool_costs_what_was_handed_out;
    a_streamed_answer_costs_what_was_handed_out;
    a_failure_has_the_class_that_genai_gives_it;
    a_stream_that_is_dropped_keeps_what_had_come;
    what_anthropic_reports_beside_the_input_is_added;
    texts_become_vectors;
}
