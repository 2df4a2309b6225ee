//! swiftide.

use flowspan_model::{Field, Kind};

use super::{dialect::Dialect, reading::Reading};

/// Its spans carry little but their names: an agent's run, its steps, its tools, its calls of a model.
/// Tokens are on no span of the default level.
pub(super) fn dialects() -> Vec<Dialect> {
    let agents = Dialect::new("swiftide agents").target("swiftide_agents");
    let steps = agents.clone().span("step", Kind::Step).always(Field::StepName, "step");
    let agents = agents
        .span("agent.query", Kind::Agent)
        .span("agent.query_once", Kind::Agent)
        .span("agent.run", Kind::Agent)
        .span("agent.run_once", Kind::Agent)
        .span("tool", Kind::ToolCall)
        .span("task.run", Kind::Workflow)
        .span("task.resume", Kind::Workflow)
        .span("task.step", Kind::Step)
        .read("otel.name", Reading::Title)
        .attribute("node", "swiftide.node");
    let mut dialects = vec![steps, agents];
    dialects.extend(
        [
            ("swiftide_integrations::anthropic", "anthropic"),
            ("swiftide_integrations::ollama", "ollama"),
            ("swiftide_integrations::groq", "groq"),
            ("swiftide_integrations::gemini", "gcp.gemini"),
            ("swiftide_integrations::aws_bedrock", "aws.bedrock"),
            ("swiftide_integrations::dashscope", "dashscope"),
            ("swiftide_integrations::open_router", "openrouter"),
        ]
        .map(|(target, provider)| integration(target).always(Field::Provider, provider)),
    );
    // The protocol of one provider is that of many.
    dialects.push(integration("swiftide_integrations"));
    dialects
}

/// The module of one provider, whose name stands nowhere else.
fn integration(target: &'static str) -> Dialect {
    Dialect::new("swiftide integrations")
        .target(target)
        .span("complete", Kind::Inference)
        .span("complete_stream", Kind::Inference)
        .span("stream", Kind::Inference)
        .span("prompt", Kind::Inference)
        .span("structured_prompt", Kind::Inference)
        .span("structured_prompt_dyn", Kind::Inference)
        .span("embed", Kind::Embeddings)
}
