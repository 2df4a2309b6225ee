//! Metrics of a program: its own, those who get them, and switching them off and on.

#[path = "../vocabulary/by_handle.rs"]
mod by_handle;
mod own_readers;
mod page;
mod presets;

use std::{
    sync::{
        Arc, Barrier, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use flowspan::{
    DropReason, Environment, LabelPolicies, Names, Reporter, Signal,
    model::{Event, EventSink, Kind, LabelPolicy, Measurement, MetricSink, Moment},
    prelude::*,
};
use flowspan_stack::wait_until;
use opentelemetry_sdk::{logs::InMemoryLogExporter, trace::InMemorySpanExporter};
use page::{page, sample};

const PATIENCE: Duration = Duration::from_secs(10);

type Reports = Arc<Mutex<Vec<String>>>;

fn local() -> flowspan::Builder {
    Flowspan::builder("bot")
        .environment(Environment::empty())
        .console(Console::off())
        .reporter(Reporter::silent())
}

fn reporter() -> (Reporter, Reports) {
    let reports = Reports::default();
    let heard = Arc::clone(&reports);
    (Reporter::new(move |report| locked(&heard).push(report.to_string())), reports)
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn step(name: &str) {
    drop(Step::shell(name).enter());
}

#[test]
fn constant_labels_stand_on_every_series() {
    let telemetry = local()
        .prometheus(Prometheus::on(([127, 0, 0, 1], 0)))
        .labels([("service", "support"), ("env", "prod")])
        .build()
        .expect("it builds");
    let _guard = telemetry.set_default();
    step("clone");
    telemetry.counter("mine").build().expect("a good metric").add(1, []);
    let page = page(&telemetry);
    let samples: Vec<_> = page
        .lines()
        .skip_while(|line| !line.starts_with('#'))
        .filter(|line| !line.starts_with('#') && !line.starts_with("target_info") && line.contains(' '))
        .collect();
    assert!(samples.len() > 5, "{page}");
    for line in samples {
        assert!(line.contains(r#"env="prod""#) && line.contains(r#"service="support""#), "{line}");
    }
}

#[test]
fn names_and_policies_reach_the_page() {
    let telemetry = local()
        .prometheus(Prometheus::on(([127, 0, 0, 1], 0)))
        .names(Names::new("ns").rename("step.executions", "steps.done").disable("workflow.steps"))
        .label_policies(LabelPolicies::new().limit("step_name", 1))
        .label_policy("step_type", LabelPolicy::Drop)
        .build()
        .expect("it builds");
    let _guard = telemetry.set_default();
    step("a");
    step("b");
    step("c");
    let page = page(&telemetry);
    assert_eq!(sample(&page, r#"ns_steps_done_total{status="success",step_name="a"}"#), 1.0);
    assert_eq!(sample(&page, r#"ns_steps_done_total{status="success",step_name="other"}"#), 2.0);
    assert!(!page.contains("ns_workflow_steps"));
    let series = r#"ns_telemetry_labels_collapsed_total{label="step_name",metric="ns.steps.done"}"#;
    assert_eq!(sample(&page, series), 2.0);
    assert_eq!(telemetry.collapsed().len(), 2, "the duration has the label too");
    let health = page::get(&telemetry, "/health");
    let shown = r#"{"metric":"ns.steps.done","label":"step_name","measurements":2}"#;
    assert!(health.contains(shown) && health.contains(r#""status":"ok""#), "{health}");
}

#[test]
fn what_is_bounded_is_told_once() {
    let (reporter, reports) = reporter();
    let telemetry =
        local().reporter(reporter).label_policies(LabelPolicies::new().limit("step_name", 1)).build();
    let telemetry = telemetry.expect("it builds");
    let guard = telemetry.set_default();
    (0..1000).for_each(|n| step(&format!("s{n}")));
    drop(guard);
    // The report is made on flowspan's thread, which ends before this drop does.
    wait_for(&reports, 1);
    let reports = locked(&reports);
    assert_eq!(reports.len(), 1, "{reports:?}");
    assert!(reports[0].contains("step_name") && reports[0].contains("limit 1"), "{reports:?}");
}

#[test]
fn a_callback_that_panics_is_told_once_and_called_again() {
    let (reporter, reports) = reporter();
    let called = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&called);
    let events = Arc::new(AtomicU64::new(0));
    let heard = Arc::clone(&events);
    let telemetry = local()
        .reporter(reporter)
        .on_metric(move |measurement: &Measurement| {
            if measurement.name() == "flowspan.workflow.steps" {
                counted.fetch_add(1, Ordering::Relaxed);
                panic!("a callback of the user's own");
            }
        })
        .on_event(move |_| {
            heard.fetch_add(1, Ordering::Relaxed);
        })
        .build()
        .expect("it builds");
    let _guard = telemetry.set_default();
    (0..50).for_each(|_| step("a"));
    assert_eq!(called.load(Ordering::Relaxed), 50);
    assert_eq!(events.load(Ordering::Relaxed), 100, "a start and an end for each");
    wait_for(&reports, 1);
    assert_eq!(locked(&reports).len(), 1, "{reports:?}");
    assert!(locked(&reports)[0].contains("on_metric"), "{reports:?}");
    assert!(!telemetry.health().works());
}

#[test]
fn an_async_callback_gets_all_measurements_on_flowspan_s_thread() {
    let got = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&got);
    let telemetry = local()
        .on_metric_async(move |measurement| {
            let kept = Arc::clone(&kept);
            async move {
                tokio::task::yield_now().await;
                assert_ne!(measurement.value(), 13.0, "on purpose");
                locked(&kept).push((thread::current().name().map(str::to_owned), measurement.value()));
            }
        })
        .build()
        .expect("it builds");
    let mine = telemetry.up_down_counter("mine").build().expect("a good metric");
    (0..100).for_each(|n| mine.add(n, []));
    let accounts = telemetry.flush(PATIENCE);
    let got = locked(&got);
    let expected: Vec<f64> = (0..100).filter(|n| *n != 13).map(f64::from).collect();
    assert_eq!(got.iter().map(|(_, value)| *value).collect::<Vec<_>>(), expected);
    assert!(got.iter().all(|(thread, _)| thread.as_deref() == Some("flowspan-export")), "{got:?}");
    assert_eq!((accounts.metrics.created, accounts.metrics.delivered, accounts.metrics.lost()), (100, 99, 1));
}

#[test]
fn an_async_callback_that_is_too_slow_loses_measurements_which_are_counted() {
    let called = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&called);
    // Nothing is called before everything has been measured.
    let gate = Arc::new(Barrier::new(2));
    let (opened, waits) = (Arc::new(AtomicBool::new(false)), Arc::clone(&gate));
    let telemetry = local()
        .on_metric_async(move |_| {
            if !opened.swap(true, Ordering::SeqCst) {
                waits.wait();
            }
            counted.fetch_add(1, Ordering::Relaxed);
            async {}
        })
        .build()
        .expect("it builds");
    let mine = telemetry.counter("mine").build().expect("a good metric");
    (0..10_000).for_each(|_| mine.add(1, []));
    gate.wait();
    let metrics = telemetry.shutdown(PATIENCE).accounts.metrics;
    assert!(metrics.is_balanced() && metrics.lost() > 7000, "{metrics}");
    assert_eq!(metrics.created, 10_000);
    assert_eq!(metrics.delivered, called.load(Ordering::Relaxed));
}

#[test]
fn an_async_function_of_events_that_panics_or_is_too_slow_loses_events_which_are_counted() {
    let (called, gate) = (Arc::new(AtomicU64::new(0)), Arc::new(Barrier::new(2)));
    let (counted, waits) = (Arc::clone(&called), Arc::clone(&gate));
    let telemetry = local()
        .on_event_async(move |_| {
            let nth = counted.fetch_add(1, Ordering::Relaxed);
            if nth == 0 {
                waits.wait();
            }
            async move { assert_ne!(nth, 5, "on purpose") }
        })
        .build()
        .expect("it builds");
    let guard = telemetry.set_default();
    // Two events each; the queue takes 2048 of them while the first call waits.
    (0..3000).for_each(|_| step("a"));
    gate.wait();
    drop(guard);
    let events = telemetry.shutdown(PATIENCE).accounts.events;
    assert!(events.is_balanced() && events.created >= 6000, "{events}");
    assert!(events.dropped_for(DropReason::QueueFull) > 0, "{events}");
    assert_eq!(events.dropped_for(DropReason::ExporterPanicked), 1, "{events}");
    assert_eq!(events.delivered + 1, called.load(Ordering::Relaxed));
}

/// Waits for the gate with the first event or measurement, and panics at the sixth.
struct Slow {
    gate: Arc<Barrier>,
    called: Arc<AtomicU64>,
}

impl Slow {
    fn call(&self) {
        let nth = self.called.fetch_add(1, Ordering::SeqCst);
        if nth == 0 {
            self.gate.wait();
        }
        assert_ne!(nth, 5, "on purpose");
    }
}

impl EventSink for Slow {
    fn event(&self, _: &Event) {
        self.call();
    }

    fn wants(&self, moment: Moment, _: Kind) -> bool {
        moment == Moment::Ended
    }
}

impl MetricSink for Slow {
    fn measurement(&self, _: &Measurement) {
        self.call();
    }
}

#[test]
fn a_sink_that_blocks_holds_nobody_up_and_what_it_cannot_take_is_counted() {
    let gate = Arc::new(Barrier::new(3));
    let calls: [Arc<AtomicU64>; 2] = Default::default();
    let [of_events, of_metrics] =
        calls.each_ref().map(|called| Slow { gate: Arc::clone(&gate), called: Arc::clone(called) });
    let telemetry =
        local().queued_event_sink(of_events).queued_metric_sink(of_metrics).build().expect("it builds");
    let guard = telemetry.set_default();
    // Both sinks block until all of this has happened.
    (0..5000).for_each(|_| step("a"));
    gate.wait();
    drop(guard);
    let accounts = telemetry.shutdown(PATIENCE).accounts;
    assert_eq!(accounts.events.created, 5000, "it wants the ends alone");
    for (account, called) in [(accounts.events, &calls[0]), (accounts.metrics, &calls[1])] {
        assert!(account.is_balanced() && account.created >= 5000, "{account}");
        assert!(account.dropped_for(DropReason::QueueFull) > 0, "{account}");
        assert_eq!(account.dropped_for(DropReason::ExporterPanicked), 1, "{account}");
        assert_eq!(account.delivered + 1, called.load(Ordering::SeqCst));
    }
}

#[test]
fn a_sink_that_hangs_with_one_event_has_delivered_those_before() {
    struct Third(Mutex<mpsc::Receiver<()>>, AtomicU64);
    impl EventSink for Third {
        fn event(&self, _: &Event) {
            if self.1.fetch_add(1, Ordering::SeqCst) == 2 {
                let _ = locked(&self.0).recv();
            }
        }
    }
    let (let_go, stuck) = mpsc::channel();
    let telemetry = local().queued_event_sink(Third(Mutex::new(stuck), AtomicU64::new(0))).build();
    let telemetry = telemetry.expect("it builds");
    let guard = telemetry.set_default();
    step("a");
    step("b");
    drop(guard);
    let delivered = || (telemetry.accounts().events.delivered == 2).then_some(());
    assert!(wait_until(PATIENCE, delivered).is_some(), "{}", telemetry.accounts().events);
    assert_eq!(telemetry.accounts().events.created, 4);
    drop(let_go);
}

#[test]
fn each_signal_can_be_switched_off_and_on() {
    let (spans, logs) = (InMemorySpanExporter::default(), InMemoryLogExporter::default());
    let telemetry = local()
        .prometheus(Prometheus::on(([127, 0, 0, 1], 0)))
        .span_exporter("spans", spans.clone())
        .log_exporter("logs", logs.clone())
        .build()
        .expect("it builds");
    let _guard = telemetry.set_default();
    let work = || {
        step("a");
        tracing::info!("said");
    };
    let seen = || {
        let accounts = telemetry.flush(PATIENCE);
        let steps = sample(&page(&telemetry), r#"flowspan_workflow_steps_total"#);
        (accounts.spans.delivered, accounts.logs.delivered, steps)
    };
    work();
    assert_eq!(seen(), (1, 1, 1.0));
    for signal in Signal::ALL {
        telemetry.disable(signal);
        assert!(!telemetry.is_recording(signal));
        work();
        telemetry.enable(signal);
        assert!(telemetry.is_recording(signal));
    }
    assert_eq!(seen(), (4, 4, 4.0), "each missed one of the four");
    let running = Workflow::new("w").enter();
    telemetry.disable(Signal::Metrics);
    drop(running);
    telemetry.enable(Signal::Metrics);
    assert_eq!(sample(&page(&telemetry), r#"flowspan_workflow_active{workflow_name="w"}"#), 0.0);
}

#[test]
fn totals_begin_anew_and_what_is_exported_goes_on() {
    let telemetry =
        local().totals().prometheus(Prometheus::on(([127, 0, 0, 1], 0))).build().expect("it builds");
    let _guard = telemetry.set_default();
    let running = Workflow::new("w").enter();
    step("a");
    assert_eq!(telemetry.reset().count("flowspan.step.executions"), 1);
    step("a");
    step("a");
    drop(running);
    let session = telemetry.snapshot();
    assert_eq!(session.sum("flowspan.step.executions"), 2.0);
    assert_eq!(session.sum("flowspan.workflow.active"), 0.0);
    let series = r#"flowspan_step_executions_total{status="success",step_name="a",step_type="shell",workflow_name="w"}"#;
    assert_eq!(sample(&page(&telemetry), series), 3.0);
}

#[test]
fn metrics_of_telemetry_that_is_off_measure_nothing_and_are_still_checked() {
    let telemetry = local().disabled().build().expect("it builds");
    let counter = telemetry.counter("mine").labels(["l"]).build().expect("a good metric");
    counter.add(1, ["a"]);
    counter.series(["a"]).add(1);
    assert!(telemetry.gauge("not a name").build().is_err());
    assert!(!telemetry.is_recording(Signal::Metrics));
    assert_eq!(telemetry.reset().iter().len(), 0);
}

#[tokio::test]
async fn a_metric_sink_of_one_s_own_gets_what_the_page_shows() {
    #[derive(Clone, Default)]
    struct Sum(Arc<Mutex<f64>>);
    impl MetricSink for Sum {
        fn measurement(&self, measurement: &Measurement) {
            if measurement.name() == "flowspan.llm.tokens" {
                *locked(&self.0) += measurement.value();
            }
        }
    }
    let sum = Sum::default();
    let telemetry = local()
        .metric_sink(sum.clone())
        .prometheus(Prometheus::on(([127, 0, 0, 1], 0)))
        .build()
        .expect("it builds");
    let guard = telemetry.set_default();
    let call = Inference::chat("openai", "m");
    call.run(async { Ok::<_, std::io::Error>(()) }).await.expect("nothing fails");
    call.usage(Usage::new().input(812).output(96));
    drop(call);
    drop(guard);
    let page = page(&telemetry);
    let shown: f64 = page
        .lines()
        .filter(|line| line.starts_with("flowspan_llm_tokens_total"))
        .map(|line| line.rsplit(' ').next().expect("a value").parse::<f64>().expect("a number"))
        .sum();
    assert_eq!((shown, *locked(&sum.0)), (908.0, 908.0));
}

/// Reports are made on flowspan's thread.
fn wait_for(reports: &Reports, count: usize) {
    let began = std::time::Instant::now();
    while locked(reports).len() < count && began.elapsed() < PATIENCE {
        thread::yield_now();
    }
}
