//! What the recorder has to say, told to a person.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use flowspan_layer::{Accounting, Unpriced};
use flowspan_metrics::{Collapsed, Notice, Recorder};
use flowspan_runtime::{BoundedLabel, ExporterHealth, Health, Report, UnpricedModel, WorkerHandle};

/// Tells notices through the reporter, on flowspan's thread: whoever was measured does not wait for a
/// terminal.
pub(crate) fn tell(health: &Health, worker: &WorkerHandle) -> impl Fn(&Notice<'_>) + Send + Sync + 'static {
    let (health, worker) = (health.clone(), worker.clone());
    let sinks = Arc::new(Mutex::new(HashMap::<String, ExporterHealth>::new()));
    move |notice| {
        let health = health.clone();
        match notice {
            Notice::LabelBounded { metric, label, limit } => {
                let (metric, label, limit) = ((*metric).to_owned(), (*label).to_owned(), *limit);
                worker.spawn(async move { health.tell(&Report::LabelBounded { metric, label, limit }) });
            }
            Notice::SinkPanicked { sink } => {
                let (sink, sinks) = ((*sink).to_owned(), Arc::clone(&sinks));
                worker.spawn(async move { of(&sinks, &health, sink).failed("it panicked") });
            }
            Notice::SinkRecovered { sink } => {
                let (sink, sinks) = ((*sink).to_owned(), Arc::clone(&sinks));
                worker.spawn(async move { of(&sinks, &health, sink).succeeded() });
            }
            _ => {}
        }
    }
}

/// Lets `/health` show which labels had to be bounded.
pub(crate) fn watch_labels(health: &Health, recorder: &Arc<Recorder>) {
    // Weak, because the recorder's listener holds the health.
    let recorder = Arc::downgrade(recorder);
    health.watch_labels(move || {
        let collapsed = recorder.upgrade().map(|recorder| recorder.collapsed()).unwrap_or_default();
        let bounded = collapsed.into_iter().map(|Collapsed { metric, label, measurements, .. }| {
            BoundedLabel { metric, label, measurements }
        });
        bounded.collect()
    });
}

/// Lets `/health` show which models have no price.
pub(crate) fn watch_prices(health: &Health, accounting: &Accounting) {
    let accounting = accounting.clone();
    health.watch_prices(move || {
        let unpriced = accounting.findings().unpriced().into_iter();
        unpriced
            .map(|Unpriced { provider, model, calls, .. }| UnpricedModel { provider, model, calls })
            .collect()
    });
}

/// The state of a sink, which is of interest only after it has panicked.
fn of(sinks: &Mutex<HashMap<String, ExporterHealth>>, health: &Health, sink: String) -> ExporterHealth {
    let mut sinks = sinks.lock().unwrap_or_else(PoisonError::into_inner);
    let advice = "it is code of the program's own, and is called again";
    sinks.entry(sink).or_insert_with_key(|sink| health.exporter(sink.clone(), advice)).clone()
}
