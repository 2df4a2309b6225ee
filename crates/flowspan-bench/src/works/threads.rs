//! Sixteen threads at once, all of them doing steps.

use std::thread;

use opentelemetry_sdk::trace::Sampler;
use tracing::{Dispatch, dispatcher::with_default};

use super::{
    Contenders, Work,
    stacks::{Ours, Sdk},
    step,
};

const THREADS: u64 = 16;

pub(super) const SIXTEEN: Work = Work {
    name: "16 threads of observed steps",
    goal: "throughput at least 4 times that of tracing-opentelemetry",
    times: 32_000,
    is_counted: false,
    contenders,
};

/// Each takes its share; the queues overflow, which is part of the work.
fn contenders() -> Contenders {
    let on = Sampler::AlwaysOn;
    let ours = Ours::new(on.clone());
    let (default, lean) = (Sdk::new(on.clone()), Sdk::new(on));
    let (our_dispatch, default_dispatch, lean_dispatch) =
        (ours.dispatch.clone(), default.default_layers(), lean.lean_layers());
    vec![
        ("flowspan", ours.doing(move |times| share(times, &our_dispatch, step::ours))),
        (
            "tracing-opentelemetry + MetricsLayer",
            default.by_hand(move |times| share(times, &default_dispatch, step::with_default_layers)),
        ),
        (
            "tracing-opentelemetry lean + MetricsLayer",
            lean.by_hand(move |times| share(times, &lean_dispatch, step::with_lean_layers)),
        ),
    ]
}

fn share(times: u64, dispatch: &Dispatch, action: fn(u64)) {
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| with_default(dispatch, || action(times / THREADS)));
        }
    });
}
