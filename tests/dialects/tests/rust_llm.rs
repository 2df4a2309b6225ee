//! rust_llm, which makes its spans through the OpenTelemetry API. It finds the provider of the process,
//! so this test stands alone.

use flowspan::Engine;
use flowspan_dialects::{Program, Provider, attribute};
use opentelemetry::trace::{SpanKind, Status};
use rust_llm::{Chat, Parameter, Tool, ToolCall, ToolError, ToolResult};
use serde_json::{Map, Value, json};

struct Weather;

#[async_trait::async_trait]
impl Tool for Weather {
    fn description(&self) -> String {
        "says the weather".to_owned()
    }

    fn parameters(&self) -> Vec<Parameter> {
        vec![Parameter::new("city")]
    }

    async fn execute(&self, _: Map<String, Value>, _: &ToolCall) -> Result<ToolResult, ToolError> {
        Ok(json!({"weather": "canary"}).into())
    }
}

#[tokio::test]
async fn what_is_said_through_the_api_is_heard() {
    let (program, provider) = (Program::installed(Engine::Native), Provider::start());
    rust_llm::open_telemetry::enable().expect("the feature is on");
    rust_llm::configure(|config| {
        config.set("anthropic_api_base", provider.origin()).set("anthropic_api_key", "key");
        config.max_retries = 0;
    });
    let chat = |model| Chat::new(Some(model), Some("anthropic")).expect("it is known").with_tool(Weather);
    chat("claude-opus-5-5").ask("canary").await.expect("it answers");

    assert_eq!(provider.ledger().answered, 2);
    assert_eq!(program.tokens(), provider.ledger().tokens());
    assert_eq!(program.sum("flowspan_llm_calls_total", &[r#"status="success""#]), 2.0);
    assert_eq!(program.sum("flowspan_tool_executions_total", &[r#"status="success""#]), 1.0);
    for call in program.named("chat claude-opus-5-5") {
        assert_eq!(call.span_kind, SpanKind::Client);
        assert_eq!(call.status, Status::Unset);
        assert_eq!(attribute(&call, "gen_ai.provider.name").as_deref(), Some("anthropic"));
    }
    assert!(!program.everything().contains("canary"));
}
