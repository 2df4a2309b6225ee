//! What flowspan says about itself. Read when somebody collects.

use super::row::{counter, gauge};
use crate::catalog::{
    Metric,
    labels::{BOUNDED_LABEL, BOUNDED_METRIC, DROP_REASON, SIGNAL},
};

/// What exporters were given.
pub const CREATED: Metric = counter(
    "telemetry.created",
    "{item}",
    "Spans, data points, log records and events that were handed to exporters.",
)
.labels(&[SIGNAL]);

/// What arrived.
pub const DELIVERED: Metric = counter(
    "telemetry.delivered",
    "{item}",
    "Spans, data points, log records and events that a receiver took.",
)
.labels(&[SIGNAL]);

/// What was lost.
pub const DROPPED: Metric = counter(
    "telemetry.dropped",
    "{item}",
    "Spans, data points, log records and events that were lost, and why.",
)
.labels(&[SIGNAL, DROP_REASON]);

/// What is neither yet.
pub const QUEUED: Metric =
    gauge("telemetry.queued", "{item}", "Spans, log records and events that wait or are on their way.")
        .labels(&[SIGNAL]);

/// Label values beyond their limits.
pub const LABELS_COLLAPSED: Metric = counter(
    "telemetry.labels.collapsed",
    "{value}",
    "Measurements whose label value was one too many, or not allowed, and became `other`.",
)
.labels(&[BOUNDED_METRIC, BOUNDED_LABEL]);

pub(super) const ROWS: &[Metric] = &[CREATED, DELIVERED, DROPPED, QUEUED, LABELS_COLLAPSED];
