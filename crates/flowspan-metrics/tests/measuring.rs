//! What the recorder does with events, read back from the instruments.

use std::{collections::BTreeMap, sync::Arc, thread, time::Duration};

use flowspan_metrics::Recorder;
use flowspan_model::{Event, EventSink, Field, Kind, Moment};
use opentelemetry::metrics::MeterProvider;
use opentelemetry_sdk::metrics::{
    InMemoryMetricExporter, PeriodicReader, SdkMeterProvider,
    data::{AggregatedMetrics, MetricData},
};
use proptest::prelude::*;

struct Bench {
    provider: SdkMeterProvider,
    exporter: InMemoryMetricExporter,
    recorder: Arc<Recorder>,
}

impl Bench {
    fn new(sinks: Vec<Arc<dyn EventSink>>) -> Self {
        let exporter = InMemoryMetricExporter::default();
        let provider = SdkMeterProvider::builder()
            .with_reader(
                PeriodicReader::builder(exporter.clone()).with_interval(Duration::from_secs(3600)).build(),
            )
            .with_view(flowspan_metrics::view("test"))
            .build();
        let builder = sinks.into_iter().fold(Recorder::builder("test"), |builder, sink| builder.sink(sink));
        let recorder = Arc::new(builder.build(&provider.meter("test")));
        Bench { provider, exporter, recorder }
    }

    /// The sum of a metric by its labels, in the form `name=value,…`.
    fn sums(&self, name: &str) -> BTreeMap<String, f64> {
        self.exporter.reset();
        self.provider.force_flush().expect("the in-memory exporter takes everything");
        let finished = self.exporter.get_finished_metrics().expect("the exporter is alive");
        let mut sums = BTreeMap::new();
        for metric in finished.iter().flat_map(|m| m.scope_metrics()).flat_map(|m| m.metrics()) {
            if metric.name() != name {
                continue;
            }
            match metric.data() {
                AggregatedMetrics::U64(MetricData::Sum(sum)) => {
                    for point in sum.data_points() {
                        sums.insert(labels(point.attributes()), point.value() as f64);
                    }
                }
                AggregatedMetrics::I64(MetricData::Sum(sum)) => {
                    for point in sum.data_points() {
                        sums.insert(labels(point.attributes()), point.value() as f64);
                    }
                }
                AggregatedMetrics::F64(MetricData::Histogram(histogram)) => {
                    for point in histogram.data_points() {
                        sums.insert(labels(point.attributes()), point.sum());
                    }
                }
                other => panic!("unexpected data {other:?}"),
            }
        }
        sums
    }
}

fn labels<'a>(attributes: impl Iterator<Item = &'a opentelemetry::KeyValue>) -> String {
    let mut parts: Vec<String> = attributes.map(|kv| format!("{}={}", kv.key, kv.value)).collect();
    parts.sort();
    parts.join(",")
}

fn ended(kind: Kind) -> Event {
    let mut event = Event::new(Moment::Ended, kind);
    event.duration = Some(Duration::from_millis(1500));
    event
}

#[test]
fn one_event_feeds_all_its_metrics_once() {
    let bench = Bench::new(Vec::new());
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
    let bench = Bench::new(Vec::new());
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
    let bench = Bench::new(Vec::new());
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
    let bench = Bench::new(Vec::new());
    bench
        .recorder
        .event(&ended(Kind::Inference).with(Field::InputTokens, -5_i64).with(Field::OutputTokens, f64::NAN));
    assert_eq!(bench.recorder.refused(), 2);
    assert_eq!(bench.sums("test.llm.tokens").values().sum::<f64>(), 0.0);
}

#[test]
fn a_panicking_sink_is_isolated_counted_and_called_again() {
    struct Panics;
    impl EventSink for Panics {
        fn event(&self, _: &Event) {
            panic!("a sink of the user's own");
        }
    }
    let bench = Bench::new(vec![Arc::new(Panics)]);
    for _ in 0..3 {
        bench.recorder.event(&ended(Kind::Agent).with(Field::AgentName, "a"));
    }
    assert_eq!(bench.recorder.sink_panics(), 3);
    assert_eq!(bench.sums("test.agent.executions")["agent_name=a"], 3.0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Whatever the labels hold and however many threads write: the sum over the series is the sum
    /// of what went in, and the number of series stays within the limit.
    #[test]
    fn sums_over_all_series_equal_what_went_in(
        inputs in prop::collection::vec((".{0,40}", 0_u32..1000), 1..400)
    ) {
        let bench = Bench::new(Vec::new());
        let expected: u64 = inputs.iter().map(|(_, tokens)| u64::from(*tokens)).sum();
        thread::scope(|scope| {
            for part in inputs.chunks(inputs.len().div_ceil(4)) {
                let recorder = &bench.recorder;
                scope.spawn(move || {
                    for (model, tokens) in part {
                        recorder.event(&ended(Kind::Inference)
                            .with(Field::RequestModel, model.as_str())
                            .with(Field::InputTokens, i64::from(*tokens)));
                    }
                });
            }
        });
        let tokens = bench.sums("test.llm.tokens");
        prop_assert_eq!(tokens.values().sum::<f64>(), expected as f64);
        prop_assert!(tokens.len() <= 5 * 101);
    }
}
