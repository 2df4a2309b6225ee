//! A model call of rig, as rig makes its span: filled late, with some fields recorded twice.

use std::hint::black_box;

use opentelemetry_sdk::trace::Sampler;
use tracing::{field::Empty, info_span};

use super::{
    Contenders, Work,
    stacks::{Ours, Sdk},
};

pub(super) const BRIDGED: Work = Work {
    name: "bridged rig chat span",
    goal: "tracing-opentelemetry lean at least 1 times",
    times: 400,
    is_counted: true,
    contenders,
};

fn contenders() -> Contenders {
    let on = Sampler::AlwaysOn;
    vec![
        ("flowspan", Ours::new(on.clone()).doing(spans)),
        ("flowspan, compatible engine", Ours::compatible(on.clone()).doing(spans)),
        ("tracing-opentelemetry", Sdk::new(on.clone()).listening(Sdk::default_layers, spans)),
        ("tracing-opentelemetry lean", Sdk::new(on).listening(Sdk::lean_layers, spans)),
    ]
}

/// The same code for everybody. Ours alone makes metrics of it.
fn spans(times: u64) {
    let _outer = info_span!("outer").entered();
    for _ in 0..times {
        let span = info_span!(
            target: "rig::agent_chat",
            "chat",
            rig.completion_parent = true,
            gen_ai.operation.name = "chat",
            gen_ai.system_instructions = None::<&str>,
            gen_ai.provider.name = Empty,
            gen_ai.request.model = Empty,
            gen_ai.request.stream = Empty,
            gen_ai.response.id = Empty,
            gen_ai.response.model = Empty,
            rig.provider_request_id = Empty,
            gen_ai.usage.input_tokens = Empty,
            gen_ai.usage.output_tokens = Empty,
            gen_ai.usage.cache_read.input_tokens = Empty,
            gen_ai.usage.cache_creation.input_tokens = Empty,
            gen_ai.usage.tool_use_prompt_tokens = Empty,
            gen_ai.usage.reasoning_tokens = Empty,
            gen_ai.input.messages = Empty,
            gen_ai.output.messages = Empty,
            gen_ai.agent.name = "researcher",
        );
        span.in_scope(|| {
            span.record("gen_ai.operation.name", "chat");
            span.record("gen_ai.provider.name", "openai");
            span.record("gen_ai.request.model", "gpt-5-mini");
            span.record("gen_ai.request.stream", false);
            black_box(());
            span.record("gen_ai.response.id", "chatcmpl-123");
            span.record("gen_ai.response.model", "gpt-5-mini");
            span.record("gen_ai.usage.input_tokens", 812_u64);
            span.record("gen_ai.usage.output_tokens", 96_u64);
            span.record("gen_ai.usage.cache_read.input_tokens", 640_u64);
            span.record("gen_ai.usage.reasoning_tokens", 12_u64);
        });
    }
}
