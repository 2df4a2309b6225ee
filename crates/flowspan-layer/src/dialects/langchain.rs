//! langchain-rust.

use flowspan_model::{Field, Kind};

use super::dialect::Dialect;

/// Its spans have names of their own, which it promises to keep. `total_tokens` is a sum: of input and
/// output on a call, of all calls on an agent.
pub(super) fn dialects() -> Vec<Dialect> {
    let langchain = Dialect::new("langchain-rust")
        .target("langchain_rust")
        .span("llm.generate", Kind::Inference)
        .span("embed.documents", Kind::Embeddings)
        .span("embed.query", Kind::Embeddings)
        .span("chain.call", Kind::Step)
        .span("agent.run", Kind::Agent)
        .span("agent.plan", Kind::Plan)
        .span("tool.call", Kind::ToolCall)
        .field("provider", Field::Provider)
        .field("model", Field::RequestModel)
        .field("stream", Field::Stream)
        .field("prompt_tokens", Field::InputTokens)
        .field("completion_tokens", Field::OutputTokens)
        .ignored("total_tokens")
        .field("chain", Field::StepName)
        .field("tool", Field::ToolName)
        .attribute("tool_calls", "langchain.tool_calls")
        .attribute("count", "langchain.documents")
        .attribute("max_iterations", "langchain.max_iterations")
        .attribute("steps", "langchain.steps")
        .attribute("step", "langchain.step")
        .error("error")
        // The arguments of a tool stand in its log lines.
        .repeats("langchain_rust::tools");
    vec![langchain]
}
