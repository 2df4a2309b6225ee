//! A plain `tracing` span of the user's own that passes through.

use std::hint::black_box;

use opentelemetry_sdk::trace::Sampler;
use tracing::info_span;

use super::{
    Contenders, Work,
    stacks::{Ours, Sdk},
};

pub(super) const PLAIN: Work = Work {
    name: "plain tracing span",
    goal: "tracing-opentelemetry lean at least 0.95 times",
    times: 400,
    is_counted: true,
    contenders,
};

fn contenders() -> Contenders {
    let on = Sampler::AlwaysOn;
    vec![
        ("flowspan", Ours::new(on.clone()).doing(spans)),
        ("flowspan, compatible engine", Ours::compatible(on.clone()).doing(spans)),
        ("tracing-opentelemetry lean", Sdk::new(on).listening(Sdk::lean_layers, spans)),
    ]
}

/// The same code for everybody.
fn spans(times: u64) {
    let _outer = info_span!("outer").entered();
    for _ in 0..times {
        let span = info_span!("query", table = "orders", rows = 17_i64);
        span.in_scope(|| black_box(()));
    }
}
