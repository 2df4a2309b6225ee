//! What becomes of spans and events, seen at both ends of the layer.

mod support;

use flowspan_api::{Agent, Inference, MapReduce, Step, ToolCall, Usage, Workflow, event};
use flowspan_layer::Engine;
use flowspan_model::{Field, Kind, Moment, Status};
use opentelemetry::{
    Value,
    trace::{SpanKind, Status as OtelStatus, TraceContextExt, Tracer, TracerProvider},
};
use tracing::info_span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use self::support::{Bench, attribute};

type Outcome = Result<(), std::io::Error>;

async fn a_run_is_one_trace_and_every_event_stands_in_it(engine: Engine) {
    let bench = Bench::new(engine);
    Workflow::new("triage")
        .run_id("r1")
        .run(async {
            Step::shell("clone").run(async { Outcome::Ok(()) }).await?;
            Agent::new("researcher")
                .run(async {
                    let call = Inference::chat("openai", "m");
                    call.run(async { Outcome::Ok(()) }).await?;
                    call.usage(Usage::new().input(812).output(96).cache_read(640));
                    ToolCall::new("ripgrep").run(async { Outcome::Ok(()) }).await
                })
                .await
        })
        .await
        .expect("nothing fails");

    let workflow = bench.span("invoke_workflow triage");
    for (name, parent) in [
        ("step clone", &workflow),
        ("invoke_agent researcher", &workflow),
        ("chat m", &bench.span("invoke_agent researcher")),
        ("execute_tool ripgrep", &bench.span("invoke_agent researcher")),
    ] {
        let span = bench.span(name);
        assert_eq!(span.span_context.trace_id(), workflow.span_context.trace_id(), "{name}");
        assert_eq!(span.parent_span_id, parent.span_context.span_id(), "{name}");
    }
    let call = bench.span("chat m");
    assert_eq!(call.span_kind, SpanKind::Client);
    assert_eq!(attribute(&call, "gen_ai.usage.input_tokens"), Some(Value::I64(812)));

    for event in bench.events() {
        assert_eq!(event.ids.trace, workflow.span_context.trace_id().to_bytes());
        assert_eq!(event.fields.text(Field::WorkflowName), Some("triage"), "{event:?}");
        assert_eq!(event.fields.text(Field::RunId), Some("r1"), "{event:?}");
    }
    let call = bench.ended(Kind::Inference);
    assert_eq!(call.usage(), Usage::new().input(812).output(96).cache_read(640));
    assert_eq!(call.fields.text(Field::AgentName), Some("researcher"));
    assert_eq!(
        call.ids.parent,
        Some(bench.span("invoke_agent researcher").span_context.span_id().to_bytes())
    );
}

async fn what_starts_ends_whatever_happens(engine: Engine) {
    let bench = Bench::new(engine);
    let _ = Workflow::new("fails").run(async { Err::<(), _>(std::io::Error::other("broken")) }).await;
    drop(Workflow::new("is dropped").watch(std::future::pending::<()>()));
    {
        let mut polled = Box::pin(Workflow::new("is cancelled").watch(std::future::pending::<()>()));
        assert!(futures_poll(polled.as_mut()).is_pending());
    }
    let panics = tokio::spawn(Workflow::new("panics").watch(async { panic!("on purpose") }));
    assert!(panics.await.expect_err("it panicked").is_panic());

    let statuses: Vec<_> = bench
        .events()
        .iter()
        .filter(|event| event.moment == Moment::Ended)
        .map(|event| {
            (event.fields.text(Field::WorkflowName).expect("it has a name").to_owned(), event.status())
        })
        .collect();
    let expected = [
        ("fails", Status::Failed),
        ("is dropped", Status::Cancelled),
        ("is cancelled", Status::Cancelled),
        ("panics", Status::Failed),
    ];
    assert_eq!(statuses, expected.map(|(name, status)| (name.to_owned(), Some(status))));
    let started = bench.events().iter().filter(|event| event.moment == Moment::Started).count();
    assert_eq!(started, expected.len());
    assert_eq!(bench.span("invoke_workflow fails").status, OtelStatus::error("broken"));
}

fn futures_poll<F: Future>(future: std::pin::Pin<&mut F>) -> std::task::Poll<F::Output> {
    future.poll(&mut std::task::Context::from_waker(std::task::Waker::noop()))
}

fn whole_numbers_stay_whole_and_the_last_value_counts(engine: Engine) {
    let bench = Bench::new(engine);
    let span =
        info_span!("mine", count = 5_u64, size = tracing::field::Empty, otel.name = tracing::field::Empty);
    span.in_scope(|| {
        tracing::info!(items = 7_u64, "done");
        span.record("size", 1_u64);
        span.record("size", 2_u64);
        span.record("otel.name", "mine, renamed");
    });
    drop(span);

    let span = bench.span("mine, renamed");
    assert_eq!(attribute(&span, "count"), Some(Value::I64(5)));
    assert_eq!(attribute(&span, "size"), Some(Value::I64(2)));
    assert_eq!(span.events[0].name, "done");
    assert!(
        span.events[0].attributes.iter().any(|kv| kv.key.as_str() == "items" && kv.value == Value::I64(7))
    );
}

fn a_span_ends_when_its_work_ends_and_not_when_its_handle_goes(engine: Engine) {
    let bench = Bench::new(engine);
    let call = Inference::chat("openai", "m");
    let done = futures_poll(std::pin::pin!(call.run(async { Outcome::Ok(()) })));
    assert!(done.is_ready());
    let end = std::time::SystemTime::now();
    call.usage(Usage::new().output(3));
    drop(call);

    assert!(bench.span("chat m").end_time <= end);
    assert_eq!(bench.ended(Kind::Inference).usage().output, Some(3));
    let span = bench.span("chat m");
    let measured = bench.ended(Kind::Inference).duration.expect("it ended");
    let shown = span.end_time.duration_since(span.start_time).expect("time goes on");
    assert!(measured.abs_diff(shown) < std::time::Duration::from_millis(1), "{measured:?} and {shown:?}");
}

async fn spans_of_tracing_and_of_opentelemetry_stand_in_the_same_trace(engine: Engine) {
    let bench = Bench::new(engine);
    let tracer = bench.provider.tracer("by hand");
    Workflow::new("w")
        .run(async {
            let plain = info_span!("plain");
            let inside = plain.in_scope(|| {
                tracer.in_span("by hand", |context| context.span().span_context().span_id());
                drop(Step::shell("s").enter());
                plain.context().span().span_context().span_id()
            });
            plain.set_attribute("mine", 7);
            assert_eq!(inside, plain.context().span().span_context().span_id());
            Outcome::Ok(())
        })
        .await
        .expect("nothing fails");

    let plain = bench.span("plain");
    assert_eq!(plain.parent_span_id, bench.span("invoke_workflow w").span_context.span_id());
    assert_eq!(bench.span("by hand").parent_span_id, plain.span_context.span_id());
    assert_eq!(bench.span("step s").parent_span_id, plain.span_context.span_id());
    assert_eq!(attribute(&plain, "mine"), Some(Value::I64(7)));
    assert_eq!(bench.ended(Kind::Step).fields.text(Field::WorkflowName), Some("w"));
}

fn a_remote_parent_is_taken_over(engine: Engine) {
    use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};
    let bench = Bench::new(engine);
    let trace = TraceId::from_bytes([7; 16]);
    let remote =
        SpanContext::new(trace, SpanId::from_bytes([8; 8]), TraceFlags::SAMPLED, true, TraceState::default());
    let workflow = Workflow::new("w");
    workflow
        .span()
        .set_parent(opentelemetry::Context::new().with_remote_span_context(remote))
        .expect("it has not started");
    drop(workflow.enter());
    assert_eq!(bench.span("invoke_workflow w").span_context.trace_id(), trace);
    assert_eq!(bench.ended(Kind::Workflow).ids.trace, trace.to_bytes());
}

async fn occurrences_know_where_they_happened(engine: Engine) {
    let bench = Bench::new(engine);
    MapReduce::new("files", 1)
        .run_with(|job| async move {
            job.item("a.rs")
                .run_with(|item| async move {
                    event::retry(2, std::time::Duration::from_millis(20), "rate limited");
                    item.dead_letter("keeps failing");
                    Err::<(), _>(std::io::Error::other("keeps failing"))
                })
                .await
                .ok();
            Outcome::Ok(())
        })
        .await
        .expect("nothing fails");

    let occurred: Vec<_> =
        bench.events().into_iter().filter(|event| event.moment == Moment::Occurred).collect();
    assert_eq!(
        occurred.iter().map(|event| event.kind).collect::<Vec<_>>(),
        [Kind::Retry, Kind::DeadLetterAdded]
    );
    for event in &occurred {
        assert_eq!(event.fields.text(Field::Job), Some("files"));
        assert_eq!(event.fields.text(Field::ItemId), Some("a.rs"));
        assert_eq!(event.ids.span, bench.span("map_item files").span_context.span_id().to_bytes());
    }
    assert_eq!(occurred[0].fields.integer(Field::Attempt), Some(2));
    assert_eq!(bench.ended(Kind::MapItem).fields.text(Field::ItemOutcome), Some("dlq"));
    assert_eq!(bench.span("map_item files").events.len(), 2);
}

fn what_is_too_verbose_is_left_out_without_breaking_the_trace(engine: Engine) {
    let bench = Bench::new(engine);
    let outer = info_span!("outer").entered();
    let quiet = tracing::debug_span!("quiet").entered();
    info_span!("inner").in_scope(|| tracing::debug!("not heard"));
    drop(quiet);
    drop(outer);
    assert_eq!(bench.spans().len(), 2);
    assert_eq!(bench.span("inner").parent_span_id, bench.span("outer").span_context.span_id());
}

fn plain_tracing_spans_of_the_vocabulary_are_heard(engine: Engine) {
    let bench = Bench::new(engine);
    let span = info_span!(
        target: "flowspan", "step",
        flowspan.step.name = %"clone", flowspan.step.type = "shell", flowspan.status = tracing::field::Empty,
    );
    span.in_scope(|| tracing::info!(name: "checkpoint_created", target: "flowspan", "checkpoint written"));
    span.record("flowspan.status", "failed");
    drop(span);
    let step = bench.ended(Kind::Step);
    assert_eq!(step.status(), Some(Status::Failed));
    assert_eq!(step.fields.text(Field::StepName), Some("clone"));
    assert!(bench.events().iter().any(|event| event.kind == Kind::CheckpointCreated));
}

with_both_engines! {
    a_run_is_one_trace_and_every_event_stands_in_it, await;
    what_starts_ends_whatever_happens, await;
    whole_numbers_stay_whole_and_the_last_value_counts;
    a_span_ends_when_its_work_ends_and_not_when_its_handle_goes;
    spans_of_tracing_and_of_opentelemetry_stand_in_the_same_trace, await;
    a_remote_parent_is_taken_over;
    occurrences_know_where_they_happened, await;
    what_is_too_verbose_is_left_out_without_breaking_the_trace;
    plain_tracing_spans_of_the_vocabulary_are_heard;
}
