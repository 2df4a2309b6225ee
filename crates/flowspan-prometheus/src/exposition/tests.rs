//! What the program measures, and what is told of it.

use std::collections::BTreeMap;

use opentelemetry::{KeyValue, Value, metrics::MeterProvider as _};
use opentelemetry_sdk::{
    Resource,
    metrics::{Aggregation, Instrument, SdkMeterProvider, Stream, reader::MetricReader as _},
};
use proptest::{collection::vec, prelude::*};

use super::{
    strict::{self, parse},
    *,
};
use crate::Reader;

mod bridge;
mod hostile;
mod program;

/// What comes out when the program measures this.
fn exposed(measure: impl FnOnce(&SdkMeterProvider)) -> (String, Findings) {
    let reader = Reader::new();
    let resource = Resource::builder_empty().build();
    let provider = SdkMeterProvider::builder().with_resource(resource).with_reader(reader.clone()).build();
    measure(&provider);
    let mut text = Vec::new();
    let findings = reader.write_text(&mut text).expect("the provider lives");
    (String::from_utf8(text).expect("it is text"), findings)
}

fn findings(mended: u64, dropped: u64) -> Findings {
    Findings { mended, dropped }
}

#[test]
fn a_clean_metric_is_told_as_it_is() {
    let (text, found) = exposed(|provider| {
        let counter = provider.meter("a").u64_counter("llm.tokens").with_description("Tokens.").build();
        counter.add(7, &[KeyValue::new("gen_ai.token.type", "input")]);
    });
    assert_eq!(
        text,
        "# HELP llm_tokens_total Tokens.\n# TYPE llm_tokens_total counter\n\
         llm_tokens_total{gen_ai_token_type=\"input\"} 7\n"
    );
    assert_eq!(found, Findings::default());
}

#[test]
fn a_histogram_has_all_its_lines() {
    let (text, _) = exposed(|provider| {
        let histogram =
            provider.meter("a").f64_histogram("x").with_unit("s").with_boundaries(vec![0.5, 1.0]).build();
        histogram.record(0.25, &[]);
        histogram.record(2.0, &[]);
        histogram.record(0.75, &[KeyValue::new("b", true)]);
    });
    assert_eq!(
        text,
        "# TYPE x_seconds histogram\n\
         x_seconds_bucket{le=\"0.5\"} 1\n\
         x_seconds_bucket{le=\"1\"} 1\n\
         x_seconds_bucket{le=\"+Inf\"} 2\n\
         x_seconds_sum 2.25\n\
         x_seconds_count 2\n\
         x_seconds_bucket{b=\"true\",le=\"0.5\"} 0\n\
         x_seconds_bucket{b=\"true\",le=\"1\"} 1\n\
         x_seconds_bucket{b=\"true\",le=\"+Inf\"} 1\n\
         x_seconds_sum{b=\"true\"} 0.75\n\
         x_seconds_count{b=\"true\"} 1\n"
    );
}

#[test]
fn label_names_are_mended_and_values_are_escaped() {
    let (text, found) = exposed(|provider| {
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
    assert_eq!(found, findings(3, 0));
}

#[test]
fn labels_that_become_one_keep_both_values() {
    let (text, _) = exposed(|provider| {
        let counter = provider.meter("a").u64_counter("x").build();
        counter.add(1, &[KeyValue::new("_1", "word"), KeyValue::new("1", "digit")]);
    });
    assert!(text.ends_with("x_total{_1=\"digit;word\"} 1\n"), "{text}");
}

#[test]
fn a_key_that_is_given_twice_counts_once_in_whatever_order() {
    let (text, found) = exposed(|provider| {
        let counter = provider.meter("a").u64_counter("x").build();
        let (first, second, other) =
            (KeyValue::new("b", 1), KeyValue::new("b", 2), KeyValue::new("a", "first"));
        counter.add(1, &[first, other, second]);
    });
    assert!(text.ends_with("x_total{a=\"first\",b=\"1\"} 1\n"), "{text}");
    assert_eq!(found, Findings::default());
}

#[test]
fn a_metric_may_have_a_label_called_le() {
    let (text, found) = exposed(|provider| {
        let histogram = provider.meter("a").f64_histogram("x").with_boundaries(vec![1.0]).build();
        histogram.record(0.5, &[KeyValue::new("le", "mine")]);
        provider.meter("a").u64_counter("y").build().add(1, &[KeyValue::new("quantile", "0.5")]);
    });
    assert!(text.contains("x_bucket{exported_le=\"mine\",le=\"1\"} 1\n"), "{text}");
    assert!(text.contains("x_bucket{exported_le=\"mine\",le=\"+Inf\"} 1\n"), "{text}");
    assert!(text.contains("y_total{exported_quantile=\"0.5\"} 1\n"), "{text}");
    assert_eq!(found, findings(2, 0));
}

#[test]
fn of_metrics_that_fold_into_one_name_the_larger_is_kept() {
    let (text, found) = exposed(|provider| {
        let meter = provider.meter("a");
        meter.u64_counter("x.y").build().add(1, &[]);
        meter.u64_counter("x_y").with_description("Both.").build().add(5, &[]);
        provider.meter("b").u64_counter("x-y").with_description("All.").build().add(3, &[]);
    });
    assert_eq!(text, "# HELP x_y_total Both.\n# TYPE x_y_total counter\nx_y_total 5\n");
    assert_eq!(found, findings(0, 2));
}

#[test]
fn of_metrics_of_two_types_the_one_of_the_first_scope_is_kept() {
    let (text, found) = exposed(|provider| {
        provider.meter("b").f64_histogram("x").build().record(1.0, &[]);
        provider.meter("a").i64_up_down_counter("x").build().add(-1, &[]);
        provider.meter("c").u64_gauge("x").build().record(7, &[KeyValue::new("d", 1)]);
    });
    assert_eq!(text, "# TYPE x gauge\nx -1\nx{d=\"1\"} 7\n");
    assert_eq!(found, findings(0, 1));
}

#[test]
fn no_metric_is_called_like_a_part_of_a_histogram() {
    let (text, found) = exposed(|provider| {
        let meter = provider.meter("a");
        meter.f64_histogram("x").with_boundaries(vec![1.0]).build().record(0.5, &[]);
        meter.f64_gauge("x_count").build().record(9.0, &[]);
    });
    assert_eq!(text.matches("x_count").count(), 1, "{text}");
    assert_eq!(found, findings(0, 1));
}

#[test]
fn exponential_histograms_are_left_out_and_counted() {
    let reader = Reader::new();
    let view = |_: &Instrument| {
        let aggregation =
            Aggregation::Base2ExponentialHistogram { max_size: 160, max_scale: 20, record_min_max: true };
        Stream::builder().with_aggregation(aggregation).build().ok()
    };
    let provider = SdkMeterProvider::builder().with_reader(reader.clone()).with_view(view).build();
    provider.meter("a").f64_histogram("x").build().record(1.0, &[]);
    let mut text = Vec::new();
    assert_eq!(reader.write_text(&mut text).expect("the provider lives"), findings(0, 1));
    assert!(text.starts_with(b"# HELP target_info "));
}

#[test]
fn numbers_that_are_not_finite_have_their_own_words() {
    let (text, _) = exposed(|provider| {
        // The SDK takes none of these from the program; a sum becomes infinite by itself.
        let counter = provider.meter("a").f64_up_down_counter("x").build();
        for (label, number) in [("1", f64::MAX), ("2", f64::MIN)] {
            counter.add(number, &[KeyValue::new("a", label)]);
            counter.add(number, &[KeyValue::new("a", label)]);
        }
    });
    assert!(text.ends_with("x{a=\"1\"} +Inf\nx{a=\"2\"} -Inf\n"), "{text}");
}

#[test]
fn the_json_document_keeps_its_form() {
    let reader = Reader::new();
    let resource = Resource::builder_empty().with_attribute(KeyValue::new("service.name", "demo")).build();
    let provider = SdkMeterProvider::builder().with_resource(resource).with_reader(reader.clone()).build();
    let meter = provider.meter("a");
    let histogram = meter.f64_histogram("llm.duration").with_unit("s").with_boundaries(vec![0.5]).build();
    histogram.record(2.0, &[KeyValue::new("model", "large")]);
    let load = meter.f64_up_down_counter("load").with_description("Load.").build();
    load.add(f64::MAX, &[]);
    load.add(f64::MAX, &[]);
    meter.u64_counter("runs").build().add(u64::MAX, &[]);
    let mut json = Vec::new();
    reader.write_json(&mut json).expect("the provider lives");
    let json: serde_json::Value = serde_json::from_slice(&json).expect("it is JSON");
    assert_eq!(
        json,
        serde_json::json!({ "schema_version": 1, "metrics": [
            { "name": "llm_duration_seconds", "instrument": "llm.duration", "type": "histogram",
              "unit": "s", "help": "", "series": [
                { "labels": { "model": "large" }, "count": 1, "sum": 2.0,
                  "buckets": [{ "le": 0.5, "count": 0 }, { "le": "+Inf", "count": 1 }] } ] },
            { "name": "load", "instrument": "load", "type": "gauge", "unit": "", "help": "Load.",
              "series": [{ "labels": {}, "value": "+Inf" }] },
            { "name": "runs_total", "instrument": "runs", "type": "counter", "unit": "", "help": "",
              "series": [{ "labels": {}, "value": u64::MAX }] },
            { "name": "target_info", "instrument": "target_info", "type": "gauge", "unit": "",
              "help": "Target metadata", "series": [{ "labels": { "service_name": "demo" }, "value": 1 }] },
        ] })
    );
}
