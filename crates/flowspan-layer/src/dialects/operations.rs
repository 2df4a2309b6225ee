//! The operations of the GenAI convention.

use flowspan_model::Kind;

/// What kind of work an operation is. `create_agent` is none: it makes an agent and does not run it.
pub(super) const KINDS: &[(&str, Kind)] = &[
    ("chat", Kind::Inference),
    ("generate_content", Kind::Inference),
    ("text_completion", Kind::Inference),
    ("embeddings", Kind::Embeddings),
    ("retrieval", Kind::Retrieval),
    ("invoke_agent", Kind::Agent),
    ("execute_tool", Kind::ToolCall),
    ("invoke_workflow", Kind::Workflow),
    ("plan", Kind::Plan),
    ("search_memory", Kind::Memory),
    ("create_memory", Kind::Memory),
    ("update_memory", Kind::Memory),
    ("upsert_memory", Kind::Memory),
    ("delete_memory", Kind::Memory),
    ("create_memory_store", Kind::Memory),
    ("delete_memory_store", Kind::Memory),
    // Not of the convention, and calls of a model all the same.
    ("chat_streaming", Kind::Inference),
    ("interactions", Kind::Inference),
    ("interactions_streaming", Kind::Inference),
    ("rerank", Kind::Inference),
    ("transcription", Kind::Inference),
    ("image_generation", Kind::Inference),
    ("audio_generation", Kind::Inference),
];

/// Whether an operation of this name (`gen_ai.operation.name`) is a call of a model that answers: `chat`,
/// `generate_content`, `text_completion`, and what is no operation of the convention and such a call all the
/// same. Embeddings are none.
pub fn is_inference(operation: &str) -> bool {
    KINDS.contains(&(operation, Kind::Inference))
}

/// An operation as the convention calls it, and whether its name says that the answer is streamed.
pub(super) fn standard(operation: &str) -> (&str, bool) {
    match operation {
        "chat_streaming" | "interactions_streaming" => ("chat", true),
        "interactions" => ("chat", false),
        other => (other, false),
    }
}

/// The operation that a kind of work is when nobody says more.
pub(super) fn usual(kind: Kind) -> Option<&'static str> {
    Some(match kind {
        Kind::Inference => "chat",
        Kind::Embeddings => "embeddings",
        Kind::Agent => "invoke_agent",
        Kind::ToolCall => "execute_tool",
        Kind::Workflow => "invoke_workflow",
        Kind::Plan => "plan",
        Kind::Retrieval => "retrieval",
        _ => return None,
    })
}
