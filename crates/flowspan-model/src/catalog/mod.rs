//! Every metric of flowspan, once.
//!
//! A metric is a row: its name, unit, labels and buckets, and the [`Source`]s that feed it. The
//! instruments, the Prometheus names, the documentation and the dashboards follow from the rows;
//! no other place knows a metric's name.
//!
//! ```
//! use flowspan_model::catalog;
//!
//! let metric = catalog::metric("step.duration").expect("it is in the catalog");
//! assert_eq!(metric.full_name("flowspan"), "flowspan.step.duration");
//! assert_eq!(metric.prometheus_name("flowspan"), "flowspan_step_duration_seconds");
//! assert!(metric.answers.contains(&"003 prodigy_step_duration_seconds"));
//! ```

mod labels;
mod metric;
mod metrics;
mod prometheus;
mod source;

use crate::{Kind, Moment};

pub use metric::{Instrument, Label, Metric, Naming};
pub use metrics::{METRICS, process, telemetry};
pub use prometheus::prometheus_name;
pub use source::{Amount, Condition, Source};

/// The metrics that an event of this moment and kind feeds.
pub fn fed_by(moment: Moment, kind: Kind) -> impl Iterator<Item = (&'static Metric, &'static Source)> {
    METRICS.iter().flat_map(move |metric| {
        metric
            .sources
            .iter()
            .filter(move |source| source.moment == moment && source.kind == kind)
            .map(move |source| (metric, source))
    })
}

/// The metric of that name.
pub fn metric(name: &str) -> Option<&'static Metric> {
    METRICS.iter().find(|metric| metric.name == name)
}

/// What a namespace looks like, in words.
pub const NAMESPACE_FORM: &str = "a letter followed by letters, digits, `_` and `.`, 64 at most";

/// Whether every back end can carry names under this namespace. The empty one is none at all.
pub fn is_namespace(text: &str) -> bool {
    let begins = text.chars().next().is_none_or(|first| first.is_ascii_alphabetic());
    let goes_on = text.chars().all(|next| next.is_ascii_alphanumeric() || next == '_' || next == '.');
    begins && goes_on && !text.ends_with('.') && text.len() <= 64
}

#[cfg(test)]
mod tests;
