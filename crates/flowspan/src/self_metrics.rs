//! What flowspan says about itself on `/metrics`.

use std::sync::Arc;

use flowspan_content::ContentPolicy;
use flowspan_layer::{Accounting, Refusal, Unheard};
use flowspan_metrics::Recorder;
use flowspan_model::catalog::{Metric, telemetry};
use flowspan_runtime::Account;
use opentelemetry::KeyValue;

use crate::{observed::Observed, outputs::Book};

/// Creates the metrics of flowspan's own losses.
pub(crate) fn observe(observed: &Observed<'_>, book: &Book, recorder: &Arc<Recorder>, unheard: Unheard) {
    let counter = |metric: &Metric, of: fn(&Account) -> Vec<Point>| {
        let book = book.clone();
        observed.counter(metric, move |observer| {
            points(&book, of).iter().for_each(|(value, labels)| observer.observe(*value, labels));
        });
    };
    counter(&telemetry::CREATED, |account| vec![(account.created, None)]);
    counter(&telemetry::DELIVERED, |account| vec![(account.delivered, None)]);
    counter(&telemetry::DROPPED, |account| {
        account.dropped.iter().map(|(reason, items)| (*items, Some(reason.as_str()))).collect()
    });
    let waiting = book.clone();
    observed.gauge(&telemetry::QUEUED, move |observer| {
        let points = points(&waiting, |account| vec![(account.queued, None)]);
        points.iter().for_each(|(value, labels)| observer.observe(*value, labels));
    });
    // Weak, because the meter provider, which keeps the callback, is kept by the recorder's meter.
    let recorder = Arc::downgrade(recorder);
    let total = |metric: &Metric, of: fn(&Recorder) -> u64| {
        let recorder = recorder.clone();
        observed.counter(metric, move |observer| {
            if let Some(recorder) = recorder.upgrade() {
                observer.observe(of(&recorder), &[]);
            }
        });
    };
    total(&telemetry::MEASUREMENTS_REFUSED, Recorder::refused);
    total(&telemetry::MEASUREMENTS_UNMATCHED, Recorder::unmatched);
    observed.counter(&telemetry::SPANS_UNHEARD, move |observer| observer.observe(unheard.count(), &[]));
    observed.counter(&telemetry::LABELS_COLLAPSED, move |observer| {
        for collapsed in recorder.upgrade().iter().flat_map(|recorder| recorder.collapsed()) {
            let labels = [KeyValue::new("metric", collapsed.metric), KeyValue::new("label", collapsed.label)];
            observer.observe(collapsed.measurements, &labels);
        }
    });
}

/// Creates the metrics of content that was not shown, or not whole.
pub(crate) fn observe_content(observed: &Observed<'_>, policy: &Arc<ContentPolicy>) {
    let counts = Arc::clone(policy);
    observed.counter(&telemetry::CONTENT_CUT, move |observer| observer.observe(counts.counts().cut, &[]));
    let counts = Arc::clone(policy);
    observed.counter(&telemetry::CONTENT_REFUSED, move |observer| {
        let counts = counts.counts();
        for reason in flowspan_content::Refusal::ALL {
            observer.observe(counts.refused(reason), &[KeyValue::new("reason", reason.as_str())]);
        }
    });
}

/// Creates the metrics of what the accounting had to say no to.
pub(crate) fn observe_accounting(observed: &Observed<'_>, accounting: &Accounting) {
    let known = accounting.clone();
    observed.counter(&telemetry::USAGE_REFUSED, move |observer| {
        for reason in Refusal::ALL {
            let times = known.findings().refusals(reason);
            if times > 0 {
                observer.observe(times, &[KeyValue::new("reason", reason.as_str())]);
            }
        }
    });
    let known = accounting.clone();
    observed.counter(&telemetry::USAGE_DUPLICATES, move |observer| {
        let findings = known.findings();
        for (told, times) in [("wrapper", findings.wrappers()), ("repeated", findings.repeated())] {
            if times > 0 {
                observer.observe(times, &[KeyValue::new("as", told)]);
            }
        }
    });
    let known = accounting.clone();
    observed.counter(&telemetry::UNPRICED, move |observer| {
        for model in known.findings().unpriced() {
            let provider = model.provider.map(|provider| KeyValue::new("provider", provider));
            let labels: Vec<_> = provider.into_iter().chain([KeyValue::new("model", model.model)]).collect();
            observer.observe(model.calls, &labels);
        }
    });
}

/// A number and the reason that it is for.
type Point = (u64, Option<&'static str>);

fn points(book: &Book, of: fn(&Account) -> Vec<Point>) -> Vec<(u64, Vec<KeyValue>)> {
    let labelled = |signal: &'static str, reason: Option<&'static str>| {
        let reason = reason.map(|reason| KeyValue::new("reason", reason));
        std::iter::once(KeyValue::new("signal", signal)).chain(reason).collect()
    };
    book.accounts()
        .iter()
        .flat_map(|(signal, account)| of(account).into_iter().map(|point| (signal.as_str(), point)))
        .map(|(signal, (value, reason))| (value, labelled(signal, reason)))
        .collect()
}
