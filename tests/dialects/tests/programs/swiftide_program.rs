//! swiftide.

use flowspan::Engine;
use flowspan_dialects::{Program, Provider};
use opentelemetry::trace::SpanKind;
use swiftide_agents::Agent;
use swiftide_integrations::openai::{OpenAI, OpenAIConfig};

async fn an_agents_steps_and_calls_are_seen(engine: Engine) {
    let (program, provider) = (Program::new(engine), Provider::start());
    let config = OpenAIConfig::new().with_api_base(format!("{}/v1", provider.origin())).with_api_key("key");
    let model = OpenAI::builder()
        .client(async_openai::Client::with_config(config))
        .default_prompt_model("m")
        .build()
        .expect("it builds");
    Agent::builder().llm(&model).build().expect("it builds").query_once("canary").await.expect("it answers");

    assert_eq!(provider.ledger().answered, 1);
    let agent = &program.named("invoke_agent")[0];
    let step = &program.named("step step")[0];
    assert_eq!(step.parent_span_id, agent.span_context.span_id());
    assert_eq!(program.named("chat")[0].span_kind, SpanKind::Client);
    assert_eq!(program.sum("flowspan_llm_calls_total", &[r#"status="success""#]), 1.0);
    assert_eq!(program.tokens(), [0; 5], "swiftide puts no tokens on its spans");
    assert!(!program.everything().contains("canary"));
}

crate::with_both_engines! {
    an_agents_steps_and_calls_are_seen;
}
