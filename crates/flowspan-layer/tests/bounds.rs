//! Bad input: much of everything.

mod support;

use std::{fmt, sync::Arc};

use flowspan_api::{Step, Workflow};
use flowspan_layer::{Engine, FlowspanLayer, Normalizer, Spans};
use flowspan_model::{Event, EventSink, Kind};
use opentelemetry::{Context, KeyValue, Value, trace::TraceContextExt};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SimpleSpanProcessor};
use tracing::{field::Empty, info, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::prelude::*;

use self::support::{Bench, attribute};

struct Nobody;

impl EventSink for Nobody {
    fn event(&self, _: &Event) {}
}

fn a_callsite_with_sixty_fields_keeps_them_all(engine: Engine) {
    let bench = Bench::new(engine);
    macro_rules! sixty {
        ($($field:ident)+) => { info_span!("wide", $($field = 1_i64),+) };
    }
    sixty!(
        a0 a1 a2 a3 a4 a5 a6 a7 a8 a9 b0 b1 b2 b3 b4 b5 b6 b7 b8 b9 c0 c1 c2 c3 c4 c5 c6 c7 c8 c9
        d0 d1 d2 d3 d4 d5 d6 d7 d8 d9 e0 e1 e2 e3 e4 e5 e6 e7 e8 e9 f0 f1 f2 f3 f4 f5 f6 f7 f8 f9
    )
    .in_scope(|| {});
    assert_eq!(bench.span("wide").attributes.len(), 60);
}

fn of_ten_thousand_attributes_128_stay_and_the_others_are_counted(engine: Engine) {
    let bench = Bench::new(engine);
    info_span!("rich").in_scope(|| {
        Context::map_current(|current| {
            let span = current.span();
            (0..10_000).for_each(|n| span.set_attribute(KeyValue::new(format!("key {n}"), n)));
        });
    });
    let span = bench.span("rich");
    assert_eq!(span.attributes.len(), 128);
    assert_eq!(span.dropped_attributes_count, 10_000 - 128);
}

fn of_ten_thousand_events_and_links_128_stay_and_the_others_are_counted(engine: Engine) {
    let bench = Bench::new(engine);
    let other = info_span!("other").context().span().span_context().clone();
    info_span!("long").in_scope(|| {
        for n in 0..10_000 {
            info!(n, "again");
            Context::map_current(|current| current.span().add_link(other.clone(), Vec::new()));
        }
    });
    let span = bench.span("long");
    assert_eq!((span.events.len(), span.events.dropped_count), (128, 10_000 - 128));
    assert_eq!((span.links.links.len(), span.links.dropped_count), (128, 10_000 - 128));
}

fn a_field_that_is_recorded_again_and_again_stands_once(engine: Engine) {
    let bench = Bench::new(engine);
    let span = info_span!("patient", progress = Empty);
    (0..100_i64).for_each(|n| {
        span.record("progress", n);
    });
    drop(span);
    assert_eq!(attribute(&bench.span("patient"), "progress"), Some(Value::I64(99)));
}

fn a_megabyte_of_text_arrives(engine: Engine) {
    let bench = Bench::new(engine);
    let text = "x".repeat(1 << 20);
    drop(Step::new("shell", &text).enter());
    let span = bench.spans().remove(0);
    assert_eq!(attribute(&span, "flowspan.step.name"), Some(text.into()));
}

fn many_open_spans_end_with_their_own_parents(engine: Engine) {
    const MANY: usize = 20_000;
    let bench = Bench::new(engine);
    let workflow = Workflow::new("many");
    let steps: Vec<_> = workflow.span().in_scope(|| (0..MANY).map(|_| Step::shell("s")).collect());
    for step in steps {
        drop(step.enter());
    }
    drop(workflow);
    assert_eq!(bench.ended(Kind::Workflow).ids.parent, None);
    let parent = bench.span("invoke_workflow many").span_context.span_id();
    let spans = bench.spans();
    let children = spans.iter().filter(|span| span.parent_span_id == parent).count();
    assert_eq!(children, MANY);
    let ended =
        bench.events().iter().filter(|event| event.kind == Kind::Step && event.duration.is_some()).count();
    assert_eq!(ended, MANY);
}

#[test]
fn of_far_too_many_open_spans_most_are_kept_and_the_rest_are_counted() {
    const MOST: u64 = 1 << 18;
    const MANY: u64 = MOST + 30_000;
    let exporter = InMemorySpanExporter::default();
    let normalizer = Normalizer::new(vec![Box::new(SimpleSpanProcessor::new(exporter.clone()))]);
    let spans = Spans::new(normalizer);
    let unheard = spans.unheard();
    let layer = FlowspanLayer::native(spans, Arc::new(Nobody));
    let _default = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));
    let open: Vec<_> = (0..MANY).map(|_| info_span!("open")).collect();
    let kept = MANY - unheard.count();
    assert!(kept <= MOST, "{kept} spans are kept open");
    assert!(kept > MOST * 9 / 10, "only {kept} spans are kept open");
    drop(open);
    let exported = exporter.get_finished_spans().expect("the exporter is alive").len();
    assert_eq!(exported as u64, kept);
    // There is room again.
    drop(info_span!("after"));
    assert_eq!(MANY - unheard.count(), kept);
}

/// A value that has something to say while it is written.
struct Chatty;

impl fmt::Debug for Chatty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        info_span!("inner").in_scope(|| info!("being written"));
        info!("still being written");
        f.write_str("chatty")
    }
}

#[test]
fn a_value_may_log_into_its_own_span_while_it_is_written() {
    let bench = Bench::new(Engine::Native);
    let span = info_span!("work", value = Empty);
    span.in_scope(|| span.record("value", tracing::field::debug(Chatty)));
    drop(span);
    let work = bench.span("work");
    assert_eq!(attribute(&work, "value"), Some(Value::String("chatty".into())));
    assert_eq!(work.events.len(), 1);
    assert_eq!(bench.span("inner").parent_span_id, work.span_context.span_id());
}

with_both_engines! {
    a_callsite_with_sixty_fields_keeps_them_all;
    of_ten_thousand_attributes_128_stay_and_the_others_are_counted;
    of_ten_thousand_events_and_links_128_stay_and_the_others_are_counted;
    a_field_that_is_recorded_again_and_again_stands_once;
    a_megabyte_of_text_arrives;
    many_open_spans_end_with_their_own_parents;
}
