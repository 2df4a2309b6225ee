//! What flowspan says about itself. Read when somebody collects.

use super::row::{counter, gauge};
use crate::catalog::{
    Metric,
    labels::{DROP_REASON, SIGNAL},
};

/// What exporters were given.
pub const CREATED: Metric = counter(
    "telemetry.created",
    "{item}",
    "Spans, data points and log records that were handed to exporters.",
)
.labels(&[SIGNAL]);

/// What arrived.
pub const DELIVERED: Metric =
    counter("telemetry.delivered", "{item}", "Spans, data points and log records that a receiver took.")
        .labels(&[SIGNAL]);

/// What was lost.
pub const DROPPED: Metric =
    counter("telemetry.dropped", "{item}", "Spans, data points and log records that were lost, and why.")
        .labels(&[SIGNAL, DROP_REASON]);

/// What is neither yet.
pub const QUEUED: Metric =
    gauge("telemetry.queued", "{item}", "Spans and log records that wait or are on their way.")
        .labels(&[SIGNAL]);

/// Label values beyond their limits.
pub const LABELS_COLLAPSED: Metric = counter(
    "telemetry.labels.collapsed",
    "{value}",
    "Label values that were one too many and became `other`.",
);

pub(super) const ROWS: &[Metric] = &[CREATED, DELIVERED, DROPPED, QUEUED, LABELS_COLLAPSED];
