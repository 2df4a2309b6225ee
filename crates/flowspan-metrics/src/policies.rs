//! What may become the value of a label, for each label and metric.

use std::{borrow::Cow, collections::BTreeMap, fmt, sync::Arc};

use flowspan_model::{Field, LabelPolicy, catalog::Label};

use crate::error_classes::{Classifier, ErrorClasses};

/// How many series a metric may have, unless [`LabelPolicies::series_limit`] says otherwise.
pub const DEFAULT_SERIES_LIMIT: usize = 1000;
/// How many values a label of the program's own metrics may have, unless
/// [`LabelPolicies::limit`] says otherwise.
pub const DEFAULT_LABEL_LIMIT: usize = 100;

type Text = Cow<'static, str>;

/// What may become the value of a label: a policy and a limit for each label, of all metrics or of
/// one.
///
/// Labels are named as on the series or, where [`Names`](crate::Names) shows them under another
/// name, as in the catalog. The same rules hold for the catalog's metrics and the program's own.
///
/// ```
/// use flowspan_metrics::LabelPolicies;
/// use flowspan_model::LabelPolicy;
///
/// let policies = LabelPolicies::new()
///     .policy("job_name", LabelPolicy::First(8))
///     .policy("customer", LabelPolicy::Hash)
///     .limit("workflow_name", 20)
///     .limit_of("step.executions", "step_name", 1000)
///     .error_types(|name| name.starts_with("Http").then(|| "http".into()));
/// ```
#[derive(Clone, Default)]
#[must_use]
pub struct LabelPolicies {
    pub(crate) rules: BTreeMap<(Option<Text>, Text), Rule>,
    pub(crate) series_limit: Option<usize>,
    pub(crate) series_limits: BTreeMap<Text, usize>,
    classifier: Option<Classifier>,
}

/// What is different about one label.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) policy: Option<LabelPolicy>,
    pub(crate) limit: Option<usize>,
}

impl LabelPolicies {
    /// The limits of the catalog, and every value as it is.
    pub fn new() -> Self {
        LabelPolicies::default()
    }

    /// What happens to the values of this label, of every metric that has it. Default:
    /// [`LabelPolicy::Keep`].
    pub fn policy(self, label: impl Into<Cow<'static, str>>, policy: LabelPolicy) -> Self {
        self.rule(None, label.into(), |rule| rule.policy = Some(policy))
    }

    /// How many different values this label may have, in every metric that has it; what comes later
    /// becomes `other` and is counted. Default: the limit of the catalog, or
    /// [`DEFAULT_LABEL_LIMIT`] for the program's own metrics.
    pub fn limit(self, label: impl Into<Cow<'static, str>>, limit: usize) -> Self {
        self.rule(None, label.into(), |rule| rule.limit = Some(limit))
    }

    /// [`policy`](LabelPolicies::policy) for the label of one metric. It wins.
    pub fn policy_of(
        self,
        metric: impl Into<Cow<'static, str>>,
        label: impl Into<Cow<'static, str>>,
        policy: LabelPolicy,
    ) -> Self {
        self.rule(Some(metric.into()), label.into(), |rule| rule.policy = Some(policy))
    }

    /// [`limit`](LabelPolicies::limit) for the label of one metric. It wins.
    pub fn limit_of(
        self,
        metric: impl Into<Cow<'static, str>>,
        label: impl Into<Cow<'static, str>>,
        limit: usize,
    ) -> Self {
        self.rule(Some(metric.into()), label.into(), |rule| rule.limit = Some(limit))
    }

    /// How many series each metric may have; in what comes later all labels are `other`. Default:
    /// [`DEFAULT_SERIES_LIMIT`], or what the limits of its labels allow if that is less.
    ///
    /// The SDK sets memory aside for the limit of each metric and reader, about 68 bytes for each
    /// series, whether they come or not.
    pub fn series_limit(mut self, series: usize) -> Self {
        self.series_limit = Some(series);
        self
    }

    /// [`series_limit`](LabelPolicies::series_limit) for one metric. It wins.
    pub fn series_limit_of(mut self, metric: impl Into<Cow<'static, str>>, series: usize) -> Self {
        self.series_limits.insert(metric.into(), series);
        self
    }

    /// Says what class of errors this is, for the label `error_type`, where the program's own name
    /// of the error is no good. `None` leaves it to the default: a name that looks like a class (one
    /// word, no path, no message, no identifier) stays, everything else becomes `other`.
    ///
    /// Asked once for each new name; if it panics, the default decides.
    pub fn error_types(
        mut self,
        classify: impl Fn(&str) -> Option<Cow<'static, str>> + Send + Sync + 'static,
    ) -> Self {
        self.classifier = Some(Arc::new(classify));
        self
    }

    /// The rule of a label, which the metric knows under several names.
    pub(crate) fn of(&self, metrics: &[&str], labels: &[&str]) -> Rule {
        let mut found = Rule::default();
        let of_metrics = metrics.iter().map(|metric| Some(*metric));
        for metric in of_metrics.chain([None]) {
            for label in labels {
                let same = |(known, name): &&(Option<Text>, Text)| {
                    known.as_deref() == metric && name.as_ref() == *label
                };
                if let Some(rule) = self.rules.keys().find(same).and_then(|key| self.rules.get(key)) {
                    found.policy = found.policy.or_else(|| rule.policy.clone());
                    found.limit = found.limit.or(rule.limit);
                }
            }
        }
        found
    }

    /// The limit of series of a metric, which has several names.
    pub(crate) fn series_of(&self, metrics: &[&str]) -> usize {
        let own = metrics.iter().find_map(|metric| self.series_limits.get(*metric));
        own.copied().or(self.series_limit).unwrap_or(DEFAULT_SERIES_LIMIT)
    }

    /// How the names of errors become values of this label, if it holds such.
    pub(crate) fn error_classes(&self, label: &Label) -> Option<ErrorClasses> {
        label.from.contains(&Field::ErrorType).then(|| ErrorClasses::new(self.classifier.clone()))
    }

    fn rule(mut self, metric: Option<Text>, label: Text, make: impl FnOnce(&mut Rule)) -> Self {
        make(self.rules.entry((metric, label)).or_default());
        self
    }
}

impl fmt::Debug for LabelPolicies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LabelPolicies")
            .field("rules", &self.rules)
            .field("series_limit", &self.series_limit)
            .field("classifies_errors", &self.classifier.is_some())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_of_one_metric_wins() {
        let policies = LabelPolicies::new()
            .limit("job_name", 5)
            .policy("job_name", LabelPolicy::Hash)
            .limit_of("m", "job_name", 7);
        let rule = policies.of(&["m"], &["job_id", "job_name"]);
        assert_eq!(rule, Rule { policy: Some(LabelPolicy::Hash), limit: Some(7) });
        assert_eq!(policies.of(&["n"], &["job_name"]).limit, Some(5));
        assert_eq!(policies.of(&["n"], &["else"]), Rule::default());
    }
}
