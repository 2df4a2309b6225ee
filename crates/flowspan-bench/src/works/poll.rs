//! A task deep inside a workflow that is polled again: every span around it is entered and left.

use std::hint::black_box;

use opentelemetry_sdk::trace::Sampler;
use tracing::{Dispatch, Span, dispatcher::with_default, info_span};

use super::{
    Contenders, Work,
    stacks::{Ours, Sdk},
};

/// A workflow, a phase, a job, an item, an agent, a step and a call.
const DEEP: usize = 7;

pub(super) const POLL: Work = Work {
    name: "poll inside seven spans",
    goal: "at most 700 ns, tracing-opentelemetry lean at least 2 times",
    times: 400,
    is_counted: true,
    contenders,
};

/// The spans are the same for everybody, and stay open all the time.
fn contenders() -> Contenders {
    let on = Sampler::AlwaysOn;
    let (ours, lean) = (Ours::new(on.clone()), Sdk::new(on));
    let (our_dispatch, lean_dispatch) = (ours.dispatch.clone(), lean.lean_layers());
    let nobody = Dispatch::new(tracing_subscriber::registry());
    let (in_ours, in_lean, in_nobodys) = (nested(&our_dispatch), nested(&lean_dispatch), nested(&nobody));
    vec![
        ("flowspan", ours.doing(move |times| poll(times, &in_ours))),
        (
            "tracing-opentelemetry lean",
            lean.by_hand(move |times| with_default(&lean_dispatch, || poll(times, &in_lean))),
        ),
        (
            "tracing's registry alone",
            Box::new(move |times| with_default(&nobody, || poll(times, &in_nobodys))),
        ),
    ]
}

fn nested(dispatch: &Dispatch) -> Vec<Span> {
    with_default(dispatch, || {
        let mut spans: Vec<Span> = Vec::new();
        for number in 0..DEEP {
            let span = info_span!(parent: spans.last().and_then(Span::id), "work", number);
            // Its work begins.
            drop(span.enter());
            spans.push(span);
        }
        spans
    })
}

fn poll(times: u64, spans: &[Span]) {
    for _ in 0..times {
        enter(spans);
    }
}

fn enter(spans: &[Span]) {
    match spans {
        [outer, inner @ ..] => outer.in_scope(|| enter(inner)),
        [] => black_box(()),
    }
}
