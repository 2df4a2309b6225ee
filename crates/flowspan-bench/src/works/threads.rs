//! Sixteen threads at once, all of them doing steps.

use std::{
    thread,
    time::{Duration, Instant},
};

use flowspan_api::Workflow;
use opentelemetry_sdk::trace::Sampler;
use tracing::{Dispatch, dispatcher::with_default};

use super::{
    Contender, Contenders, Work,
    stacks::{Ours, Sdk},
    step,
};

const THREADS: u64 = 16;

pub(super) const SIXTEEN: Work = Work {
    name: "16 threads of observed steps",
    goal: "throughput at least 4 times that of tracing-opentelemetry; the slowest of a thousand at most 10 µs",
    times: 32_000,
    is_counted: false,
    contenders,
};

pub(super) const FULL_QUEUE: Work = Work {
    name: "16 threads of observed steps, exporter hangs",
    goal: "as if it did not; the slowest of a thousand at most 10 µs",
    times: 32_000,
    is_counted: false,
    contenders: || {
        let (ours, hung) = (Ours::new(Sampler::AlwaysOn), Ours::hung());
        let (our_dispatch, hung_dispatch) = (ours.dispatch.clone(), hung.dispatch.clone());
        vec![
            ("flowspan, exporter hangs", Box::new(Threads { dispatch: hung_dispatch, _stack: hung })),
            ("flowspan", Box::new(Threads { dispatch: our_dispatch, _stack: ours })),
        ]
    },
};

/// Ours on sixteen threads. What is left in the queue stays there: it overflows, which is part of the
/// work.
struct Threads {
    dispatch: Dispatch,
    _stack: Ours,
}

impl Contender for Threads {
    fn round(&mut self, times: u64) {
        share(times, &self.dispatch, step::ours);
    }

    fn slowest_of_a_thousand(&mut self, times: u64) -> Option<Duration> {
        let dispatch = &self.dispatch;
        let mut took: Vec<Duration> = thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS)
                .map(|_| scope.spawn(|| with_default(dispatch, || each(times / THREADS))))
                .collect();
            threads.into_iter().flat_map(|thread| thread.join().expect("no thread panics")).collect()
        });
        took.sort_unstable();
        took.get(took.len() * 999 / 1000).copied()
    }
}

/// How long each step takes the one who does it.
fn each(times: u64) -> Vec<Duration> {
    let _workflow = Workflow::new("triage").enter();
    (0..times)
        .map(|_| {
            let start = Instant::now();
            let _ = step::one_of_ours();
            start.elapsed()
        })
        .collect()
}

/// Each takes its share; the queues overflow, which is part of the work.
fn contenders() -> Contenders {
    let on = Sampler::AlwaysOn;
    let ours = Ours::new(on.clone());
    let (default, lean) = (Sdk::new(on.clone()), Sdk::new(on));
    let (our_dispatch, default_dispatch, lean_dispatch) =
        (ours.dispatch.clone(), default.default_layers(), lean.lean_layers());
    vec![
        ("flowspan", Box::new(Threads { dispatch: our_dispatch, _stack: ours })),
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
