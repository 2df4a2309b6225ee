//! Links that follow from what spans say of themselves.

mod support;

use flowspan_api::{Agent, MapReduce, Step, Workflow};
use flowspan_layer::{Engine, Normalizer, Replay};
use flowspan_model::{Field, Kind};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SimpleSpanProcessor, SpanData, SpanProcessor};
use support::{Bench, attribute};

const TRACEPARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fn linked(span: &SpanData) -> Vec<String> {
    span.links.iter().map(|link| link.span_context.span_id().to_string()).collect()
}

fn id(span: &SpanData) -> String {
    span.span_context.span_id().to_string()
}

fn named<'spans>(spans: &'spans [SpanData], name: &str) -> Vec<&'spans SpanData> {
    spans.iter().filter(|span| span.name == name).collect()
}

fn job(items: usize) {
    let job = MapReduce::new("files", items);
    let _entered = job.clone().enter();
    for item in 0..items {
        drop(job.item(&item.to_string()).enter());
    }
    drop(job.reduce().enter());
}

fn a_reduction_links_to_the_items_of_its_job(engine: Engine) {
    let bench = Bench::new(engine);
    job(3);
    job(2);
    let spans = bench.spans();
    let jobs = named(&spans, "map_reduce files");
    for (job, reduction) in jobs.iter().zip(named(&spans, "reduce files")) {
        let items: Vec<_> = named(&spans, "map_item files")
            .into_iter()
            .filter(|item| item.parent_span_id == job.span_context.span_id())
            .collect();
        assert!(items.iter().all(|item| linked(item).is_empty()), "the job is their parent");
        assert_eq!(linked(reduction), items.iter().map(|item| id(item)).collect::<Vec<_>>());
        let traces: Vec<_> = reduction.links.iter().map(|link| link.span_context.trace_id()).collect();
        assert!(traces.iter().all(|trace| *trace == job.span_context.trace_id()));
    }
    assert_eq!(named(&spans, "reduce files").len(), 2);
}

fn links_to_items_are_bounded_and_the_others_are_counted(engine: Engine) {
    let bench = Bench::new(engine);
    job(1_000);
    let reduction = bench.span("reduce files");
    assert_eq!((reduction.links.links.len(), reduction.links.dropped_count), (128, 1_000 - 128));
}

fn an_attempt_links_to_the_one_before(engine: Engine) {
    let bench = Bench::new(engine);
    let _workflow = Workflow::new("w").enter();
    for attempt in 1..=3 {
        drop(Step::shell("build").attempt(attempt).enter());
    }
    drop(Step::shell("other").attempt(2).enter());
    let spans = bench.spans();
    let [first, second, third] = named(&spans, "step build")[..] else { panic!("three attempts") };
    assert!(linked(first).is_empty());
    assert_eq!(linked(second), [id(first)]);
    assert_eq!(linked(third), [id(second)]);
    assert!(linked(&bench.span("step other")).is_empty(), "nobody has seen its first attempt");
}

fn attempts_that_look_the_same_link_to_nobody(engine: Engine) {
    let bench = Bench::new(engine);
    let _workflow = Workflow::new("w").enter();
    for attempt in [1, 1, 2] {
        drop(Agent::new("writer").attempt(attempt).enter());
    }
    assert!(named(&bench.spans(), "invoke_agent writer").iter().all(|span| linked(span).is_empty()));
}

fn a_resumed_run_links_to_the_interrupted_one(engine: Engine) {
    let bench = Bench::new(engine);
    drop(Workflow::new("w").resumes(TRACEPARENT).enter());
    drop(Workflow::new("v").resumes("the one of yesterday").enter());
    let run = bench.span("invoke_workflow w");
    assert_eq!(linked(&run), ["b7ad6b7169203331"]);
    assert_eq!(run.links.links[0].span_context.trace_id().to_string(), "0af7651916cd43dd8448eb211c80319c");
    let other = bench.span("invoke_workflow v");
    assert!(linked(&other).is_empty());
    assert_eq!(attribute(&other, "flowspan.run.resumes"), Some("the one of yesterday".into()));
}

fn what_is_replayed_has_the_same_links(engine: Engine) {
    let bench = Bench::new(engine);
    {
        let _run = Workflow::new("w").resumes(TRACEPARENT).enter();
        job(200);
        for attempt in 1..=2 {
            drop(Step::shell("build").attempt(attempt).enter());
        }
    }
    assert_eq!(bench.ended(Kind::Workflow).fields.text(Field::ResumedRun), Some(TRACEPARENT));
    let again = InMemorySpanExporter::default();
    let normalizer = Normalizer::new(vec![Box::new(SimpleSpanProcessor::new(again.clone()))]);
    let mut replay = Replay::new("test");
    bench.events().iter().filter_map(|event| replay.take(event)).for_each(|span| normalizer.on_end(span));
    let links = |spans: Vec<SpanData>| {
        let mut links: Vec<_> =
            spans.iter().map(|span| (id(span), linked(span), span.links.dropped_count)).collect();
        links.sort();
        links
    };
    let live = links(bench.spans());
    assert_eq!(live.iter().map(|(_, linked, _)| linked.len()).sum::<usize>(), 1 + 128 + 1);
    assert_eq!(links(again.get_finished_spans().expect("alive")), live);
}

with_both_engines! {
    a_reduction_links_to_the_items_of_its_job;
    links_to_items_are_bounded_and_the_others_are_counted;
    an_attempt_links_to_the_one_before;
    attempts_that_look_the_same_link_to_nobody;
    a_resumed_run_links_to_the_interrupted_one;
    what_is_replayed_has_the_same_links;
}
