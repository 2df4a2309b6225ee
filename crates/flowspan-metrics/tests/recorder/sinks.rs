//! What metric sinks get.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use flowspan_metrics::{LabelPolicies, Names, Notice};
use flowspan_model::{Event, EventSink, Field, Kind, Measurement, MetricSink, Moment, catalog::Instrument};

use crate::support::{Bench, ended};

/// Keeps every measurement.
#[derive(Default)]
struct Kept(Mutex<Vec<Measurement>>);

impl MetricSink for Kept {
    fn measurement(&self, measurement: &Measurement) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(measurement.clone());
    }
}

impl Kept {
    fn all(&self) -> Vec<Measurement> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[test]
fn a_sink_gets_each_of_the_numbers_that_come_many_times_and_a_loss_is_counted_for_each() {
    let kept = Arc::new(Kept::default());
    let policies = LabelPolicies::new().limit("gen_ai.request.model", 1);
    let names = Names::new("test");
    let call = |model| {
        ended(Kind::Inference).with(Field::RequestModel, model).with(Field::ChunkTimes, "20x0.5 10x3")
    };
    let alone = Bench::with(names.clone(), policies.clone(), |recorder| recorder);
    let heard =
        Bench::with(names, policies, |recorder| recorder.metric_sink("kept", Arc::<Kept>::clone(&kept)));
    for bench in [&alone, &heard] {
        let metric = "gen_ai.client.inference.time_per_output_chunk";
        bench.recorder.event(&call("kept"));
        let (buckets, sum) = bench.buckets(metric);
        assert_eq!((buckets.iter().sum::<u64>(), sum), (30, 40.0));
        bench.recorder.disable();
        bench.recorder.event(&call("kept"));
        assert_eq!(bench.buckets(metric), (buckets, sum), "nobody measures");
        bench.recorder.enable();
        bench.recorder.event(&call("one too many"));
        let collapsed = bench.recorder.collapsed();
        assert_eq!(
            collapsed.iter().find(|lost| lost.metric == metric).map(|lost| lost.measurements),
            Some(30)
        );
    }
    let times = kept.all().into_iter().filter(|told| told.name().ends_with("time_per_output_chunk"));
    let mut told: Vec<f64> = times.map(|told| told.value()).collect();
    told.sort_by(f64::total_cmp);
    assert_eq!(told, [[0.5; 40].as_slice(), &[3.0; 20]].concat());
}

#[test]
fn a_sink_gets_the_numbers_and_labels_that_the_instruments_get() {
    let kept = Arc::new(Kept::default());
    let policies = LabelPolicies::new().limit("step_name", 2).limit("model", 1);
    let names = Names::new("test").constant_labels([("env", "prod")]);
    let bench =
        Bench::with(names, policies, |recorder| recorder.metric_sink("kept", Arc::<Kept>::clone(&kept)));
    for n in 0..10_u64 {
        let name = format!("s{n}");
        bench
            .recorder
            .event(&Event::new(Moment::Started, Kind::Workflow).with(Field::WorkflowName, name.clone()));
        bench
            .recorder
            .event(&ended(Kind::Step).with(Field::StepName, name.clone()).with(Field::Status, "success"));
        bench
            .recorder
            .event(&ended(Kind::Inference).with(Field::RequestModel, name).with(Field::InputTokens, 10_u64));
        bench.recorder.event(&Event::new(Moment::Occurred, Kind::QueueDepth).with(Field::QueueDepth, n));
    }
    let mut expected = BTreeMap::<String, BTreeMap<String, f64>>::new();
    for measurement in kept.all() {
        let labels: Vec<String> =
            measurement.labels().map(|(name, value)| format!("{name}={value}")).collect();
        let value =
            expected.entry(measurement.name().to_owned()).or_default().entry(labels.join(",")).or_default();
        match measurement.instrument() {
            Instrument::Gauge => *value = measurement.value(),
            _ => *value += measurement.value(),
        }
    }
    assert!(expected.len() > 6);
    assert_eq!(bench.all(), expected);
}

#[test]
fn a_metric_sink_that_panics_is_isolated_counted_told_once_and_called_again() {
    /// Panics as long as it is told to.
    struct Panics(AtomicBool);
    impl MetricSink for Panics {
        fn measurement(&self, _: &Measurement) {
            assert!(!self.0.load(Ordering::Relaxed), "a sink of the user's own");
        }
    }
    let (panics, after) = (Arc::new(Panics(AtomicBool::new(true))), Arc::new(Kept::default()));
    let told = Arc::new(Mutex::new(Vec::new()));
    let bench = Bench::with(Names::new("test"), LabelPolicies::new(), |recorder| {
        let told = Arc::clone(&told);
        recorder
            .metric_sink("mine", Arc::<Panics>::clone(&panics))
            .metric_sink("kept", Arc::<Kept>::clone(&after))
            .on_notice(move |notice| {
                told.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{notice:?}"));
            })
    });
    let event = Event::new(Moment::Occurred, Kind::CheckpointCreated);
    for _ in 0..50 {
        bench.recorder.event(&event);
    }
    assert_eq!(bench.recorder.sink_panics(), 50);
    assert_eq!(after.all().len(), 50, "the sink behind it misses nothing");
    assert_eq!(bench.sums("test.checkpoints.created")[""], 50.0);

    panics.0.store(false, Ordering::Relaxed);
    for _ in 0..500 {
        bench.recorder.event(&event);
    }
    assert_eq!(bench.recorder.sink_panics(), 50);
    let told = told.lock().unwrap_or_else(PoisonError::into_inner);
    let mine = [Notice::SinkPanicked { sink: "mine" }, Notice::SinkRecovered { sink: "mine" }];
    assert_eq!(*told, mine.map(|notice| format!("{notice:?}")));
}

#[test]
fn a_sink_may_cause_events_itself() {
    /// Makes an event of every tenth measurement, on the same recorder.
    #[derive(Default)]
    struct Causes(Mutex<Option<Arc<Bench>>>);
    impl MetricSink for Causes {
        fn measurement(&self, measurement: &Measurement) {
            let bench = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
            if let (Some(bench), "test.checkpoints.created") = (bench, measurement.name()) {
                bench.recorder.event(&Event::new(Moment::Occurred, Kind::CheckpointLoaded));
            }
        }
    }
    let causes = Arc::new(Causes::default());
    let bench = Arc::new(Bench::with(Names::new("test"), LabelPolicies::new(), |recorder| {
        recorder.metric_sink("causes", Arc::<Causes>::clone(&causes))
    }));
    *causes.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&bench));
    for _ in 0..3 {
        bench.recorder.event(&Event::new(Moment::Occurred, Kind::CheckpointCreated));
    }
    assert_eq!(bench.sums("test.checkpoints.loaded")[""], 3.0);
    causes.0.lock().unwrap_or_else(PoisonError::into_inner).take();
}
