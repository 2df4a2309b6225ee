//! What the recorder does with events, read back from the instruments.

use std::sync::Arc;

use flowspan_metrics::{LabelPolicies, Names};
use flowspan_model::{Event, EventSink, Field, Kind, Moment};

use crate::support::{Bench, ended};

#[test]
fn one_event_feeds_all_its_metrics_once() {
    let bench = Bench::new();
    let event = ended(Kind::Step)
        .with(Field::StepType, "shell")
        .with(Field::StepName, "clone")
        .with(Field::WorkflowName, "triage")
        .with(Field::Status, "success");
    bench.recorder.event(&event);
    bench.recorder.event(&event);

    let executions = bench.sums("test.step.executions");
    assert_eq!(executions["status=success,step_name=clone,step_type=shell,workflow_name=triage"], 2.0);
    assert_eq!(bench.sums("test.step.duration")["step_name=clone,step_type=shell,workflow_name=triage"], 3.0);
    assert_eq!(bench.sums("test.workflow.steps")["workflow_name=triage"], 2.0);
    assert!(bench.sums("test.step.errors").is_empty(), "a success is no error");
}

#[test]
fn tokens_are_counted_by_type_and_only_where_known() {
    let bench = Bench::new();
    let event = ended(Kind::Inference)
        .with(Field::Provider, "openai")
        .with(Field::RequestModel, "m")
        .with(Field::InputTokens, 812_u64)
        .with(Field::OutputTokens, 96_u64)
        .with(Field::CacheReadTokens, 640_u64);
    bench.recorder.event(&event);

    let tokens = bench.sums("test.llm.tokens");
    assert_eq!(tokens["model=m,provider=openai,token_type=input"], 812.0);
    assert_eq!(tokens["model=m,provider=openai,token_type=output"], 96.0);
    assert_eq!(tokens["model=m,provider=openai,token_type=cache_read"], 640.0);
    assert!(!tokens.contains_key("model=m,provider=openai,token_type=reasoning"));
}

#[test]
fn what_started_and_ended_leaves_nothing_running() {
    let bench = Bench::new();
    let started = Event::new(Moment::Started, Kind::Workflow).with(Field::WorkflowName, "w");
    bench.recorder.event(&started);
    assert_eq!(bench.sums("test.workflow.active")["workflow_name=w"], 1.0);
    bench
        .recorder
        .event(&ended(Kind::Workflow).with(Field::WorkflowName, "w").with(Field::Status, "cancelled"));
    assert_eq!(bench.sums("test.workflow.active")["workflow_name=w"], 0.0);
}

#[test]
fn a_negative_or_senseless_amount_changes_no_counter_and_is_counted() {
    let bench = Bench::new();
    bench
        .recorder
        .event(&ended(Kind::Inference).with(Field::InputTokens, -5_i64).with(Field::OutputTokens, f64::NAN));
    assert_eq!(bench.recorder.refused(), 4, "by two counters each");
    assert_eq!(bench.sums("test.llm.tokens").values().sum::<f64>(), 0.0);
    assert!(bench.sums("gen_ai.client.inference.operation.input_tokens").is_empty());
}

#[test]
fn an_end_without_a_start_makes_nothing_negative_and_is_counted() {
    let bench = Bench::new();
    let end = ended(Kind::Workflow).with(Field::WorkflowName, "w").with(Field::Status, "success");
    bench.recorder.event(&end);
    assert_eq!(bench.recorder.unmatched(), 1);
    assert!(bench.sums("test.workflow.active").values().all(|value| *value == 0.0));
    assert_eq!(bench.sums("test.workflow.executions")["status=success,workflow_name=w"], 1.0);

    let added = Event::new(Moment::Occurred, Kind::DeadLetterAdded).with(Field::Job, "j");
    let removed = Event::new(Moment::Occurred, Kind::DeadLetterRemoved).with(Field::Job, "j");
    bench.recorder.event(&added);
    bench.recorder.event(&removed.with(Field::Count, 5_u64));
    assert_eq!(bench.sums("test.mapreduce.dlq_items")["job_name=j"], 0.0, "what there was is taken");
    assert_eq!(bench.recorder.unmatched(), 2);
}

#[test]
fn amounts_that_would_wrap_a_sum_round_are_refused() {
    let bench = Bench::new();
    let tokens = |amount: u64| ended(Kind::Inference).with(Field::InputTokens, amount);
    for amount in [u64::MAX, 1 << 53, 7] {
        bench.recorder.event(&tokens(amount));
    }
    assert_eq!(bench.sums("test.llm.tokens")["token_type=input"], 7.0);
    assert_eq!(bench.recorder.refused(), 4, "by two counters each");
}

#[test]
fn what_starts_before_measuring_is_disabled_ends_all_the_same() {
    let bench = Bench::new();
    let started = Event::new(Moment::Started, Kind::Workflow).with(Field::WorkflowName, "w");
    bench.recorder.event(&started);
    bench.recorder.disable();
    assert!(!bench.recorder.is_enabled());
    bench.recorder.event(&ended(Kind::Workflow).with(Field::WorkflowName, "w"));
    bench.recorder.event(&started);
    bench.recorder.enable();
    bench.recorder.event(&ended(Kind::Workflow).with(Field::WorkflowName, "w"));
    assert_eq!(bench.sums("test.workflow.active")["workflow_name=w"], 0.0);
    assert_eq!(bench.sums("test.workflow.executions")["workflow_name=w"], 1.0, "one end was not measured");
    assert_eq!(bench.recorder.unmatched(), 0);
}

#[test]
fn what_starts_and_what_ends_find_the_same_series_however_many_there_are() {
    let bench =
        Bench::with(Names::new("test"), LabelPolicies::new().limit("workflow_name", 3), |recorder| recorder);
    let name = |n: i32| format!("w{n}");
    // What is known is decided by the order of the starts; the ends come in another one.
    for n in 0..20 {
        bench.recorder.event(&Event::new(Moment::Started, Kind::Workflow).with(Field::WorkflowName, name(n)));
    }
    assert_eq!(bench.sums("test.workflow.active").values().sum::<f64>(), 20.0);
    for n in (0..20).rev() {
        bench.recorder.event(&ended(Kind::Workflow).with(Field::WorkflowName, name(n)));
    }
    let active = bench.sums("test.workflow.active");
    assert_eq!(active.len(), 4, "{active:?}");
    assert!(active.values().all(|running| *running == 0.0), "{active:?}");
    assert_eq!(bench.recorder.unmatched(), 0);
}

/// Routes are found by where texts stand. Here each text stands where another one has been.
#[test]
fn names_that_come_and_go_in_the_same_memory_are_never_mixed_up() {
    const NAMES: u32 = 900;
    const ROUNDS: u32 = 10;
    let policies = LabelPolicies::new().limit("step_name", NAMES as usize);
    let bench = Bench::with(Names::new("test"), policies, |recorder| recorder);
    for n in 0..NAMES * ROUNDS {
        // Of one length, so that one is allocated where another one was freed.
        let name = format!("step-{:04}", n % NAMES);
        let step = ended(Kind::Step).with(Field::StepName, name).with(Field::Status, "success");
        bench.recorder.event(&step);
        if n.is_multiple_of(3) {
            bench.recorder.event(&step);
        }
    }
    let executions = bench.sums("test.step.executions");
    assert_eq!(executions.len(), NAMES as usize);
    for (labels, count) in executions {
        let number: u32 = labels["status=success,step_name=step-".len()..].parse().expect("a number");
        let twice = (0..ROUNDS).filter(|round| (round * NAMES + number).is_multiple_of(3)).count();
        assert_eq!(count, f64::from(ROUNDS) + twice as f64, "{labels}");
    }
}

#[test]
fn an_event_sink_that_panics_is_isolated_counted_and_called_again() {
    struct Panics;
    impl EventSink for Panics {
        fn event(&self, _: &Event) {
            panic!("a sink of the user's own");
        }
    }
    let bench = Bench::with(Names::new("test"), LabelPolicies::new(), |recorder| {
        recorder.event_sink("mine", Arc::new(Panics))
    });
    for _ in 0..3 {
        bench.recorder.event(&ended(Kind::Agent).with(Field::AgentName, "a"));
    }
    assert_eq!(bench.recorder.sink_panics(), 3);
    assert_eq!(bench.sums("test.agent.executions")["agent_name=a"], 3.0);
}

#[test]
fn repeated_numbers_are_recorded_each_in_its_bucket_and_what_is_none_is_refused() {
    let bench = Bench::new();
    let call = |times: &str| ended(Kind::Inference).with(Field::ChunkTimes, times);
    bench.recorder.event(&call("117x0.013 3x0.051 1x100"));
    bench.recorder.event(&call("2x0.01 nonsense 1x-1 99999999x1"));
    // Another span has told of this one already.
    bench.recorder.event(&call("50x1").with(Field::Duplicate, true));
    let (buckets, sum) = bench.buckets("gen_ai.client.inference.time_per_output_chunk");
    assert_eq!(buckets, [2, 117, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    assert!((sum - (117.0 * 0.013 + 3.0 * 0.051 + 100.0 + 2.0 * 0.01)).abs() < 1e-9, "{sum}");
    assert_eq!(bench.recorder.refused(), 3);
}

#[test]
fn a_call_that_was_counted_as_another_span_counts_nowhere() {
    let bench = Bench::new();
    let call = ended(Kind::Inference).with(Field::ErrorType, "timeout").with(Field::Duplicate, true);
    bench.recorder.event(&Event { duration: Some(std::time::Duration::from_secs(1)), ..call });
    assert!(bench.all().is_empty(), "{:?}", bench.all());
}

#[test]
fn the_sizes_of_calls_that_broke_are_no_sizes_of_calls_but_their_tokens_count() {
    let bench = Bench::new();
    let call = ended(Kind::Inference).with(Field::OutputTokens, 5_i64).with(Field::ErrorType, "cancelled");
    bench.recorder.event(&call);
    let usage = bench.sums("gen_ai.client.inference.usage.output_tokens");
    assert_eq!(usage["gen_ai.token.modality=unknown"], 5.0);
    assert!(bench.sums("gen_ai.client.inference.operation.output_tokens").is_empty());
}
