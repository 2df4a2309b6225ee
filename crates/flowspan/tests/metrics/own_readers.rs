//! Metric readers of the program's own.

use std::sync::mpsc;

use flowspan::ExporterStatus;
use flowspan_stack::wait_until;
use opentelemetry_sdk::{
    error::OTelSdkResult,
    metrics::{
        InMemoryMetricExporter, PeriodicReader, Temporality, data::ResourceMetrics,
        exporter::PushMetricExporter,
    },
};

use super::{Duration, Mutex, PATIENCE, local, locked, reporter, step};

/// So long that no interval ends while a test runs.
const NEVER: Duration = Duration::from_secs(24 * 3600);

#[test]
fn the_last_interval_of_a_reader_is_sent_at_a_flush_and_at_the_end() {
    let sent = InMemoryMetricExporter::default();
    let reader = PeriodicReader::builder(sent.clone()).with_interval(NEVER).build();
    let telemetry = local().metric_reader(reader).build().expect("it builds");
    // Somebody else may keep the provider, as the global of OpenTelemetry does, and then nothing is dropped.
    let _provider = telemetry.meter_provider().expect("it is on").clone();
    let _guard = telemetry.set_default();
    let all = || format!("{:?}", sent.get_finished_metrics().expect("it is alive"));

    step("early-bird");
    telemetry.flush(PATIENCE);
    assert!(all().contains("early-bird"), "{}", all());

    step("late-bird");
    telemetry.shutdown(PATIENCE).into_result().expect("nothing is lost");
    assert!(all().contains("late-bird"), "{}", all());
}

/// An exporter that waits until it is let go.
struct Stuck(Mutex<mpsc::Receiver<()>>);

impl PushMetricExporter for Stuck {
    async fn export(&self, _: &ResourceMetrics) -> OTelSdkResult {
        let _ = locked(&self.0).recv();
        Ok(())
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }

    fn temporality(&self) -> Temporality {
        Temporality::Cumulative
    }
}

#[test]
fn a_reader_that_hangs_is_told_once_and_holds_nobody_up_and_so_is_its_return() {
    let (let_go, stuck) = mpsc::channel();
    let (reporter, reports) = reporter();
    let reader = PeriodicReader::builder(Stuck(Mutex::new(stuck))).with_interval(NEVER).build();
    let telemetry = local().reporter(reporter).metric_reader(reader).build().expect("it builds");
    let soon = Duration::from_millis(20);
    let last_error = |text: &'static str| {
        wait_until(PATIENCE, || match telemetry.health().exporters().pop()?.status {
            ExporterStatus::Failing { last_error, .. } if last_error.contains(text) => Some(()),
            _ => None,
        })
    };
    telemetry.flush(soon);
    assert!(last_error("has not ended in time").is_some());
    for _ in 0..10 {
        telemetry.flush(soon);
    }
    assert!(last_error("4 flushes before this one").is_some(), "no more than these have a thread");
    assert_eq!(locked(&reports).len(), 1, "{reports:?}");
    assert!(locked(&reports)[0].contains("metric_reader fails: its flush has not ended in time"));

    drop(let_go);
    let second = wait_until(PATIENCE, || locked(&reports).get(1).cloned());
    assert!(
        second.is_some_and(|report| report.contains("metric_reader works again")),
        "it has ended well, late"
    );
    telemetry.shutdown(PATIENCE).into_result().expect("nothing is lost");
    assert_eq!(locked(&reports).len(), 2, "{reports:?}");
}

#[test]
fn a_reader_that_the_program_has_shut_down_is_left_alone() {
    let (reporter, reports) = reporter();
    let sent = InMemoryMetricExporter::default();
    let reader = PeriodicReader::builder(sent).with_interval(NEVER).build();
    let telemetry = local().reporter(reporter).metric_reader(reader).build().expect("it builds");
    telemetry.meter_provider().expect("it is on").shutdown().expect("it is not shut down yet");
    telemetry.flush(PATIENCE);
    telemetry.shutdown(PATIENCE).into_result().expect("nothing is lost");
    assert!(telemetry.health().works());
    assert!(locked(&reports).is_empty(), "{reports:?}");
}
