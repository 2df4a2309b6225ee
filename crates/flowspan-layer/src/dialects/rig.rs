//! rig (`rig-core`, `rig-agent`), from 0.36 to 0.46.

use flowspan_model::{Field, Kind};

use super::{dialect::Dialect, reading::Reading};

/// - A call is one span, `chat` or `generate_content`; older versions have more names for it. In an
///   agent it is a span of the agent's, which rig's own code fills: provider, model and a second time
///   the operation come late.
/// - What an agent's span says about tokens is the sum over its calls.
/// - No span says that a call has failed. But one that was answered says by whom, under which
///   identifier or with how many tokens.
/// - Until 0.42, input tokens of Anthropic are without those in a cache; since 0.43, whose spans carry
///   the provider's own identifier of a request, they are the whole.
pub(super) fn dialects() -> Vec<Dialect> {
    // Whoever uses the macro for a parent of a completion names the target himself.
    let rig = Dialect::new("rig")
        .span_with(&["rig.completion_parent"], Kind::Inference)
        .ignored("rig.completion_parent")
        .field("gen_ai.response.model_name", Field::ResponseModel)
        .cache_beside_input("anthropic", "rig.provider_request_id")
        .answered_by(&[Field::ResponseId, Field::ResponseModel, Field::OutputTokens]);
    let calls = rig
        .clone()
        .target("rig::completions")
        .target("rig::agent_chat")
        .target("rig::streaming")
        .target("rig::modalities")
        .span("chat", Kind::Inference)
        .span("chat_streaming", Kind::Inference)
        .span("generate_content", Kind::Inference)
        .span("generate_content_streaming", Kind::Inference)
        .span("interactions", Kind::Inference)
        .span("interactions_streaming", Kind::Inference)
        .span("embeddings", Kind::Embeddings)
        .span("rerank", Kind::Inference)
        .span("transcription", Kind::Inference)
        .span("image_generation", Kind::Inference)
        .span("audio_generation", Kind::Inference);
    let of_the_crates = |name| Dialect::new(name).target("rig").target("rig_core").target("rig_agent");
    let agents = of_the_crates("rig agents")
        .span("invoke_agent", Kind::Agent)
        .span("execute_tool", Kind::ToolCall)
        // A conversation with an agent, which then makes no `invoke_agent`.
        .span_with(&["agent_name"], Kind::Agent)
        .field("agent_name", Field::AgentName)
        .read("gen_ai.tool.call.outcome", Reading::Outcome)
        .field("gen_ai.tool.error.type", Field::ErrorType);
    vec![calls, agents, rig]
}
