//! What the program measures, and what Prometheus gets to read.

use opentelemetry::{KeyValue, metrics::MeterProvider as _};
use opentelemetry_sdk::metrics::SdkMeterProvider;
use prometheus::{
    Registry,
    proto::{Bucket, Counter, Gauge, Histogram, LabelPair},
};
use proptest::{collection::vec, prelude::*};

use super::{strict::parse, *};
use crate::reader::bridge;

/// What comes out when the program measures this.
fn exposed(measure: impl FnOnce(&SdkMeterProvider)) -> (String, Findings) {
    let registry = Registry::new();
    let reader = bridge(&registry).expect("a fresh registry");
    let provider = SdkMeterProvider::builder().with_reader(reader).build();
    measure(&provider);
    let (text, findings) = write(registry.gather()).expect("it can be written");
    (
        text.lines().filter(|line| !line.contains("target_info")).map(|line| format!("{line}\n")).collect(),
        findings,
    )
}

#[test]
fn a_clean_metric_is_left_as_it_is() {
    let (text, findings) = exposed(|provider| {
        let counter = provider.meter("a").u64_counter("llm.tokens").with_description("Tokens.").build();
        counter.add(7, &[KeyValue::new("token_type", "input")]);
    });
    assert_eq!(
        text,
        "# HELP llm_tokens_total Tokens.\n# TYPE llm_tokens_total counter\nllm_tokens_total{token_type=\"input\"} 7\n"
    );
    assert_eq!(findings, Findings::default());
}

#[test]
fn label_names_are_mended_and_values_are_escaped() {
    let (text, findings) = exposed(|provider| {
        let counter = provider.meter("a").u64_counter("x").build();
        let label = |key: &'static str| KeyValue::new(key, "a\"b\\c\nd");
        counter.add(1, &[label(""), label("1st"), label("a:b"), label("__name__")]);
    });
    let value = "a\\\"b\\\\c\\nd";
    assert!(
        text.ends_with(&format!(
            "x_total{{_=\"{value}\",_1st=\"{value}\",a_b=\"{value}\",key__name__=\"{value}\"}} 1\n"
        )),
        "{text}"
    );
    assert_eq!(findings, Findings { mended: 4, dropped: 0 });
}

#[test]
fn labels_that_become_one_keep_both_values() {
    let (text, _) = exposed(|provider| {
        let counter = provider.meter("a").u64_counter("x").build();
        counter.add(1, &[KeyValue::new("1", "digit"), KeyValue::new("_1", "word")]);
    });
    assert!(text.ends_with("x_total{_1=\"digit;word\"} 1\n"), "{text}");
}

#[test]
fn a_metric_may_have_a_label_called_le() {
    let (text, findings) = exposed(|provider| {
        let histogram = provider.meter("a").f64_histogram("x").with_boundaries(vec![1.0]).build();
        histogram.record(0.5, &[KeyValue::new("le", "mine")]);
        provider.meter("a").u64_counter("y").build().add(1, &[KeyValue::new("quantile", "0.5")]);
    });
    assert!(text.contains("x_bucket{exported_le=\"mine\",le=\"1\"} 1\n"), "{text}");
    assert!(text.contains("x_bucket{exported_le=\"mine\",le=\"+Inf\"} 1\n"), "{text}");
    assert!(text.contains("y_total{exported_quantile=\"0.5\"} 1\n"), "{text}");
    assert_eq!(findings, Findings { mended: 2, dropped: 0 });
}

#[test]
fn of_metrics_that_fold_into_one_name_the_larger_is_kept() {
    let (text, findings) = exposed(|provider| {
        let meter = provider.meter("a");
        meter.u64_counter("x.y").build().add(1, &[]);
        meter.u64_counter("x_y").build().add(5, &[]);
        provider.meter("b").u64_counter("x-y").build().add(3, &[]);
    });
    assert_eq!(text, "# TYPE x_y_total counter\nx_y_total 5\n");
    assert_eq!(findings, Findings { mended: 0, dropped: 2 });
}

#[test]
fn no_metric_is_called_like_a_part_of_a_histogram() {
    let (text, findings) = exposed(|provider| {
        let meter = provider.meter("a");
        meter.f64_histogram("x").with_boundaries(vec![1.0]).build().record(0.5, &[]);
        meter.f64_gauge("x_count").build().record(9.0, &[]);
    });
    assert_eq!(text.matches("x_count").count(), 1, "{text}");
    assert_eq!(findings, Findings { mended: 0, dropped: 1 });
}

fn any_text() -> impl Strategy<Value = String> {
    // Short ones from a small set, too, so that names collide.
    prop_oneof![
        vec(any::<char>(), 0..6).prop_map(String::from_iter),
        vec(prop::sample::select(vec!['a', '_', ':', '.', '0', 'é', '"', '\\', '\n']), 0..3)
            .prop_map(String::from_iter),
        prop::sample::select(vec!["le", "a_sum", "a_count", "quantile", "__name__", "x"])
            .prop_map(str::to_owned),
    ]
}

fn any_kind() -> impl Strategy<Value = MetricType> {
    prop::sample::select(vec![
        MetricType::COUNTER,
        MetricType::GAUGE,
        MetricType::HISTOGRAM,
        MetricType::UNTYPED,
    ])
}

fn metric(labels: Vec<(String, String)>, kind: MetricType, value: u32) -> Metric {
    let mut metric = Metric::default();
    let pairs = labels.into_iter().map(|(name, value)| {
        let mut pair = LabelPair::default();
        pair.set_name(name);
        pair.set_value(value);
        pair
    });
    metric.set_label(pairs.collect());
    match kind {
        MetricType::COUNTER => {
            let mut counter = Counter::default();
            counter.set_value(value.into());
            metric.set_counter(counter);
        }
        MetricType::GAUGE => {
            let mut gauge = Gauge::default();
            gauge.set_value(f64::from_bits(u64::from(value) << 32));
            metric.set_gauge(gauge);
        }
        _ => {
            let mut bucket = Bucket::default();
            bucket.set_upper_bound(0.5);
            bucket.set_cumulative_count(u64::from(value / 2));
            let mut histogram = Histogram::default();
            histogram.set_sample_count(value.into());
            histogram.set_bucket(vec![bucket]);
            metric.set_histogram(histogram);
        }
    }
    metric
}

type Series = (Vec<(String, String)>, u32);

fn family(name: String, help: String, kind: MetricType, series: Vec<Series>) -> MetricFamily {
    let mut family = MetricFamily::default();
    family.set_name(name);
    family.set_help(help);
    family.set_field_type(kind);
    family.set_metric(series.into_iter().map(|(labels, value)| metric(labels, kind, value)).collect());
    family
}

proptest! {
    #[test]
    fn whatever_the_names_the_exposition_is_valid_and_every_series_is_in_it_or_counted(
        families in vec((any_text(), any_text(), any_kind(), vec((vec((any_text(), any_text()), 0..4), any::<u32>()), 0..4)), 0..6)
    ) {
        let given: usize = families.iter().map(|(_, _, _, series)| series.len()).sum();
        let families = families.into_iter().map(|(name, help, kind, series)| family(name, help, kind, series)).collect();
        let (text, findings) = write(families).expect("it can be written");
        let series = parse(&text).map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
        prop_assert_eq!(series.len() as u64 + findings.dropped, given as u64);
    }

    #[test]
    fn a_label_value_comes_back_as_it_went_in(value in vec(any::<char>(), 0..20).prop_map(String::from_iter)) {
        let labels = vec![("label".to_owned(), value.clone())];
        let (text, findings) =
            write(vec![family("x".to_owned(), value.clone(), MetricType::COUNTER, vec![(labels, 1)])]).expect("it can be written");
        let series = parse(&text).map_err(TestCaseError::fail)?;
        prop_assert_eq!(findings, Findings::default());
        prop_assert_eq!(series[0].labels.get("label"), Some(&value));
    }
}
