//! Ten thousand spans that are open at once.

use opentelemetry_sdk::trace::Sampler;
use tracing::{Span, info_span};

use super::{
    Contenders, Work,
    stacks::{Ours, Sdk},
};

const OPEN: u64 = 10_000;

/// The column of bytes is what one of them holds while it is open.
pub(super) const OPEN_SPANS: Work = Work {
    name: "10,000 open spans",
    goal: "not more bytes than tracing-opentelemetry lean",
    times: OPEN,
    is_counted: true,
    contenders,
};

fn contenders() -> Contenders {
    let on = Sampler::AlwaysOn;
    vec![
        ("flowspan", Ours::new(on.clone()).doing(open)),
        ("tracing-opentelemetry lean", Sdk::new(on).listening(Sdk::lean_layers, open)),
    ]
}

/// The same spans for everybody. They begin to work, or nobody would know their traces.
fn open(times: u64) {
    let spans: Vec<Span> = (0..times)
        .map(|number| {
            let span = info_span!("query", table = "orders", rows = 17_i64, number);
            drop(span.enter());
            span
        })
        .collect();
    drop(spans);
}
