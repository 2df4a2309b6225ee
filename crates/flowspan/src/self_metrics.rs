//! What flowspan says about itself on `/metrics`.

use std::sync::Arc;

use flowspan_metrics::Recorder;
use flowspan_model::catalog::{Metric, telemetry};
use flowspan_runtime::Account;
use opentelemetry::{KeyValue, metrics::Meter};

use crate::outputs::Book;

/// Creates the metrics of flowspan's own losses. They are read when somebody collects.
pub(crate) fn observe(meter: &Meter, namespace: &str, book: &Book, recorder: &Arc<Recorder>) {
    let counter = |metric: &Metric, points: fn(&Account) -> Vec<Point>| {
        let book = book.clone();
        meter
            .u64_observable_counter(metric.full_name(namespace))
            .with_unit(metric.unit)
            .with_description(metric.description)
            .with_callback(move |observer| {
                for (value, labels) in observed(&book, points) {
                    observer.observe(value, &labels);
                }
            })
            .build();
    };
    counter(&telemetry::CREATED, |account| vec![(account.created, None)]);
    counter(&telemetry::DELIVERED, |account| vec![(account.delivered, None)]);
    counter(&telemetry::DROPPED, |account| {
        account.dropped.iter().map(|(reason, items)| (*items, Some(reason.as_str()))).collect()
    });
    let waiting = book.clone();
    meter
        .u64_observable_gauge(telemetry::QUEUED.full_name(namespace))
        .with_unit(telemetry::QUEUED.unit)
        .with_description(telemetry::QUEUED.description)
        .with_callback(move |observer| {
            for (value, labels) in observed(&waiting, |account| vec![(account.queued, None)]) {
                observer.observe(value, &labels);
            }
        })
        .build();
    let recorder = Arc::clone(recorder);
    meter
        .u64_observable_counter(telemetry::LABELS_COLLAPSED.full_name(namespace))
        .with_unit(telemetry::LABELS_COLLAPSED.unit)
        .with_description(telemetry::LABELS_COLLAPSED.description)
        .with_callback(move |observer| observer.observe(recorder.collapsed(), &[]))
        .build();
}

/// A number and the reason that it is for.
type Point = (u64, Option<&'static str>);

fn observed(book: &Book, points: fn(&Account) -> Vec<Point>) -> Vec<(u64, Vec<KeyValue>)> {
    let labelled = |signal: &'static str, reason: Option<&'static str>| {
        let reason = reason.map(|reason| KeyValue::new("reason", reason));
        std::iter::once(KeyValue::new("signal", signal)).chain(reason).collect()
    };
    book.accounts()
        .iter()
        .flat_map(|(signal, account)| points(account).into_iter().map(|point| (signal.as_str(), point)))
        .map(|(signal, (value, reason))| (value, labelled(signal, reason)))
        .collect()
}
