//! genai, with its feature `otel`.

use flowspan_model::Kind;

use super::{dialect::Dialect, operations};

/// Its fields have the names of the convention. An agent's span says by its operation whether the agent
/// is run or only made.
pub(super) fn dialects() -> Vec<Dialect> {
    let genai = Dialect::new("genai")
        .target("genai")
        .span("genai.chat", Kind::Inference)
        .span("genai.embeddings", Kind::Embeddings)
        .span("genai.execute_tool", Kind::ToolCall)
        .span("genai.invoke_workflow", Kind::Workflow)
        .span("genai.plan", Kind::Plan)
        .span_by(&["gen_ai.operation.name"], operations::KINDS);
    vec![genai]
}
