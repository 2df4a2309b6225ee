//! OpenInference: the crate `openinference-instrumentation`, and everybody who uses its names.

use flowspan_model::{Field, Kind};

use super::{dialect::Dialect, reading::Reading};

/// The kinds of OpenInference's spans. A guardrail and an evaluator are shown and not measured.
const KINDS: &[(&str, Kind)] = &[
    ("LLM", Kind::Inference),
    ("EMBEDDING", Kind::Embeddings),
    ("CHAIN", Kind::Step),
    ("TOOL", Kind::ToolCall),
    ("AGENT", Kind::Agent),
    ("RETRIEVER", Kind::Retrieval),
    ("RERANKER", Kind::Retrieval),
];

/// The counts of tokens are the whole, cache and reasoning included.
///
/// The crate says everything through an extension trait, which finds flowspan only if both use the same
/// version of `tracing-opentelemetry`. Without that, the name of a span says what it is, and of whom.
pub(super) fn dialects() -> Vec<Dialect> {
    let of_the_crate = Dialect::new("openinference-instrumentation")
        .target("openinference_instrumentation")
        .span("llm", Kind::Inference)
        .span("embedding", Kind::Embeddings)
        .span("chain", Kind::Step)
        .span("tool", Kind::ToolCall)
        .span("agent", Kind::Agent)
        .span("retriever", Kind::Retrieval)
        .span("reranker", Kind::Retrieval)
        .read("otel.name", Reading::Title);
    let anybody = Dialect::new("openinference").span_by(&["openinference.span.kind"], KINDS);
    [of_the_crate, anybody].map(words).into()
}

fn words(dialect: Dialect) -> Dialect {
    dialect
        .ignored("openinference.span.kind")
        .field("llm.model_name", Field::RequestModel)
        .field("embedding.model_name", Field::RequestModel)
        .field("llm.provider", Field::Provider)
        .field("llm.system", Field::Provider)
        .field("llm.token_count.prompt", Field::InputTokens)
        .field("llm.token_count.completion", Field::OutputTokens)
        .ignored("llm.token_count.total")
        .field("llm.token_count.prompt_details.cache_read", Field::CacheReadTokens)
        .field("llm.token_count.prompt_details.cache_write", Field::CacheWriteTokens)
        .field("llm.token_count.completion_details.reasoning", Field::ReasoningTokens)
        .field("llm.cost.total", Field::CostAmount)
        .field("tool.name", Field::ToolName)
        .field("tool.id", Field::ToolCallId)
        .field("tool_call.id", Field::ToolCallId)
        .field("tool_call.function.name", Field::ToolName)
        .attribute("tool.description", "gen_ai.tool.description")
        .content("tool.parameters")
        .content("tool.json_schema")
        .field("agent.name", Field::AgentName)
        .field("reranker.top_k", Field::RetrievalTopK)
        .field("reranker.model_name", Field::RequestModel)
        .field("exception.type", Field::ErrorType)
        .error("exception.message")
}
