//! rig.

use flowspan::{Engine, Workflow};
use flowspan_dialects::{Program, Provider, attribute};
use futures_util::StreamExt;
use opentelemetry::trace::{SpanKind, Status};
use rig_agent::{Agent, AgentBuilder};
use rig_core::{
    completion::CompletionRequest,
    providers::{
        anthropic::AnthropicConfig,
        openai::{OpenAI, OpenAIConfig},
    },
    tool::PortableTool,
};
use serde_json::json;

struct Weather;

#[derive(serde::Deserialize)]
struct Place {
    city: String,
}

impl PortableTool for Weather {
    const NAME: &'static str = "weather";
    type Args = Place;
    type Output = String;
    type Error = std::io::Error;

    fn description(&self) -> String {
        "says the weather".to_owned()
    }

    fn parameters(&self) -> serde_json::Value {
        json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]})
    }

    async fn call(&self, place: Place) -> Result<String, std::io::Error> {
        Ok(format!("rain in {}", place.city))
    }
}

fn openai(provider: &Provider) -> OpenAI {
    OpenAIConfig::new("key").with_base_url(format!("{}/v1", provider.origin())).client()
}

fn agent(provider: &Provider, model: &str, name: &str) -> AgentBuilder {
    AgentBuilder::new(openai(provider).chat(model)).name(name).preamble("canary")
}

fn researcher(provider: &Provider) -> Agent {
    agent(provider, "m", "researcher").default_max_turns(5).tool(Weather).build()
}

async fn agents_and_their_tools_cost_what_was_handed_out(engine: Engine) {
    let (program, provider) = (Program::new(engine), Provider::start());
    let writer = agent(&provider, "large", "writer")
        .dynamic_tool(researcher(&provider).into_tool().expect("it has a name"));
    writer.build().prompt("canary").max_turns(5).await.expect("it answers");

    let ledger = provider.ledger();
    assert_eq!(ledger.answered, 4, "two calls of each agent");
    assert_eq!(program.tokens(), ledger.tokens());
    assert_eq!(program.sum("flowspan_llm_calls_total", &[r#"status="success""#]), 4.0);
    assert_eq!(program.sum("flowspan_tool_executions_total", &[r#"status="success""#]), 2.0);
    assert_eq!(program.sum("flowspan_agent_executions_total", &[r#"agent_name="writer""#]), 1.0);
    let agent = &program.named("invoke_agent writer")[0];
    assert_eq!(attribute(agent, "gen_ai.usage.input_tokens"), None, "the sum is no usage");
    for call in program.named("chat large") {
        assert_eq!(call.span_kind, SpanKind::Client);
        assert_eq!(call.parent_span_id, agent.span_context.span_id());
        assert_eq!(attribute(&call, "gen_ai.provider.name").as_deref(), Some("openai"));
        assert_eq!(attribute(&call, "gen_ai.operation.name").as_deref(), Some("chat"));
        assert!(attribute(&call, "gen_ai.response.id").is_some_and(|id| id.starts_with("chatcmpl-")));
    }
    let tool = &program.named("execute_tool weather")[0];
    assert_eq!(tool.span_context.trace_id(), agent.span_context.trace_id());
    assert!(!program.everything().contains("canary"));
}

async fn a_streamed_answer_costs_what_was_handed_out(engine: Engine) {
    let (program, provider) = (Program::new(engine), Provider::start());
    let mut items = researcher(&provider).prompt("canary").max_turns(5).stream();
    while let Some(item) = items.next().await {
        item.expect("it answers");
    }
    drop(items);
    assert_eq!(provider.ledger().answered, 2);
    assert_eq!(program.tokens(), provider.ledger().tokens());
    for call in program.named("chat m") {
        assert_eq!(attribute(&call, "gen_ai.request.stream").as_deref(), Some("true"));
    }
}

async fn a_failure_and_the_call_that_repeats_it_are_two(engine: Engine) {
    let (program, provider) = (Program::new(engine), Provider::start());
    let request = || CompletionRequest::new("canary");
    let model = openai(&provider).chat("refuses-once");
    model.call(request()).await.expect_err("it is overloaded");
    model.call(request()).await.expect("it answers");
    assert_eq!(program.sum("flowspan_llm_calls_total", &[r#"status="failed""#]), 1.0);
    assert_eq!(program.sum("flowspan_llm_calls_total", &[r#"status="success""#]), 1.0);
    assert_eq!(program.sum("flowspan_llm_errors_total", &[r#"error_type="no_response""#]), 1.0);
    assert_eq!(program.tokens(), provider.ledger().tokens());
    let spans = program.named("chat refuses-once");
    assert!(matches!(spans[0].status, Status::Error { .. }));
    assert_eq!(spans[1].status, Status::Unset);
}

async fn a_stream_that_is_dropped_got_no_answer(engine: Engine) {
    let (program, provider) = (Program::new(engine), Provider::start());
    let mut items = agent(&provider, "stalls", "a").build().prompt("canary").stream();
    while let Some(item) = items.next().await {
        let _ = item.expect("it begins");
        if provider.ledger().stalled == 1 {
            break;
        }
    }
    drop(items);
    assert_eq!(program.sum("flowspan_llm_calls_total", &[r#"status="failed""#]), 1.0);
    assert_eq!(program.tokens(), [0; 5]);
    assert!(!program.everything().contains("canary"));
}

async fn a_workflow_around_an_agent_is_its_parent(engine: Engine) {
    let (program, provider) = (Program::new(engine), Provider::start());
    let run = async { researcher(&provider).prompt("canary").max_turns(5).await.map(drop) };
    Workflow::new("triage").run(run).await.expect("it answers");
    assert_eq!(program.tokens(), provider.ledger().tokens());
    let workflow = &program.named("invoke_workflow triage")[0];
    for call in program.named("chat m") {
        assert_eq!(call.parent_span_id, workflow.span_context.span_id());
        assert_eq!(attribute(&call, "gen_ai.agent.name").as_deref(), Some("researcher"));
    }
}

async fn what_anthropic_reports_beside_the_input_is_added(engine: Engine) {
    let (program, provider) = (Program::new(engine), Provider::start());
    let anthropic = AnthropicConfig::new("key").with_base_url(provider.origin()).client();
    anthropic
        .completion("claude")
        .call(CompletionRequest::new("canary").max_tokens(64))
        .await
        .expect("it answers");
    assert_eq!(program.tokens(), provider.ledger().tokens());
    let call = &program.named("chat claude")[0];
    assert_eq!(attribute(call, "gen_ai.usage.cache_write.input_tokens").as_deref(), Some("21"));
    assert_eq!(attribute(call, "gen_ai.provider.name").as_deref(), Some("anthropic"));
}

async fn texts_become_vectors(engine: Engine) {
    let (program, provider) = (Program::new(engine), Provider::start());
    let model = openai(&provider).embedding("e", Some(3));
    model.call(vec!["canary".to_owned()]).await.expect("it answers");
    assert_eq!(program.tokens(), provider.ledger().tokens());
    assert_eq!(program.named("embeddings e")[0].span_kind, SpanKind::Client);
}

crate::with_both_engines! {
    agents_and_their_tools_cost_what_was_handed_out;
    a_streamed_answer_costs_what_was_handed_out;
    a_failure_and_the_call_that_repeats_it_are_two;
    a_stream_that_is_dropped_got_no_answer;
    a_workflow_around_an_agent_is_its_parent;
    what_anthropic_reports_beside_the_input_is_added;
    texts_become_vectors;
}
