//! What the OpenTelemetry API sees of `tracing` spans, and what it can do to them.

mod support;

use std::sync::Arc;

use flowspan_api::{Step, Workflow};
use flowspan_layer::{Engine, FlowspanLayer, Normalizer, Spans};
use flowspan_model::{Event, EventSink, Kind, Moment, Semconv};
use opentelemetry::{
    Context, KeyValue, Value,
    baggage::BaggageExt,
    propagation::{Injector, TextMapPropagator},
    trace::{
        SpanContext, SpanId, Status, TraceContextExt, TraceFlags, TraceId, TraceState, Tracer, TracerProvider,
    },
};
use opentelemetry_sdk::{
    propagation::TraceContextPropagator,
    trace::{InMemorySpanExporter, Sampler, SimpleSpanProcessor},
};
use tracing::info_span;
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::layer::SubscriberExt;

use self::support::{Bench, attribute};

fn remote(flags: TraceFlags) -> Context {
    let ids = (TraceId::from_bytes([7; 16]), SpanId::from_bytes([8; 8]));
    Context::new().with_remote_span_context(SpanContext::new(
        ids.0,
        ids.1,
        flags,
        true,
        TraceState::default(),
    ))
}

fn the_current_context_is_that_of_the_span_and_takes_what_is_set(engine: Engine) {
    let bench = Bench::new(engine);
    let outside = Context::current().span().span_context().clone();
    info_span!("work").in_scope(|| {
        Context::map_current(|current| {
            let span = current.span();
            assert!(span.is_recording());
            span.set_attribute(KeyValue::new("mine", 7));
            span.set_attribute(KeyValue::new("mine", 8));
            span.add_event("seen", vec![KeyValue::new("at", 1)]);
            span.set_status(Status::error("broken"));
            span.update_name("work, renamed");
            span.end();
        });
        info_span!("inside").in_scope(|| {});
    });
    assert_eq!(Context::current().span().span_context(), &outside);
    let span = bench.span("work, renamed");
    assert_eq!(attribute(&span, "mine"), Some(Value::I64(8)));
    assert_eq!(span.events[0].name, "seen");
    assert_eq!(span.status, Status::error("broken"));
    assert_eq!(bench.span("inside").parent_span_id, span.span_context.span_id());
}

fn the_extension_trait_works_before_and_after_the_start(engine: Engine) {
    let bench = Bench::new(engine);
    let other = info_span!("other");
    let linked = other.context().span().span_context().clone();
    let span = info_span!("work");
    span.set_attribute("before", 1_i64);
    span.add_link(linked.clone());
    span.set_parent(remote(TraceFlags::SAMPLED)).expect("it has not started");
    span.in_scope(|| {});
    assert!(span.set_parent(Context::new()).is_err());
    span.set_attribute("after", 2_i64);
    span.add_event("told", Vec::new());
    span.set_status(Status::Ok);
    let seen = span.context().span().span_context().clone();
    drop(span);

    let span = bench.span("work");
    assert_eq!(span.span_context, seen);
    assert_eq!((span.parent_span_id, span.parent_span_is_remote), (SpanId::from_bytes([8; 8]), true));
    assert_eq!(attribute(&span, "before"), Some(Value::I64(1)));
    assert_eq!(attribute(&span, "after"), Some(Value::I64(2)));
    assert_eq!(span.links.links[0].span_context, linked);
    assert_eq!(span.events[0].name, "told");
    assert_eq!(span.status, Status::Ok);
}

fn a_span_that_was_entered_takes_no_other_parent(engine: Engine) {
    let bench = Bench::new(engine);
    let span = info_span!("work");
    span.in_scope(|| {});
    assert!(span.set_parent(remote(TraceFlags::SAMPLED)).is_err());
    drop(span);
    assert_eq!(bench.span("work").parent_span_id, SpanId::INVALID);
}

fn a_span_that_is_not_heard_has_an_empty_context(engine: Engine) {
    let bench = Bench::new(engine);
    let quiet = tracing::debug_span!("quiet");
    assert!(!quiet.context().span().span_context().is_valid());
    quiet.set_attribute("nobody", 1_i64);
    drop(quiet);
    assert!(bench.spans().is_empty());
}

fn following_a_span_links_to_it(engine: Engine) {
    let bench = Bench::new(engine);
    let (first, second) = (info_span!("first"), info_span!("second"));
    second.follows_from(&first);
    first.in_scope(|| {});
    second.in_scope(|| {});
    drop((first, second));
    let first = bench.span("first").span_context.clone();
    let followed: Vec<_> = bench.span("second").links.iter().map(|link| link.span_context.clone()).collect();
    assert_eq!(followed, [first]);
}

fn an_explicit_parent_counts_even_where_another_span_is_current(engine: Engine) {
    let bench = Bench::new(engine);
    let parent = info_span!("parent");
    let current = info_span!("current").entered();
    info_span!(parent: &parent, "child").in_scope(|| {});
    info_span!(parent: None, "root").in_scope(|| {});
    drop(current);
    drop(parent);
    assert_eq!(bench.span("child").parent_span_id, bench.span("parent").span_context.span_id());
    assert_eq!(bench.span("root").parent_span_id, SpanId::INVALID);
    assert_ne!(bench.span("root").span_context.trace_id(), bench.span("current").span_context.trace_id());
}

fn what_is_not_sampled_is_counted_and_not_exported(engine: Engine) {
    let bench = Bench::sampling(engine, Sampler::ParentBased(Box::new(Sampler::AlwaysOff)));
    let tracer = bench.provider.tracer("by hand");
    let workflow = Workflow::new("w").enter();
    let step = Step::shell("s").enter();
    tracer.in_span("by hand", |context| assert!(!context.span().span_context().is_sampled()));
    drop(step);
    drop(workflow);
    assert!(bench.spans().is_empty());
    let ended = bench.events().into_iter().filter(|event| event.moment == Moment::Ended).count();
    assert_eq!(ended, 2);
    let (step, workflow) = (bench.ended(Kind::Step), bench.ended(Kind::Workflow));
    assert_eq!(step.ids.trace, workflow.ids.trace);
    assert_eq!(step.ids.parent, Some(workflow.ids.span));
}

fn the_callers_decision_counts(engine: Engine) {
    let bench = Bench::new(engine);
    for (name, flags) in [("kept", TraceFlags::SAMPLED), ("not kept", TraceFlags::NOT_SAMPLED)] {
        let work = Workflow::new(name);
        work.span().set_parent(remote(flags)).expect("it has not started");
        let work = work.enter();
        drop(Step::shell(name).enter());
        drop(work);
    }
    let mut names: Vec<_> = bench.spans().iter().map(|span| span.name.to_string()).collect();
    names.sort();
    assert_eq!(names, ["invoke_workflow kept", "step kept"]);
}

fn a_sampler_sees_the_attributes_of_a_root(engine: Engine) {
    #[derive(Clone, Debug)]
    struct Keeps;
    impl opentelemetry_sdk::trace::ShouldSample for Keeps {
        fn should_sample(
            &self,
            _: Option<&Context>,
            _: TraceId,
            _: &str,
            _: &opentelemetry::trace::SpanKind,
            attributes: &[KeyValue],
            _: &[opentelemetry::trace::Link],
        ) -> opentelemetry_sdk::trace::SamplingResult {
            use opentelemetry_sdk::trace::{SamplingDecision, SamplingResult};
            let wanted = attributes.iter().any(|kv| kv.value.as_str() == "wanted");
            SamplingResult {
                decision: if wanted { SamplingDecision::RecordAndSample } else { SamplingDecision::Drop },
                attributes: Vec::new(),
                trace_state: TraceState::default(),
            }
        }
    }
    let bench = Bench::sampling(engine, Sampler::ParentBased(Box::new(Keeps)));
    drop(Workflow::new("wanted").enter());
    drop(Workflow::new("other").enter());
    info_span!("plain", why = "wanted").in_scope(|| {});
    let mut names: Vec<_> = bench.spans().iter().map(|span| span.name.to_string()).collect();
    names.sort();
    assert_eq!(names, ["invoke_workflow wanted", "plain"]);
}

fn baggage_goes_along(engine: Engine) {
    let bench = Bench::new(engine);
    let context = Context::current_with_baggage([KeyValue::new("tenant", "acme")]);
    let _attached = context.attach();
    info_span!("work").in_scope(|| {
        Context::map_current(|current| assert_eq!(current.baggage().get("tenant"), Some(&"acme".into())));
    });
    assert_eq!(bench.spans().len(), 1);
}

fn injection_gives_the_ids_of_the_span(engine: Engine) {
    #[derive(Default)]
    struct Headers(Vec<(String, String)>);
    impl Injector for Headers {
        fn set(&mut self, key: &str, value: String) {
            self.0.push((key.to_owned(), value));
        }
    }
    let bench = Bench::new(engine);
    let propagator = TraceContextPropagator::new();
    let mut headers = Headers::default();
    info_span!("request").in_scope(|| propagator.inject(&mut headers));
    let ids = bench.span("request").span_context.clone();
    let expected = format!("00-{}-{}-01", ids.trace_id(), ids.span_id());
    assert!(headers.0.contains(&("traceparent".to_owned(), expected)));
}

fn a_suppressed_thread_makes_no_spans(engine: Engine) {
    let bench = Bench::new(engine);
    let _quiet = Context::enter_telemetry_suppressed_scope();
    info_span!("export").in_scope(|| {});
    assert!(bench.spans().is_empty());
}

fn guards_that_are_dropped_out_of_order_leave_nothing_behind(engine: Engine) {
    let bench = Bench::new(engine);
    let outer = info_span!("outer").entered();
    let inner = info_span!("inner").entered();
    drop(outer);
    drop(inner);
    assert!(!Context::current().span().span_context().is_valid());
    info_span!("after").in_scope(|| {});
    assert_eq!(bench.span("after").parent_span_id, SpanId::INVALID);
}

fn who_leaves_an_outer_span_first_is_still_inside_the_inner_ones(engine: Engine) {
    let bench = Bench::new(engine);
    let [outer, middle, inner] =
        ["outer", "middle", "inner"].map(|name| info_span!("work", otel.name = name).entered());
    drop(outer);
    info_span!("in the inner one").in_scope(|| {});
    drop(inner);
    info_span!("in the middle one").in_scope(|| {});
    drop(middle);
    for (name, around) in [("in the inner one", "inner"), ("in the middle one", "middle")] {
        assert_eq!(bench.span(name).parent_span_id, bench.span(around).span_context.span_id(), "{name}");
    }
}

fn the_state_of_a_trace_goes_to_every_span_of_it_and_to_no_other(engine: Engine) {
    let bench = Bench::new(engine);
    let states = |names: [&'static str; 3], around: Context| {
        let around = around.attach();
        let [root, child, grandchild] = names;
        info_span!("work", otel.name = root).in_scope(|| {
            info_span!("work", otel.name = child).in_scope(|| {
                info_span!("work", otel.name = grandchild).in_scope(|| {});
            });
        });
        drop(around);
        names.map(|name| bench.span(name).span_context.trace_state().header())
    };
    let state = TraceState::from_key_value([("vendor", "text")]).expect("valid");
    let (trace, span) = (TraceId::from_bytes([7; 16]), SpanId::from_bytes([8; 8]));
    let caller = SpanContext::new(trace, span, TraceFlags::SAMPLED, true, state);
    let caller = Context::new().with_remote_span_context(caller);
    assert_eq!(states(["root", "child", "grandchild"], caller), ["vendor=text"; 3]);
    assert_eq!(states(["other root", "other child", "other grandchild"], Context::new()), [""; 3]);
}

fn a_span_may_be_made_entered_and_closed_on_three_threads(engine: Engine) {
    const ROUNDS: usize = 50;
    let bench = Bench::new(engine);
    let dispatch = tracing::dispatcher::get_default(Clone::clone);
    let elsewhere = |work: &(dyn Fn() + Sync)| {
        std::thread::scope(|scope| {
            scope.spawn(|| tracing::dispatcher::with_default(&dispatch, work));
        });
    };
    for round in 0..ROUNDS {
        let name = format!("round {round}");
        let span = Workflow::new(&name).span().clone();
        span.set_attribute("round", i64::try_from(round).expect("it is small"));
        elsewhere(&|| span.in_scope(|| drop(Step::shell(&name).enter())));
        let span = std::sync::Mutex::new(Some(span));
        elsewhere(&|| drop(span.lock().map(|mut span| span.take())));
    }
    assert_eq!(bench.spans().len(), 2 * ROUNDS);
    for round in 0..ROUNDS {
        let workflow = bench.span(&format!("invoke_workflow round {round}"));
        let step = bench.span(&format!("step round {round}"));
        assert_eq!(step.parent_span_id, workflow.span_context.span_id());
        assert_eq!(
            attribute(&workflow, "round"),
            Some(Value::I64(i64::try_from(round).expect("it is small")))
        );
    }
}

with_both_engines! {
    a_span_may_be_made_entered_and_closed_on_three_threads;
    the_current_context_is_that_of_the_span_and_takes_what_is_set;
    the_extension_trait_works_before_and_after_the_start;
    a_span_that_was_entered_takes_no_other_parent;
    a_span_that_is_not_heard_has_an_empty_context;
    following_a_span_links_to_it;
    an_explicit_parent_counts_even_where_another_span_is_current;
    what_is_not_sampled_is_counted_and_not_exported;
    the_callers_decision_counts;
    a_sampler_sees_the_attributes_of_a_root;
    baggage_goes_along;
    injection_gives_the_ids_of_the_span;
    a_suppressed_thread_makes_no_spans;
    guards_that_are_dropped_out_of_order_leave_nothing_behind;
    who_leaves_an_outer_span_first_is_still_inside_the_inner_ones;
    the_state_of_a_trace_goes_to_every_span_of_it_and_to_no_other;
}

/// The other engine cannot look at what is said to `tracing-opentelemetry`; its spans are named when they go out.
#[test]
fn what_is_said_through_the_extension_trait_leaves_in_the_generation_of_the_program() {
    for (semconv, has_latest, has_older) in
        [(Semconv::Latest, true, false), (Semconv::V1_41, false, true), (Semconv::Both, true, true)]
    {
        let exporter = InMemorySpanExporter::default();
        let normalizer = Normalizer::new(vec![Box::new(SimpleSpanProcessor::new(exporter.clone()))]);
        let layer = FlowspanLayer::native(Spans::new(normalizer.semconv(semconv)), Arc::new(Nobody));
        let default = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));
        for name in ["a call", "of nobody"] {
            let span = info_span!("said");
            span.set_attribute("gen_ai.usage.cache_write.input_tokens", 7_i64);
            span.set_attribute("gen_ai.system", "openai");
            if name == "a call" {
                span.set_attribute("gen_ai.operation.name", "chat");
            }
        }
        drop(default);
        let spans = exporter.get_finished_spans().expect("the exporter is alive");
        assert_eq!(spans.len(), 2);
        for span in spans {
            let has = |key: &str| span.attributes.iter().any(|attribute| attribute.key.as_str() == key);
            assert_eq!(has("gen_ai.usage.cache_write.input_tokens"), has_latest, "{semconv:?} {span:?}");
            assert_eq!(has("gen_ai.usage.cache_creation.input_tokens"), has_older, "{semconv:?} {span:?}");
            assert_eq!(has("gen_ai.system"), has_older, "{semconv:?} {span:?}");
            assert!(has("gen_ai.provider.name"), "{semconv:?} {span:?}");
        }
    }
}

struct Nobody;

impl EventSink for Nobody {
    fn event(&self, _: &Event) {}
}
