//! What a program with all handles exports, checked against the tables of OpenTelemetry's GenAI
//! convention: attribute by attribute, in every generation, with both engines.
//!
//! `reference.json` is the convention in a form that a program can read. It was written from the
//! documents of the convention and knows nothing of flowspan's catalog; `never` lists what flowspan does
//! not emit, for the reasons that `docs/genai.md` gives.

mod events;
mod program;
mod reference;

use std::collections::{BTreeMap, BTreeSet};

use flowspan::{Engine, Semconv};
use opentelemetry_sdk::{
    metrics::data::{AggregatedMetrics, Metric, MetricData, ResourceMetrics},
    trace::SpanData,
};

use program::Exported;
use reference::{MetricRow, Reference, SpanRow, Type};

const SEMCONVS: [Semconv; 3] = [Semconv::Latest, Semconv::V1_41, Semconv::Both];
const ENGINES: [Engine; 2] = [Engine::Native, Engine::TracingOpenTelemetry];

fn everywhere(check: impl Fn(&Reference, Semconv, Engine, &Exported)) {
    let reference = Reference::read();
    for semconv in SEMCONVS {
        for engine in ENGINES {
            check(&reference, semconv, engine, &program::run(semconv, engine));
        }
    }
}

/// Whether the convention has a say about an attribute.
fn is_conventional(key: &str) -> bool {
    key.starts_with("gen_ai.") || key.starts_with("server.") || key == "error.type"
}

fn attributes(span: &SpanData) -> BTreeMap<&str, &opentelemetry::Value> {
    let conventional = span.attributes.iter().filter(|attribute| is_conventional(attribute.key.as_str()));
    let attributes: BTreeMap<_, _> =
        conventional.clone().map(|attribute| (attribute.key.as_str(), &attribute.value)).collect();
    assert_eq!(attributes.len(), conventional.count(), "an attribute stands twice on {}", span.name);
    attributes
}

#[test]
fn every_span_has_the_name_kind_attributes_and_status_of_its_operation() {
    everywhere(|reference, semconv, engine, exported| {
        for span in exported.gen_ai_spans() {
            let place = format!("{} in {semconv:?} with {engine:?}", span.name);
            let attributes = attributes(span);
            let row = reference.span(attributes["gen_ai.operation.name"].as_str().as_ref());
            assert_eq!(format!("{:?}", span.span_kind).to_lowercase(), row.kind, "{place}");
            assert_eq!(span.name, row.name_of(&attributes), "{place}");
            let allowed = reference.attributes_of(row, semconv);
            for (key, value) in &attributes {
                let wanted = allowed.get(*key).unwrap_or_else(|| panic!("{key} does not belong on {place}"));
                assert_eq!(Type::of(value), *wanted, "{key} of {place}");
            }
            for key in row.required.iter().flat_map(|key| reference.names_of(key, semconv)) {
                assert!(attributes.contains_key(key.as_str()), "{place} lacks {key}");
            }
            let failed = matches!(span.status, opentelemetry::trace::Status::Error { .. });
            assert_eq!(attributes.contains_key("error.type"), failed, "{place}");
            assert_ne!(span.status, opentelemetry::trace::Status::Ok, "{place}");
        }
    });
}

#[test]
fn every_attribute_that_the_convention_has_is_emitted_or_known_not_to_be() {
    everywhere(|reference, semconv, engine, exported| {
        for row in &reference.spans {
            let is_of_row = |span: &&SpanData| {
                let operation = attributes(span)["gen_ai.operation.name"].as_str();
                row.operations.iter().any(|known| *known == operation)
            };
            let spans = exported.gen_ai_spans().filter(is_of_row);
            let seen: BTreeSet<String> =
                spans.flat_map(|span| attributes(span).into_keys().map(str::to_owned)).collect();
            let wanted: BTreeSet<String> = reference.attributes_of(row, semconv).into_keys().collect();
            assert_eq!(seen, wanted, "{:?} in {semconv:?} with {engine:?}", row.operations);
            assert!(row.never.iter().all(|key| !seen.contains(key)), "{:?}", row.operations);
        }
    });
}

#[test]
fn every_instrument_has_the_unit_labels_and_buckets_of_the_convention_and_no_other_is_there() {
    everywhere(|reference, semconv, engine, exported| {
        let metrics = gen_ai_metrics(&exported.metrics);
        let wanted: BTreeSet<&str> = reference.metrics_of(semconv).map(|row| row.name.as_str()).collect();
        assert_eq!(metrics.keys().copied().collect::<BTreeSet<_>>(), wanted, "{semconv:?} with {engine:?}");
        for row in reference.metrics_of(semconv) {
            check_metric(row, metrics[row.name.as_str()]);
        }
    });
}

fn gen_ai_metrics(exported: &[ResourceMetrics]) -> BTreeMap<&str, &Metric> {
    let last = exported.last().expect("metrics were exported");
    let metrics = last.scope_metrics().flat_map(|scope| scope.metrics());
    metrics
        .filter(|metric| metric.name().starts_with("gen_ai."))
        .map(|metric| (metric.name(), metric))
        .collect()
}

fn check_metric(row: &MetricRow, metric: &Metric) {
    assert_eq!(metric.unit(), row.unit, "{}", row.name);
    let labels: Vec<BTreeMap<String, Type>> = match metric.data() {
        AggregatedMetrics::U64(MetricData::Sum(sum)) => {
            assert_eq!(row.instrument, "counter", "{}", row.name);
            assert!(sum.is_monotonic(), "{}", row.name);
            sum.data_points().map(|point| labels(point.attributes())).collect()
        }
        AggregatedMetrics::F64(MetricData::Histogram(histogram)) => {
            assert_eq!(row.instrument, "histogram", "{}", row.name);
            for point in histogram.data_points() {
                assert_eq!(point.bounds().collect::<Vec<_>>(), row.buckets, "{}", row.name);
            }
            histogram.data_points().map(|point| labels(point.attributes())).collect()
        }
        other => panic!("{} is {other:?}", row.name),
    };
    let allowed: BTreeSet<&String> = row.required.iter().chain(&row.others).collect();
    let mut seen = BTreeSet::new();
    for series in &labels {
        for required in &row.required {
            assert!(series.contains_key(required), "{} lacks {required}: {series:?}", row.name);
        }
        for (name, label_type) in series {
            assert!(allowed.contains(name), "{} must not have {name}", row.name);
            let wanted = if name == "server.port" { Type::Int } else { Type::String };
            assert_eq!(*label_type, wanted, "{name} of {}", row.name);
            seen.insert(name);
        }
    }
    assert_eq!(seen, allowed, "{} has each of its labels on some series", row.name);
    if row.others.iter().any(|label| label == "error.type") {
        assert!(labels.iter().any(|series| !series.contains_key("error.type")), "{}", row.name);
    }
}

fn labels<'a>(attributes: impl Iterator<Item = &'a opentelemetry::KeyValue>) -> BTreeMap<String, Type> {
    attributes.map(|label| (label.key.to_string(), Type::of(&label.value))).collect()
}

#[test]
fn both_generations_measure_the_same() {
    for engine in ENGINES {
        let exported = program::run(Semconv::Both, engine);
        let metrics = gen_ai_metrics(&exported.metrics);
        let of = |name: &str, label: &str| total(metrics[name], label);
        for (latest, older) in [
            ("time_to_first_chunk", "time_to_first_chunk"),
            ("time_per_output_chunk", "time_per_output_chunk"),
        ] {
            let latest = of(&format!("gen_ai.client.inference.{latest}"), "");
            assert_eq!(latest, of(&format!("gen_ai.client.operation.{older}"), ""));
        }
        // Embeddings have no counter of their own yet; the older histogram has them.
        let usage = "gen_ai.client.inference.usage";
        let (_, input) = of(&format!("{usage}.input_tokens"), "");
        assert_eq!(of("gen_ai.client.token.usage", "input").1, input + program::EMBEDDED);
        let (_, output) = of(&format!("{usage}.output_tokens"), "");
        assert_eq!(of("gen_ai.client.token.usage", "output").1, output);
    }
}

#[test]
fn the_duration_of_a_call_is_that_of_its_span_and_each_chunk_after_the_first_counts() {
    for engine in ENGINES {
        let exported = program::run(Semconv::Latest, engine);
        let metrics = gen_ai_metrics(&exported.metrics);
        let operations = ["chat", "generate_content", "text_completion"];
        let is_inference = |span: &&SpanData| {
            operations.contains(&attributes(span)["gen_ai.operation.name"].as_str().as_ref())
        };
        let spans: Vec<_> = exported.gen_ai_spans().filter(is_inference).collect();
        let lasted = spans.iter().map(|span| {
            let lasted = span.end_time.duration_since(span.start_time);
            lasted.expect("a span ends after its start").as_secs_f64()
        });
        let (count, sum) = total(metrics["gen_ai.client.inference.duration"], "");
        assert_eq!(count, spans.len() as u64);
        // The span of the compatible engine starts a moment before the observation.
        assert!((sum - lasted.sum::<f64>()).abs() < 0.01, "{sum}");
        let (count, _) = total(metrics["gen_ai.client.inference.time_per_output_chunk"], "");
        assert_eq!(count, program::CHUNKS - 1);
    }
}

/// How many numbers a metric has taken and their sum, over all series with this value of some label;
/// over all, if it is empty.
fn total(metric: &Metric, value: &str) -> (u64, f64) {
    let has = |mut labels: Box<dyn Iterator<Item = &opentelemetry::KeyValue> + '_>| {
        value.is_empty() || labels.any(|label| label.value.as_str() == value)
    };
    match metric.data() {
        AggregatedMetrics::U64(MetricData::Sum(sum)) => {
            let points = sum.data_points().filter(|point| has(Box::new(point.attributes())));
            (0, points.map(|point| point.value() as f64).sum())
        }
        AggregatedMetrics::F64(MetricData::Histogram(histogram)) => {
            let points = histogram.data_points().filter(|point| has(Box::new(point.attributes())));
            points.fold((0, 0.0), |(count, sum), point| (count + point.count(), sum + point.sum()))
        }
        other => panic!("{} is {other:?}", metric.name()),
    }
}

#[test]
fn the_reference_names_each_thing_once() {
    let reference = Reference::read();
    let names: BTreeSet<&str> = reference.metrics.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names.len(), reference.metrics.len());
    let operations = || reference.spans.iter().flat_map(|row: &SpanRow| &row.operations);
    assert_eq!(operations().collect::<BTreeSet<_>>().len(), operations().count());
}
