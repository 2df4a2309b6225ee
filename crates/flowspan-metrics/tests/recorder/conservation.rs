//! Nothing is lost and nothing is made up, whatever comes from however many threads.

use std::{sync::Barrier, thread};

use flowspan_metrics::{LabelPolicies, Names, Totals};
use flowspan_model::{Event, EventSink, Field, Kind, Moment};
use opentelemetry_sdk::metrics::Temporality;
use proptest::prelude::*;

use crate::support::{Bench, ended};

/// One thing that happens.
#[derive(Clone, Debug)]
struct Work {
    kind: Kind,
    name: String,
    status: Option<String>,
    tokens: u32,
}

fn work() -> impl Strategy<Value = Work> {
    let kinds = [
        Kind::Workflow,
        Kind::Step,
        Kind::Agent,
        Kind::Inference,
        Kind::ToolCall,
        Kind::MapReduce,
        Kind::MapItem,
        Kind::Worktree,
        Kind::Blocked,
    ];
    let status = prop::option::of(prop::sample::select(vec!["success", "failed", "anything else"]));
    (prop::sample::select(kinds.to_vec()), ".{0,40}", status, 0_u32..1000)
        .prop_map(|(kind, name, status, tokens)| Work { kind, name, status: status.map(Into::into), tokens })
}

impl Work {
    fn with_names(&self, event: Event) -> Event {
        let name = self.name.as_str();
        let event = event
            .with(Field::WorkflowName, name)
            .with(Field::StepName, name)
            .with(Field::StepType, name)
            .with(Field::AgentName, name)
            .with(Field::ToolName, name)
            .with(Field::Job, name)
            .with(Field::RequestModel, name);
        match &self.status {
            Some(status) => event.with(Field::Status, status.as_str()),
            None => event,
        }
    }

    fn happen(&self, bench: &Bench) {
        bench.recorder.event(&self.with_names(Event::new(Moment::Started, self.kind)));
        let end = self.with_names(ended(self.kind));
        let end = match self.kind {
            Kind::Inference => end.with(Field::InputTokens, i64::from(self.tokens)),
            _ => end,
        };
        bench.recorder.event(&end);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn sums_over_all_series_equal_what_went_in(work in prop::collection::vec(work(), 1..400)) {
        let totals = Totals::new();
        let bench = Bench::with(Names::new("test"), LabelPolicies::new().limit("workflow_name", 5), |recorder| {
            recorder.metric_sink("totals", std::sync::Arc::new(totals.clone()))
        });
        thread::scope(|scope| {
            for part in work.chunks(work.len().div_ceil(4)) {
                let bench = &bench;
                scope.spawn(move || part.iter().for_each(|work| work.happen(bench)));
            }
        });
        let all = bench.all();
        let sum = |name: &str| all.get(name).map_or(0.0, |sums| sums.values().sum::<f64>());
        let of = |kind: Kind| work.iter().filter(move |work| work.kind == kind);
        for (metric, kind) in [
            ("test.workflow.executions", Kind::Workflow),
            ("test.step.executions", Kind::Step),
            ("test.workflow.steps", Kind::Step),
            ("test.agent.executions", Kind::Agent),
            ("test.tool.executions", Kind::ToolCall),
            ("test.llm.calls", Kind::Inference),
            ("test.mapreduce.items", Kind::MapItem),
        ] {
            prop_assert_eq!(sum(metric), of(kind).count() as f64, "{}", metric);
        }
        let tokens: f64 = of(Kind::Inference).map(|work| f64::from(work.tokens)).sum();
        prop_assert_eq!(sum("test.llm.tokens"), tokens);
        let seconds = of(Kind::Step).count() as f64 * 1.5;
        prop_assert_eq!(sum("test.step.duration"), seconds);
        for gauge in
            ["workflow.active", "mapreduce.jobs_active", "mapreduce.agents_active", "mapreduce.worktrees_active"]
        {
            for (labels, running) in all.get(&format!("test.{gauge}")).into_iter().flatten() {
                prop_assert_eq!(*running, 0.0, "{}{{{}}}", gauge, labels);
            }
        }
        prop_assert_eq!(bench.recorder.unmatched(), 0);
        prop_assert!(all.get("test.workflow.active").is_none_or(|series| series.len() <= 7));
        // The sink has seen the same.
        for (metric, series) in &all {
            prop_assert_eq!(totals.snapshot().sum(metric), series.values().sum::<f64>(), "{}", metric);
        }
    }
}

/// The SDK is asked for a series at each of its first measurements, and binds it later. Threads that
/// measure it at that moment lose nothing, and neither does a collection that forgets what is still.
#[test]
fn a_series_is_exact_however_often_it_is_measured() {
    const THREADS: usize = 4;
    const ROUNDS: usize = 3;
    for temporality in [Temporality::Cumulative, Temporality::Delta] {
        let bench =
            Bench::in_temporality(temporality, Names::new("test"), LabelPolicies::new(), |recorder| recorder);
        let counter = bench.recorder.counter("c").labels(["times"]).build().expect("good");
        let running = bench.recorder.up_down_counter("u").labels(["times"]).build().expect("good");
        let sizes = bench.recorder.histogram("h").labels(["times"]).build().expect("good");
        for times in 1..20 {
            let label = times.to_string();
            let mut told = [0.0; 3];
            // The second collection of a round finds nothing that has changed.
            for collection in 0..2 * ROUNDS {
                if collection % 2 == 0 {
                    let barrier = Barrier::new(THREADS);
                    let measure = || {
                        barrier.wait();
                        for _ in 0..times {
                            counter.add(1, [&label]);
                            running.add(1, [&label]);
                            sizes.record(1.0, [&label]);
                        }
                    };
                    thread::scope(|scope| (0..THREADS).for_each(|_| drop(scope.spawn(measure))));
                }
                let all = bench.all();
                for (told, name) in told.iter_mut().zip(["c", "u", "h"]) {
                    let series = all.get(name).and_then(|series| series.get(&format!("times={label}")));
                    let value = series.copied().unwrap_or_default();
                    // What goes up and down is told as what there is, whatever the temporality.
                    let is_change = temporality == Temporality::Delta && name != "u";
                    *told = if is_change { *told + value } else { value };
                }
            }
            assert_eq!(told, [(ROUNDS * THREADS * times) as f64; 3], "{times} times, {temporality:?}");
        }
    }
}

#[test]
fn what_nobody_has_measured_is_not_there() {
    let bench = Bench::new();
    let counter = bench.recorder.counter("c").labels(["l"]).build().expect("good");
    let series = counter.series(["a"]);
    assert!(bench.sums("c").is_empty());
    series.add(1);
    assert_eq!(bench.sums("c")["l=a"], 1.0);
}
