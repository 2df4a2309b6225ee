//! An observed step: a span with five attributes and a status, a duration, three instruments.

use std::{convert::Infallible, hint::black_box, time::Instant};

use fastrace::prelude::{LocalSpan, Span as FastSpan, SpanContext, SpanRecord};
use flowspan_api::{Step, Workflow};
use opentelemetry::{
    KeyValue,
    metrics::{Counter, Histogram},
    trace::{TraceContextExt, Tracer},
};
use opentelemetry_sdk::trace::{Sampler, SdkTracer};
use tracing::{field::Empty, info, info_span};

use super::{
    Contender, Contenders, Work,
    stacks::{Ours, Sdk},
};

pub(super) const SAMPLED: Work = Work {
    name: "observed step, sampled",
    goal: "at most 400 ns, tracing-opentelemetry at least 4 times, the SDK by hand at least 1 time",
    // Less than a batch: the cost of the caller, while the exporter's thread sleeps.
    times: 400,
    is_counted: true,
    contenders: || contenders(&Sampler::AlwaysOn, true),
};

pub(super) const NOT_SAMPLED: Work = Work {
    name: "observed step, not sampled",
    goal: "at most 150 ns",
    // Less than a batch: the cost of the caller, while the exporter's thread sleeps.
    times: 400,
    is_counted: true,
    contenders: || contenders(&Sampler::AlwaysOff, false),
};

fn contenders(sampler: &Sampler, sampled: bool) -> Contenders {
    vec![
        ("flowspan", Ours::new(sampler.clone()).doing(ours)),
        ("flowspan, compatible engine", Ours::compatible(sampler.clone()).doing(ours)),
        (
            "tracing-opentelemetry + MetricsLayer",
            Sdk::new(sampler.clone()).listening(Sdk::default_layers, with_default_layers),
        ),
        (
            "tracing-opentelemetry lean + MetricsLayer",
            Sdk::new(sampler.clone()).listening(Sdk::lean_layers, with_lean_layers),
        ),
        ("opentelemetry_sdk by hand", by_hand(Sdk::new(sampler.clone()))),
        ("fastrace (no instruments)", fast(sampled)),
    ]
}

pub(super) fn ours(times: u64) {
    let _workflow = Workflow::new("triage").enter();
    for _ in 0..times {
        let _ = one_of_ours();
    }
}

/// The way of flowspan's own documentation.
pub(super) fn one_of_ours() -> Result<(), Infallible> {
    Step::shell("clone").index(3).attempt(1).in_scope(|| {
        black_box(());
        Ok(())
    })
}

/// The way of the README: a span with fields and an `otel.name`, a metrics event inside it. One event
/// carries all three instruments, which is the cheapest that `MetricsLayer` offers, and their labels
/// are the union of the three. The event is a span event, too, as it is for everybody who follows
/// the documentation.
pub(super) fn with_default_layers(times: u64) {
    let _workflow = info_span!("invoke_workflow triage").entered();
    for _ in 0..times {
        let start = Instant::now();
        let span = step_span().entered();
        black_box(());
        span.record("flowspan.status", "success");
        info!(
            monotonic_counter.step_executions = 1_u64,
            monotonic_counter.workflow_steps = 1_u64,
            histogram.step_duration = start.elapsed().as_secs_f64(),
            step_type = "shell",
            step_name = "clone",
            workflow_name = "triage",
            status = "success",
        );
    }
}

/// The same, but the event is outside every span, which saves the span event.
pub(super) fn with_lean_layers(times: u64) {
    let _workflow = info_span!("invoke_workflow triage").entered();
    for _ in 0..times {
        let start = Instant::now();
        let span = step_span().entered();
        black_box(());
        span.record("flowspan.status", "success");
        drop(span);
        info!(
            parent: None,
            monotonic_counter.step_executions = 1_u64,
            monotonic_counter.workflow_steps = 1_u64,
            histogram.step_duration = start.elapsed().as_secs_f64(),
            step_type = "shell",
            step_name = "clone",
            workflow_name = "triage",
            status = "success",
        );
    }
}

fn step_span() -> tracing::Span {
    info_span!(
        "step clone",
        flowspan.step.name = "clone",
        flowspan.step.type = "shell",
        flowspan.step.index = 3_i64,
        flowspan.attempt = 1_i64,
        flowspan.status = Empty,
    )
}

/// The instruments of a step, kept and used unbound as the SDK's guide shows it.
struct Instruments {
    executions: Counter<u64>,
    steps: Counter<u64>,
    duration: Histogram<f64>,
}

/// `in_span_with_builder` is what the API offers for a span with attributes around a piece of code;
/// the texts are static, so nothing but vectors is allocated. Three instruments with the labels that
/// ours have, always in the same order, which is the SDK's quick way.
fn by_hand(sdk: Sdk) -> Box<dyn Contender> {
    let (tracer, meter) = (sdk.tracer(), sdk.meter());
    let instruments = Instruments {
        executions: meter.u64_counter("step.executions").build(),
        steps: meter.u64_counter("workflow.steps").build(),
        duration: meter
            .f64_histogram("step.duration")
            .with_boundaries(vec![0.1, 1.0, 5.0, 10.0, 30.0, 60.0])
            .build(),
    };
    sdk.by_hand(move |times| {
        tracer.in_span("invoke_workflow triage", |_| {
            for _ in 0..times {
                step_by_hand(&tracer, &instruments);
            }
        });
    })
}

fn step_by_hand(tracer: &SdkTracer, instruments: &Instruments) {
    let start = Instant::now();
    let builder = tracer.span_builder("step clone").with_attributes(vec![
        KeyValue::new("flowspan.step.name", "clone"),
        KeyValue::new("flowspan.step.type", "shell"),
        KeyValue::new("flowspan.step.index", 3),
        KeyValue::new("flowspan.attempt", 1),
    ]);
    tracer.in_span_with_builder(builder, |context| {
        black_box(());
        context.span().set_attribute(KeyValue::new("flowspan.status", "success"));
    });
    let took = start.elapsed().as_secs_f64();
    let workflow = KeyValue::new("workflow_name", "triage");
    let (kind, name) = (KeyValue::new("step_type", "shell"), KeyValue::new("step_name", "clone"));
    let status = KeyValue::new("status", "success");
    instruments.duration.record(took, &[kind.clone(), workflow.clone(), name.clone()]);
    instruments.steps.add(1, std::slice::from_ref(&workflow));
    instruments.executions.add(1, &[kind, status, workflow, name]);
}

/// Local spans with properties, which its README calls the quick way. It has no instruments, so this
/// is what a span alone costs where speed is everything.
fn fast(sampled: bool) -> Box<dyn Contender> {
    struct Nowhere;
    impl fastrace::collector::Reporter for Nowhere {
        fn report(&mut self, _: Vec<SpanRecord>) {}
    }
    fastrace::set_reporter(Nowhere, fastrace::collector::Config::default());
    struct Fast(bool);
    impl Contender for Fast {
        fn round(&mut self, times: u64) {
            let workflow = FastSpan::root("invoke_workflow triage", SpanContext::random().sampled(self.0));
            let _current = workflow.set_local_parent();
            for _ in 0..times {
                let _step = LocalSpan::enter_with_local_parent("step clone").with_properties(|| {
                    [
                        ("flowspan.step.name", "clone"),
                        ("flowspan.step.type", "shell"),
                        ("flowspan.step.index", "3"),
                        ("flowspan.attempt", "1"),
                        ("flowspan.status", "success"),
                    ]
                });
                black_box(());
            }
        }

        fn settle(&mut self) {
            fastrace::flush();
        }
    }
    Box::new(Fast(sampled))
}
