//! From the program's threads to the queue.

use std::sync::Arc;

use flowspan_model::{Measurement, MetricSink, catalog::Instrument};
use flowspan_runtime::{Account, Health, Pipeline, WorkerHandle};

use crate::{ResolvedStatsd, delivery::Delivery, levels::Levels};

/// Pushes every measurement that it is given. Clones are the same sink: one goes to the recorder,
/// another tells of the account.
#[derive(Clone, Debug)]
pub struct StatsdSink {
    pipeline: Pipeline<Measurement>,
    levels: Arc<Levels>,
    histogram_rate: f64,
}

impl StatsdSink {
    /// Starts to push, on this worker. It appears in `health` as `statsd`.
    ///
    /// The server is looked for when there is something to send: whether it is there makes no
    /// difference here.
    pub fn start(statsd: ResolvedStatsd, worker: &WorkerHandle, health: &Health) -> Self {
        let advice = format!(
            "is a StatsD server listening at {}? FLOWSPAN_STATSD or Statsd::to name another",
            statsd.target
        );
        let health = health.exporter("statsd", advice);
        let delivery = Delivery::new(&statsd);
        StatsdSink {
            pipeline: Pipeline::start(worker, health, &statsd.limits, delivery),
            levels: Arc::new(Levels::new(statsd.form)),
            histogram_rate: statsd.form.histogram_rate,
        }
    }

    /// The queue behind it: `account`, `flush`, `shutdown` and their async forms.
    pub fn pipeline(&self) -> &Pipeline<Measurement> {
        &self.pipeline
    }

    /// What became of the measurements so far. Those that sampling left out are not among them.
    pub fn account(&self) -> Account {
        self.pipeline.account()
    }

    fn offer(&self, measurement: Measurement) {
        // What is refused is counted.
        let _ = self.pipeline.offer(measurement);
    }
}

impl MetricSink for StatsdSink {
    fn measurement(&self, measurement: &Measurement) {
        match measurement.instrument() {
            Instrument::UpDownCounter => self.levels.add(measurement, |level| self.offer(level)),
            Instrument::Histogram if self.histogram_rate < 1.0 && fastrand::f64() >= self.histogram_rate => {}
            _ => self.offer(measurement.clone()),
        }
    }
}
