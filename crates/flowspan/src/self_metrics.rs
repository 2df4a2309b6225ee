//! What flowspan says about itself on `/metrics`.

use std::sync::Arc;

use flowspan_metrics::Recorder;
use flowspan_runtime::Account;
use opentelemetry::{KeyValue, metrics::Meter};

use crate::outputs::Book;

/// Creates the metrics of flowspan's own losses. They are read when somebody collects.
pub(crate) fn observe(meter: &Meter, namespace: &str, book: &Book, recorder: &Arc<Recorder>) {
    let prefix = if namespace.is_empty() { String::new() } else { format!("{namespace}.") };
    let counter = |name: &str, description: &'static str, points: fn(&Account) -> Vec<Point>| {
        let book = book.clone();
        meter
            .u64_observable_counter(format!("{prefix}telemetry.{name}"))
            .with_unit("{item}")
            .with_description(description)
            .with_callback(move |observer| {
                for (value, labels) in observed(&book, points) {
                    observer.observe(value, &labels);
                }
            })
            .build();
    };
    counter("created", "Spans, data points and log records that were handed to exporters.", |account| {
        vec![(account.created, None)]
    });
    counter("delivered", "Spans, data points and log records that a receiver took.", |account| {
        vec![(account.delivered, None)]
    });
    counter("dropped", "Spans, data points and log records that were lost, and why.", |account| {
        account.dropped.iter().map(|(reason, items)| (*items, Some(reason.as_str()))).collect()
    });
    let waiting = book.clone();
    meter
        .u64_observable_gauge(format!("{prefix}telemetry.queued"))
        .with_unit("{item}")
        .with_description("Spans and log records that wait or are on their way.")
        .with_callback(move |observer| {
            for (value, labels) in observed(&waiting, |account| vec![(account.queued, None)]) {
                observer.observe(value, &labels);
            }
        })
        .build();
    let recorder = Arc::clone(recorder);
    meter
        .u64_observable_counter(format!("{prefix}telemetry.labels.collapsed"))
        .with_unit("{value}")
        .with_description("Label values that were one too many and became `other`.")
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
