//! A token of a stream.

use std::hint::black_box;

use flowspan_api::Inference;
use opentelemetry::KeyValue;
use opentelemetry_sdk::trace::Sampler;
use tracing::{info, info_span};

use super::{
    Contender, Contenders, Work,
    stacks::{Ours, Sdk},
};

pub(super) const TOKEN: Work = Work {
    name: "token of a stream",
    goal: "at most 40 ns, tracing-opentelemetry at least 8 times, no allocation",
    times: 10_000,
    is_counted: true,
    contenders,
};

fn contenders() -> Contenders {
    let on = Sampler::AlwaysOn;
    vec![
        ("flowspan", Ours::new(on.clone()).doing(ours)),
        (
            "tracing-opentelemetry + MetricsLayer",
            Sdk::new(on.clone()).listening(Sdk::default_layers, with_layers),
        ),
        (
            "tracing-opentelemetry lean + MetricsLayer",
            Sdk::new(on.clone()).listening(Sdk::lean_layers, with_layers),
        ),
        ("opentelemetry_sdk, unbound counter", by_hand(Sdk::new(on))),
    ]
}

fn ours(times: u64) {
    let call = Inference::chat("openai", "gpt-5-mini");
    // The first token also writes down when it came.
    call.token(1);
    for _ in 1..times {
        call.token(black_box(1));
    }
}

/// An event for each token inside the span of the call: what both layers are made for.
fn with_layers(times: u64) {
    let _call = info_span!("chat gpt-5-mini").entered();
    for _ in 0..times {
        info!(
            monotonic_counter.llm_tokens = black_box(1_u64),
            token_type = "output",
            provider = "openai",
            model = "gpt-5-mini"
        );
    }
}

/// No span event, the counter alone.
fn by_hand(sdk: Sdk) -> Box<dyn Contender> {
    let tokens = sdk.meter().u64_counter("llm.tokens").build();
    sdk.by_hand(move |times| {
        for _ in 0..times {
            tokens.add(
                black_box(1),
                &[
                    KeyValue::new("token_type", "output"),
                    KeyValue::new("provider", "openai"),
                    KeyValue::new("model", "gpt-5-mini"),
                ],
            );
        }
    })
}
