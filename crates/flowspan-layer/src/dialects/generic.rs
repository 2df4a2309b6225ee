//! Everybody who uses the names of the GenAI convention, of today or of yesterday.

use flowspan_model::{Field, Kind};

use super::{dialect::Dialect, operations};

/// A span says by its operation what it is. One that has no operation, but a model and tokens, is a
/// call of that model.
pub(super) fn dialects() -> Vec<Dialect> {
    const MODEL: &str = "gen_ai.request.model";
    let generic = Dialect::new("gen_ai")
        .span_by(&["gen_ai.operation.name"], operations::KINDS)
        .span_with(&[MODEL, "gen_ai.usage.input_tokens"], Kind::Inference)
        .span_with(&[MODEL, "gen_ai.usage.prompt_tokens"], Kind::Inference);
    vec![generic]
}

/// What has had another name.
pub(super) fn alias(name: &str) -> Option<Field> {
    Some(match name {
        "gen_ai.system" => Field::Provider,
        "gen_ai.usage.prompt_tokens" => Field::InputTokens,
        "gen_ai.usage.completion_tokens" => Field::OutputTokens,
        "gen_ai.usage.cache_creation.input_tokens"
        | "gen_ai.usage.cache_creation_input_tokens"
        | "gen_ai.usage.cache_write_input_tokens" => Field::CacheWriteTokens,
        "gen_ai.usage.cache_read_input_tokens" => Field::CacheReadTokens,
        "gen_ai.usage.reasoning_tokens" | "gen_ai.usage.reasoning_output_tokens" => Field::ReasoningTokens,
        "gen_ai.server.time_to_first_token" => Field::TimeToFirstChunk,
        _ => return None,
    })
}

/// Whether an attribute of this name is a list, which `tracing` can only carry as a text.
pub(super) fn is_list(name: &str) -> bool {
    matches!(name, "gen_ai.request.stop_sequences" | "gen_ai.request.encoding_formats")
}
