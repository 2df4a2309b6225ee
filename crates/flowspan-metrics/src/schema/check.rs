//! What a back end could not carry, found before it is sent.

use std::{borrow::Cow, collections::HashSet};

use flowspan_model::{
    Kind, LabelPolicy, Moment,
    catalog::{self, Instrument, Label, METRICS, Metric},
};

use super::{Row, Shape};
use crate::{
    Buckets, LabelPolicies, Names,
    trigger::{MAX_KEY, fields_asked},
};

/// The longest name of an instrument, in bytes: the limit of the OpenTelemetry specification.
const MAX_NAME: usize = 255;
/// The longest unit, in bytes: the limit of the OpenTelemetry specification.
const MAX_UNIT: usize = 63;
/// The longest name of a label, in bytes.
const MAX_LABEL_NAME: usize = 128;
/// The most labels of one metric.
pub(crate) const MAX_LABELS: usize = 16;
/// The most buckets of a histogram.
const MAX_BUCKETS: usize = 500;
/// The highest limit of series: the SDK sets memory aside for them in advance.
const MAX_SERIES: usize = 100_000;

/// Metrics cannot be as they were configured.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{setting} {value:?} cannot be used: {reason}")]
pub struct SchemaError {
    setting: String,
    value: String,
    reason: String,
}

impl SchemaError {
    fn new(setting: impl Into<String>, value: impl Into<String>, reason: impl Into<String>) -> Self {
        // A name of a mebibyte must not make an error of a mebibyte.
        let value: String = value.into().chars().take(100).collect();
        SchemaError { setting: setting.into(), value, reason: reason.into() }
    }

    pub(super) fn same_name(name: &str, other: &str, folded: &str) -> Self {
        let reason = format!("{other} is {folded} for Prometheus too; rename one of them");
        SchemaError::new("the name of a metric", name, reason)
    }

    pub(super) fn unknown_label(metric: &str, label: &str) -> Self {
        let reason = "no metric of the catalog has a label of that name";
        SchemaError::new(format!("the label of {metric}"), label, reason)
    }

    /// What was configured, for example `the namespace`.
    pub fn setting(&self) -> &str {
        &self.setting
    }

    /// The value that cannot be used, cut if it is very long.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// Why it cannot be used, and what could.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

type Checked = Result<(), SchemaError>;

/// What is wrong with a configuration, whatever metrics there are.
pub(super) fn configuration(names: &Names, policies: &LabelPolicies) -> Checked {
    namespace(&names.namespace)?;
    for (metric, change) in &names.changes {
        let Some(row) = catalog::metric(metric) else {
            let reason = "the catalog has no metric of that name; names are those of the catalog";
            return Err(SchemaError::new("the metric", metric.as_ref(), reason));
        };
        if let Some(name) = &change.name {
            let setting = format!("the new name of {metric}");
            instrument_name(&setting, name)?;
            if row.instrument.is_monotonic() && (name.ends_with("_total") || name.ends_with(".total")) {
                let reason = "leave out `total`, Prometheus gets it by itself";
                return Err(SchemaError::new(setting, name.as_ref(), reason));
            }
        }
        if change.buckets.is_some() && row.instrument != Instrument::Histogram {
            let reason = "it is no histogram, so it has no buckets";
            return Err(SchemaError::new("the metric", metric.as_ref(), reason));
        }
        if row.is_observed() && (change.labels.is_some() || !change.values.is_empty()) {
            let reason = "it is read when somebody collects, so its labels and their values stay as they are; it can be renamed and left out";
            return Err(SchemaError::new("the labels of the metric", metric.as_ref(), reason));
        }
        let labels = METRICS.iter().flat_map(|metric| metric.labels);
        if let Some(value) =
            change.values.iter().find(|value| !labels.clone().any(|label| label.name == value.label))
        {
            return Err(SchemaError::unknown_label(metric, &value.label));
        }
    }
    let mut seen = HashSet::new();
    for (name, _) in &names.constant {
        label_name("the constant label", name)?;
        if !seen.insert(name) {
            return Err(SchemaError::new("the constant label", name.as_ref(), "it is there twice"));
        }
    }
    policies_of(policies)
}

fn policies_of(policies: &LabelPolicies) -> Checked {
    for ((_, label), rule) in &policies.rules {
        if rule.limit == Some(0) {
            let reason = "a limit is at least 1; to leave the label out, use the policy Drop";
            return Err(SchemaError::new("the limit of the label", label.as_ref(), reason));
        }
        if rule.policy == Some(LabelPolicy::First(0)) {
            let reason = "no character would be left; to leave the label out, use the policy Drop";
            return Err(SchemaError::new("the policy of the label", label.as_ref(), reason));
        }
    }
    let limits = policies.series_limit.iter().chain(policies.series_limits.values());
    match limits.copied().find(|limit| !(1..=MAX_SERIES).contains(limit)) {
        Some(limit) => {
            let reason = format!("it is from 1 to {MAX_SERIES}");
            Err(SchemaError::new("the limit of series", limit.to_string(), reason))
        }
        None => Ok(()),
    }
}

fn namespace(namespace: &str) -> Checked {
    if catalog::is_namespace(namespace) {
        return Ok(());
    }
    let reason = format!("it has to be {}, or nothing", catalog::NAMESPACE_FORM);
    Err(SchemaError::new("the namespace", namespace, reason))
}

/// A name of an instrument that every back end can carry.
pub(super) fn instrument_name(setting: &str, name: &str) -> Checked {
    let begins = name.chars().next().is_some_and(|first| first.is_ascii_alphabetic());
    let goes_on = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-/".contains(&byte));
    if begins && goes_on && name.len() <= MAX_NAME {
        return Ok(());
    }
    let reason = format!(
        "it is a letter followed by letters, digits, `_`, `.`, `-` and `/`, at most {MAX_NAME} of them"
    );
    Err(SchemaError::new(setting, name, reason))
}

/// What is wrong with a metric of the program's own, whatever else there is.
pub(crate) fn whole_shape(metric: &Shape) -> Checked {
    instrument_name("the name of a metric", &metric.name)?;
    shape(metric, &[])
}

/// What is wrong with one metric.
pub(super) fn shape(shape: &Shape, constant: &[(Cow<'static, str>, Cow<'static, str>)]) -> Checked {
    let metric = &shape.name;
    let mut seen: HashSet<String> = constant.iter().map(|(name, _)| folded(name)).collect();
    if shape.labels.len() > MAX_LABELS {
        let reason = format!("a metric has at most {MAX_LABELS} labels");
        return Err(SchemaError::new("the metric", metric.as_ref(), reason));
    }
    for label in &shape.labels {
        label_name(&format!("the label of {metric}"), &label.name)?;
        if !seen.insert(folded(&label.name)) {
            let reason = "the metric has it twice, or it is a constant label too";
            return Err(SchemaError::new(format!("the label of {metric}"), label.name.as_ref(), reason));
        }
    }
    let printable = |unit: &str| unit.bytes().all(|byte| byte.is_ascii_graphic());
    if shape.unit.len() > MAX_UNIT || !printable(&shape.unit) {
        let reason = format!("it is printable ASCII without spaces, at most {MAX_UNIT} of them");
        return Err(SchemaError::new(format!("the unit of {metric}"), shape.unit.as_ref(), reason));
    }
    if shape.instrument == Instrument::Histogram { buckets(metric, &shape.buckets) } else { Ok(()) }
}

/// A metric that is read when somebody collects has its own labels, which no constant one may repeat.
pub(super) fn observed_labels(
    metric: &Metric,
    constant: &[(Cow<'static, str>, Cow<'static, str>)],
) -> Checked {
    let repeats = |label: &Label| constant.iter().any(|(name, _)| folded(name) == folded(label.name));
    match metric.labels.iter().find(|label| repeats(label)) {
        Some(label) => {
            let setting = format!("the label of {}", metric.name);
            Err(SchemaError::new(setting, label.name, "it is a constant label too; call that otherwise"))
        }
        None => Ok(()),
    }
}

/// The metrics that one kind of event feeds have room for so many labels together.
pub(super) fn keys(rows: &[Row]) -> Checked {
    for (moment, kind) in
        Moment::ALL.into_iter().flat_map(|moment| Kind::ALL.iter().map(move |kind| (moment, *kind)))
    {
        let asked = fields_asked(moment, kind, rows).len();
        if asked > MAX_KEY {
            let reason =
                format!("the metrics that it feeds have {asked} different labels, more than {MAX_KEY}");
            return Err(SchemaError::new("the labels fed by", kind.name(), reason));
        }
    }
    Ok(())
}

fn buckets(metric: &str, buckets: &Buckets) -> Checked {
    let reason = match buckets {
        Buckets::Explicit(bounds) if bounds.is_empty() || bounds.len() > MAX_BUCKETS => {
            format!("there are from 1 to {MAX_BUCKETS}")
        }
        Buckets::Explicit(bounds) if bounds.iter().any(|bound| !bound.is_finite()) => {
            "each is a finite number; the bucket without an upper bound is there by itself".to_owned()
        }
        Buckets::Explicit(bounds) if bounds.windows(2).any(|pair| pair[0] >= pair[1]) => {
            "each is greater than the one before".to_owned()
        }
        Buckets::Exponential { max_size } if !(2..=1000).contains(max_size) => {
            "their number is from 2 to 1000".to_owned()
        }
        _ => return Ok(()),
    };
    Err(SchemaError::new(format!("the buckets of {metric}"), format!("{buckets:?}"), reason))
}

/// A name of a label that every back end can carry and that nobody else uses.
fn label_name(setting: &str, name: &str) -> Checked {
    let begins = name.chars().next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_');
    let goes_on = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.');
    if !begins || !goes_on || name.len() > MAX_LABEL_NAME {
        let reason = format!(
            "it is a letter or `_` followed by letters, digits, `_` and `.`, at most {MAX_LABEL_NAME} of them"
        );
        return Err(SchemaError::new(setting, name, reason));
    }
    let folded = folded(name);
    let reserved = ["le", "quantile"].contains(&folded.as_str())
        || folded.starts_with("__")
        || folded.starts_with("otel_scope_");
    if reserved {
        let reason = "Prometheus keeps this name for itself";
        return Err(SchemaError::new(setting, name, reason));
    }
    Ok(())
}

/// A label's name as Prometheus gets it.
fn folded(name: &str) -> String {
    name.replace('.', "_")
}
