//! Metric readers of the program's own.

use std::sync::mpsc;

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

    step("before");
    telemetry.flush(PATIENCE);
    assert!(all().contains("before"), "{}", all());

    step("after");
    telemetry.shutdown(PATIENCE).into_result().expect("nothing is lost");
    assert!(all().contains("after"), "{}", all());
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
fn a_reader_that_hangs_is_told_once_and_holds_nobody_up() {
    let (let_go, stuck) = mpsc::channel();
    let (reporter, reports) = reporter();
    let reader = PeriodicReader::builder(Stuck(Mutex::new(stuck))).with_interval(NEVER).build();
    let telemetry = local().reporter(reporter).metric_reader(reader).build().expect("it builds");
    let soon = Duration::from_millis(20);
    for _ in 0..10 {
        telemetry.flush(soon);
    }
    let report = telemetry.shutdown(soon);
    assert!(report.took < PATIENCE, "{report:?}");
    let reports = locked(&reports).clone();
    assert_eq!(reports.len(), 1, "{reports:?}");
    assert!(reports[0].contains("metric_reader fails: its flush did not end in time"), "{reports:?}");
    drop(let_go);
}
