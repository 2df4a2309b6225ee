//! What flowspan says about itself. Read when somebody collects.

use super::row::{counter, gauge};
use crate::catalog::{
    Metric,
    labels::{
        BOUNDED_LABEL, BOUNDED_METRIC, DROP_REASON, REFUSAL, SECOND_TELLING, SIGNAL, UNPRICED_MODEL,
        UNPRICED_PROVIDER,
    },
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

/// Spans beyond what is kept open.
pub const SPANS_UNHEARD: Metric = counter(
    "telemetry.spans.unheard",
    "{span}",
    "Spans that were neither exported nor measured, because a quarter of a million others were open.",
);

/// Numbers that make no sense.
pub const MEASUREMENTS_REFUSED: Metric = counter(
    "telemetry.measurements.refused",
    "{measurement}",
    "Numbers that no instrument could take: not a number, infinite, too large, or negative where a sum only grows.",
);

/// Ends without a beginning.
pub const MEASUREMENTS_UNMATCHED: Metric = counter(
    "telemetry.measurements.unmatched",
    "{measurement}",
    "Ends without a start, which would have made a gauge of what is running negative.",
);

/// Usages that make no sense.
pub const USAGE_REFUSED: Metric = counter(
    "telemetry.usage.refused",
    "{number}",
    "Numbers of tokens or costs of model calls that cannot be true and were refused or bounded, and why.",
)
.labels(&[REFUSAL]);

/// Calls that were told twice.
pub const USAGE_DUPLICATES: Metric = counter(
    "telemetry.usage.duplicates",
    "{call}",
    "Model calls that had been counted as another span already: as one around it, or with the same response.",
)
.labels(&[SECOND_TELLING]);

/// Calls whose cost nobody knows.
pub const UNPRICED: Metric = counter(
    "telemetry.usage.unpriced",
    "{call}",
    "Model calls that consumed tokens for which no price is known, so that they have no cost.",
)
.labels(&[UNPRICED_PROVIDER, UNPRICED_MODEL]);

/// Content that is too long.
pub const CONTENT_CUT: Metric = counter(
    "telemetry.content.cut",
    "{value}",
    "Prompts, answers, tool arguments and results that were shown in part, because they were too long.",
);

/// Content that cannot be shown.
pub const CONTENT_REFUSED: Metric = counter(
    "telemetry.content.refused",
    "{value}",
    "Prompts, answers, tool arguments and results that were not shown although content is, and why.",
)
.labels(&[DROP_REASON]);

pub(super) const ROWS: &[Metric] = &[
    CREATED,
    DELIVERED,
    DROPPED,
    QUEUED,
    LABELS_COLLAPSED,
    SPANS_UNHEARD,
    MEASUREMENTS_REFUSED,
    MEASUREMENTS_UNMATCHED,
    USAGE_REFUSED,
    USAGE_DUPLICATES,
    UNPRICED,
    CONTENT_CUT,
    CONTENT_REFUSED,
];
