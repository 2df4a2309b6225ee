//! langchain-rust.

use std::{error::Error, sync::Arc};

use flowspan::Engine;
use flowspan_dialects::{Program, Provider, attribute};
use langchain_rust::{
    agent::{AgentExecutor, OpenAiToolAgentBuilder},
    chain::Chain,
    language_models::llm::LLM,
    llm::openai::{OpenAI, OpenAIConfig},
    prompt_args,
    tools::Tool,
};
use opentelemetry::trace::{SpanKind, Status};
use serde_json::{Value, json};

struct Weather;

#[async_trait::async_trait]
impl Tool for Weather {
    fn name(&self) -> String {
        "weather".to_owned()
    }

    fn description(&self) -> String {
        "says the weather".to_owned()
    }

    fn parameters(&self) -> Value {
        json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]})
    }

    async fn run(&self, _: Value) -> Result<String, Box<dyn Error>> {
        Ok("canary".to_owned())
    }
}

fn model(provider: &Provider, name: &str) -> OpenAI<OpenAIConfig> {
    let config = OpenAIConfig::new().with_api_base(format!("{}/v1", provider.origin())).with_api_key("key");
    OpenAI::new(config).with_model(name)
}

async fn an_agent_with_a_tool_costs_what_was_handed_out(engine: Engine) {
    let (program, provider) = (Program::new(engine), Provider::start());
    let agent = OpenAiToolAgentBuilder::new().tools(&[Arc::new(Weather)]).build(model(&provider, "m"));
    let executor = AgentExecutor::from_agent(agent.expect("it builds"));
    executor.invoke(prompt_args! { "input" => "canary" }).await.expect("it answers");

    let (ledger, [input, output, ..]) = (provider.ledger(), program.tokens());
    assert_eq!(ledger.answered, 2);
    assert_eq!((input, output), (ledger.input, ledger.output));
    let agent = &program.named("invoke_agent")[0];
    assert_eq!(attribute(agent, "total_tokens"), None);
    assert_eq!(program.named("chat m")[0].span_kind, SpanKind::Client);
    assert_eq!(program.named("execute_tool weather").len(), 1);
    assert_eq!(program.named("plan").len(), 2);
    let everything = program.everything();
    let at = everything.find("canary").map(|at| &everything[at.saturating_sub(300)..at + 20]);
    assert_eq!(at, None);
}

async fn a_failure_is_one(engine: Engine) {
    let (program, provider) = (Program::new(engine), Provider::start());
    model(&provider, "refuses").invoke("canary").await.expect_err("it is overloaded");
    assert_eq!(program.sum("flowspan_llm_errors_total", &[r#"error_type="_OTHER""#]), 1.0);
    assert_eq!(program.sum("flowspan_llm_calls_total", &[r#"status="failed""#]), 1.0);
    assert!(matches!(program.named("chat refuses")[0].status, Status::Error { .. }));
}

crate::with_both_engines! {
    an_agent_with_a_tool_costs_what_was_handed_out;
    a_failure_is_one;
}
