//! A counter with three labels that are known beforehand.

use std::{hint::black_box, sync::atomic::Ordering};

use metrics_util::registry::{AtomicStorage, Registry};
use opentelemetry::KeyValue;
use opentelemetry_sdk::trace::Sampler;
use prometheus_client::metrics::{counter::Counter, family::Family};

use super::{
    Contender, Contenders, Work,
    stacks::{Ours, Sdk},
};

const LABELS: [(&str, &str); 3] =
    [("step_type", "shell"), ("status", "success"), ("workflow_name", "triage")];

pub(super) const COUNTER: Work = Work {
    name: "counter with 3 resolved labels",
    goal: "at most 15 ns, no allocation",
    times: 20_000,
    is_counted: true,
    contenders,
};

fn contenders() -> Contenders {
    vec![
        ("flowspan", ours(Ours::new(Sampler::AlwaysOn))),
        ("opentelemetry_sdk, unbound", unbound(Sdk::new(Sampler::AlwaysOn))),
        ("prometheus", prometheus()),
        ("prometheus-client", prometheus_client()),
        ("metrics", metrics()),
    ]
}

/// A bound counter of the meter that flowspan gives its users.
fn ours(ours: Ours) -> Box<dyn Contender> {
    let labels = LABELS.map(|(key, value)| KeyValue::new(key, value));
    let counter = ours.meter.u64_counter("mine").build().bind(&labels);
    ours.doing(move |times| {
        for _ in 0..times {
            counter.add(black_box(1));
        }
    })
}

/// The SDK's guide passes the labels with each call.
fn unbound(sdk: Sdk) -> Box<dyn Contender> {
    let counter = sdk.meter().u64_counter("mine").build();
    let labels = LABELS.map(|(key, value)| KeyValue::new(key, value));
    sdk.by_hand(move |times| {
        for _ in 0..times {
            counter.add(black_box(1), &labels);
        }
    })
}

/// Its documentation advises to keep what `with_label_values` gives.
fn prometheus() -> Box<dyn Contender> {
    let options = prometheus::Opts::new("mine", "mine");
    let family = prometheus::IntCounterVec::new(options, &LABELS.map(|(key, _)| key)).expect("good names");
    let counter = family.with_label_values(&LABELS.map(|(_, value)| value));
    Box::new(move |times| {
        for _ in 0..times {
            counter.inc_by(black_box(1));
        }
    })
}

/// The metric of a family is a shared handle, made to be kept.
fn prometheus_client() -> Box<dyn Contender> {
    let family = Family::<Vec<(String, String)>, Counter>::default();
    let labels = LABELS.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec();
    let counter = family.get_or_create_owned(&labels);
    Box::new(move |times| {
        for _ in 0..times {
            counter.inc_by(black_box(1));
        }
    })
}

/// A handle of the storage that its exporters use; its documentation advises to keep it.
fn metrics() -> Box<dyn Contender> {
    let registry = Registry::new(AtomicStorage);
    let labels: Vec<metrics::Label> =
        LABELS.iter().map(|(key, value)| metrics::Label::from_static_parts(key, value)).collect();
    let key = metrics::Key::from_parts("mine", labels);
    let stored = registry.get_or_create_counter(&key, std::sync::Arc::clone);
    let counter = metrics::Counter::from_arc(stored.clone());
    Box::new(move |times| {
        for _ in 0..times {
            counter.increment(black_box(1));
        }
        black_box(stored.load(Ordering::Relaxed));
    })
}
