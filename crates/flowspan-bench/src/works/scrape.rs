//! One scrape: 1000 counters and 1000 histograms of 15 buckets, collected and written as text.

use std::hint::black_box;

use flowspan_prometheus::Reader;
use opentelemetry::{KeyValue, metrics::MeterProvider as _};
use opentelemetry_sdk::metrics::{SdkMeterProvider, reader::MetricReader};
use prometheus::{Encoder, Registry, TextEncoder};
use prometheus_client::{
    encoding::text::encode,
    metrics::{counter::Counter, family::Family, histogram::Histogram},
};

use super::{Contender, Contenders, Work};

/// The bounds of the histograms, in seconds.
const BOUNDS: [f64; 15] =
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0, 60.0, 300.0, 1800.0];
/// How many instruments of each kind.
const FAMILIES: u64 = 10;
/// How many series each instrument has.
const SERIES: u64 = 100;

pub(super) const SCRAPE: Work = Work {
    name: "scrape of 1000 counters and 1000 histograms of 15 buckets",
    goal: "at least 5 times faster than opentelemetry-prometheus + TextEncoder",
    times: 4,
    // Counting instructions repeats a work so often that this one would take minutes.
    is_counted: false,
    contenders,
};

fn contenders() -> Contenders {
    vec![
        ("flowspan", ours()),
        ("opentelemetry-prometheus + TextEncoder", bridge()),
        ("prometheus-client", client()),
    ]
}

/// What `/metrics` does for each scrape. The memory is used again, as it is there.
fn ours() -> Box<dyn Contender> {
    let reader = Reader::new();
    let provider = measured(reader.clone());
    let mut text = Vec::new();
    Box::new(move |times| {
        for _ in 0..times {
            text.clear();
            reader.write_text(&mut text).expect("the provider lives");
            black_box(text.len());
        }
        black_box(&provider);
    })
}

/// As its documentation shows it. Scope labels are left out, because ours tells none; that makes it
/// quicker. The memory is used again.
fn bridge() -> Box<dyn Contender> {
    let registry = Registry::new();
    let exporter = opentelemetry_prometheus::exporter()
        .with_registry(registry.clone())
        .scope_info_enabled(false)
        .build()
        .expect("a fresh registry");
    let provider = measured(exporter);
    let encoder = TextEncoder::new();
    let mut text = Vec::new();
    Box::new(move |times| {
        for _ in 0..times {
            text.clear();
            encoder.encode(&registry.gather(), &mut text).expect("the metrics are valid");
            black_box(text.len());
        }
        black_box(&provider);
    })
}

/// It has no SDK in front: its registry holds the very numbers that it writes, so it collects nothing.
fn client() -> Box<dyn Contender> {
    type Labels = Vec<(String, String)>;
    let mut registry = prometheus_client::registry::Registry::default();
    for family in 0..FAMILIES {
        let counters = Family::<Labels, Counter>::default();
        let histograms = Family::<Labels, Histogram>::new_with_constructor(|| Histogram::new(BOUNDS));
        registry.register(format!("steps_{family}"), "Steps that ended", counters.clone());
        registry.register(format!("duration_{family}_seconds"), "How long they took", histograms.clone());
        for series in 0..SERIES {
            let labels: Labels =
                labels(series).into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
            counters.get_or_create(&labels).inc_by(series + 1);
            seconds(series).for_each(|seconds| histograms.get_or_create(&labels).observe(seconds));
        }
    }
    let mut text = String::new();
    Box::new(move |times| {
        for _ in 0..times {
            text.clear();
            encode(&mut text, &registry).expect("the metrics are valid");
            black_box(text.len());
        }
    })
}

fn measured(reader: impl MetricReader) -> SdkMeterProvider {
    let provider = SdkMeterProvider::builder().with_reader(reader).build();
    let meter = provider.meter("bench");
    for family in 0..FAMILIES {
        let counter =
            meter.u64_counter(format!("steps.{family}")).with_description("Steps that ended").build();
        let histogram = meter
            .f64_histogram(format!("duration.{family}"))
            .with_unit("s")
            .with_description("How long they took")
            .with_boundaries(BOUNDS.to_vec())
            .build();
        for series in 0..SERIES {
            let attributes = labels(series).map(|(key, value)| KeyValue::new(key, value));
            counter.add(series + 1, &attributes);
            seconds(series).for_each(|seconds| histogram.record(seconds, &attributes));
        }
    }
    provider
}

/// In the order of their keys, which spares the SDK a second entry for each series.
fn labels(series: u64) -> [(&'static str, String); 3] {
    let status = if series.is_multiple_of(7) { "failed" } else { "success" };
    [
        ("status", status.to_owned()),
        ("step_name", format!("step {series}")),
        ("workflow_name", "triage".to_owned()),
    ]
}

/// Something for most of the buckets, with sums that are no round numbers.
#[expect(clippy::cast_precision_loss, reason = "the numbers are small")]
fn seconds(series: u64) -> impl Iterator<Item = f64> {
    (0..12).map(move |power| 0.0037 * f64::from(1 << power) * (1.0 + series as f64 / 97.0))
}
