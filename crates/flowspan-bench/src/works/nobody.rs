//! Nobody listens, or telemetry is switched off.

use std::hint::black_box;

use tracing::{
    Dispatch, dispatcher::with_default, field::Empty, info_span, level_filters::LevelFilter,
    subscriber::NoSubscriber,
};
use tracing_subscriber::prelude::*;

use super::{Contender, Contenders, Work, step::one_of_ours};

pub(super) const NO_SUBSCRIBER: Work = Work {
    name: "step, nobody listens",
    goal: "at most 5 ns",
    times: 20_000,
    is_counted: true,
    contenders: || vec![("flowspan", Box::new(ours)), ("tracing alone", Box::new(tracing_alone))],
};

pub(super) const DISABLED: Work = Work {
    name: "step, disabled at build",
    goal: "at most 5 ns",
    times: 20_000,
    is_counted: true,
    contenders: disabled,
};

/// A subscriber that is told to let nothing through, beside a subscriber that hears nothing.
fn disabled() -> Contenders {
    let disabled = Dispatch::new(tracing_subscriber::registry().with(LevelFilter::OFF));
    let nothing = Dispatch::new(NoSubscriber::new());
    let with = |dispatch: Dispatch, action: fn(u64)| -> Box<dyn Contender> {
        Box::new(move |times| with_default(&dispatch, || action(times)))
    };
    vec![("flowspan", with(disabled, ours)), ("tracing alone", with(nothing, tracing_alone))]
}

fn ours(times: u64) {
    for _ in 0..times {
        let _ = black_box(one_of_ours());
    }
}

/// A span with the same fields, entered and told its status.
fn tracing_alone(times: u64) {
    for _ in 0..times {
        let span = info_span!(
            "step clone",
            flowspan.step.name = "clone",
            flowspan.step.type = "shell",
            flowspan.step.index = 3_i64,
            flowspan.attempt = 1_i64,
            flowspan.status = Empty,
        );
        span.in_scope(|| black_box(()));
        span.record("flowspan.status", "success");
    }
}
