//! However many values come, the series are bounded and the totals exact.

use std::sync::{Arc, Mutex, PoisonError};

use flowspan_metrics::{LabelPolicies, Names, Notice};
use flowspan_model::{
    Event, EventSink, Field, Kind, Moment,
    catalog::{Instrument, METRICS},
};

use crate::support::{Bench, ended};

const MANY: u64 = 100_000;

/// An event in which every field that becomes a label has a value that no other event has.
fn unheard_of(moment: Moment, kind: Kind, n: u64) -> Event {
    let event = match moment {
        Moment::Ended => ended(kind),
        moment => Event::new(moment, kind),
    };
    let labels = METRICS
        .iter()
        .filter(|metric| metric.sources.iter().any(|source| source.moment == moment && source.kind == kind))
        .flat_map(|metric| metric.labels)
        .flat_map(|label| label.from);
    labels.fold(event, |event, field| event.with(*field, format!("value-{n}")))
}

#[test]
fn a_hundred_thousand_values_of_every_label_make_few_series_and_exact_totals() {
    let bench = Bench::new();
    let spans: Vec<Kind> = Kind::ALL.iter().copied().filter(|kind| kind.is_span()).collect();
    for n in 0..MANY {
        // All kinds in turn, so that the test takes seconds and each still overflows its limits.
        let kind = spans[usize::try_from(n).expect("it is small") % spans.len()];
        bench.recorder.event(&unheard_of(Moment::Started, kind, n));
        let end = unheard_of(Moment::Ended, kind, n);
        bench.recorder.event(&end.with(Field::InputTokens, 3_u64).with(Field::OutputTokens, 2_u64));
    }
    let all = bench.all();
    let of = |kind: Kind| (0..MANY).filter(|n| spans[*n as usize % spans.len()] == kind).count() as f64;
    let sum = |name: &str| all[name].values().sum::<f64>();
    assert_eq!(sum("test.workflow.executions"), of(Kind::Workflow));
    assert_eq!(sum("test.step.executions"), of(Kind::Step));
    assert_eq!(sum("test.step.errors"), of(Kind::Step));
    assert_eq!(sum("test.tool.duration"), of(Kind::ToolCall) * 1.5);
    assert_eq!(sum("test.llm.tokens"), of(Kind::Inference) * 5.0 + of(Kind::Embeddings) * 3.0);
    for metric in METRICS.iter().filter(|metric| !metric.sources.is_empty()) {
        let Some(series) = all.get(&format!("test.{}", metric.name)) else { continue };
        assert!(series.len() <= 1008, "{} has {} series", metric.name, series.len());
        assert!(series.keys().all(|labels| !labels.contains("otel.metric.overflow")), "{}", metric.name);
        if metric.instrument == Instrument::UpDownCounter {
            assert!(series.values().all(|running| *running == 0.0), "{}", metric.name);
        }
    }
    assert_eq!(bench.recorder.unmatched(), 0);
}

#[test]
fn what_collapses_is_counted_by_metric_and_label_and_told_once_for_each_label() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let policies = LabelPolicies::new().limit("step_name", 10).limit_of("step.executions", "step_name", 20);
    let bench = Bench::with(Names::new("test"), policies, |recorder| {
        let told = Arc::clone(&told);
        recorder.on_notice(move |notice| {
            if let Notice::LabelBounded { label, limit, .. } = notice {
                told.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{label} {limit}"));
            }
        })
    });
    for n in 0..100 {
        bench.recorder.event(&ended(Kind::Step).with(Field::StepName, format!("s{n}")));
    }
    let collapsed: Vec<_> =
        bench.recorder.collapsed().into_iter().map(|c| (c.metric, c.label, c.measurements)).collect();
    let of = |metric: &str, count| (metric.to_owned(), "step_name".to_owned(), count);
    assert_eq!(collapsed, [of("test.step.executions", 80), of("test.step.duration", 90)]);
    assert_eq!(*told.lock().unwrap_or_else(PoisonError::into_inner), ["step_name 10"]);
}

#[test]
fn series_beyond_the_limit_of_a_metric_are_one_and_keep_what_the_catalog_sets() {
    let policies = LabelPolicies::new().series_limit(50);
    let bench = Bench::with(Names::new("test"), policies, |recorder| recorder);
    for n in 0..60 {
        for provider in ["a", "b", "c"] {
            let call = ended(Kind::Inference).with(Field::Provider, provider);
            let call = call.with(Field::RequestModel, format!("m{n}"));
            bench.recorder.event(&call.with(Field::InputTokens, 1_u64).with(Field::OutputTokens, 1_u64));
        }
    }
    let tokens = bench.sums("test.llm.tokens");
    assert!(tokens.len() <= 52, "{}", tokens.len());
    assert_eq!(tokens.values().sum::<f64>(), 360.0);
    assert_eq!(
        tokens["model=other,provider=other,token_type=input"],
        tokens["model=other,provider=other,token_type=output"]
    );
}

#[test]
fn texts_and_identifiers_are_no_error_types() {
    let policies =
        LabelPolicies::new().error_types(|name| name.starts_with("the disk").then(|| "disk".into()));
    let bench = Bench::with(Names::new("test"), policies, |recorder| recorder);
    for error in ["timeout", "the disk is full", "/etc/passwd", "4f2a9c3d11e0", "cannot do that"] {
        bench.recorder.event(&ended(Kind::Step).with(Field::ErrorType, error));
    }
    let errors = bench.sums("test.step.errors");
    assert_eq!(errors["error_type=timeout"], 1.0);
    assert_eq!(errors["error_type=disk"], 1.0);
    assert_eq!(errors["error_type=other"], 3.0);
    assert_eq!(errors.len(), 3);
}
