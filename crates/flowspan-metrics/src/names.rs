//! How metrics are called, which of them exist, and which labels they have.

mod presets;

use std::{borrow::Cow, collections::BTreeMap};

use flowspan_model::catalog::{Metric, Naming};

/// The namespace of the catalog's metrics, unless [`Names::namespace`] gives another.
pub const DEFAULT_NAMESPACE: &str = "flowspan";

type Text = Cow<'static, str>;

/// How the catalog's metrics are called, which of them exist, and which labels they have.
///
/// The catalog stays as it is; this says how it is shown. Metrics are named by their name in the
/// catalog, such as `llm.tokens`, labels by theirs, such as `token_type`. What cannot work is an
/// error when telemetry is built: see [`Schema`](crate::Schema).
///
/// ```
/// use flowspan_metrics::{Buckets, Names};
///
/// let names = Names::new("support")
///     .rename("llm.tokens", "claude.tokens")
///     .disable("step.retries")
///     .buckets("agent.duration", Buckets::explicit([1.0, 60.0, 3600.0]))
///     .constant_labels([("service", "support"), ("env", "prod")]);
/// # flowspan_metrics::Schema::new(names, Default::default()).unwrap();
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Names {
    pub(crate) namespace: Text,
    pub(crate) changes: BTreeMap<Text, Change>,
    pub(crate) constant: Vec<(Text, Text)>,
}

/// What is different about one metric.
#[derive(Clone, Debug, Default)]
pub(crate) struct Change {
    pub(crate) name: Option<Text>,
    pub(crate) is_disabled: bool,
    pub(crate) buckets: Option<Buckets>,
    /// The name on the series and the name in the catalog.
    pub(crate) labels: Option<Vec<(Text, Text)>>,
    pub(crate) values: Vec<ValueChange>,
}

/// What becomes of one value of a label.
#[derive(Clone, Debug)]
pub(crate) struct ValueChange {
    /// The label's name in the catalog.
    pub(crate) label: Text,
    pub(crate) from: Text,
    /// `None`: what has this value is not counted by this metric.
    pub(crate) to: Option<Text>,
}

/// The buckets of a histogram.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Buckets {
    /// These upper bounds.
    Explicit(Vec<f64>),
    /// Base-2 exponential buckets, which fit any range by themselves.
    ///
    /// They go out over OTLP. The text format of Prometheus cannot carry them, so a histogram with
    /// these buckets is not on `/metrics`.
    Exponential {
        /// How many buckets there are, at most, on each side of zero. The default of the
        /// specification is 160.
        max_size: u32,
    },
}

impl Buckets {
    /// Buckets with these upper bounds, which must be finite and rise.
    pub fn explicit(bounds: impl IntoIterator<Item = f64>) -> Self {
        Buckets::Explicit(bounds.into_iter().collect())
    }

    /// Exponential buckets of the specification's default size.
    pub const fn exponential() -> Self {
        Buckets::Exponential { max_size: 160 }
    }
}

impl Names {
    /// The catalog's names under this namespace.
    ///
    /// It must begin with a letter and go on with letters, digits, `_` and `.`, 64 at most; empty
    /// means none. Metrics of a convention, such as `process.memory.usage`, keep their names.
    pub fn new(namespace: impl Into<Cow<'static, str>>) -> Self {
        Names { namespace: namespace.into(), changes: BTreeMap::new(), constant: Vec::new() }
    }

    /// Puts all names under another namespace. Default: [`DEFAULT_NAMESPACE`].
    pub fn namespace(mut self, namespace: impl Into<Cow<'static, str>>) -> Self {
        self.namespace = namespace.into();
        self
    }

    /// Gives a metric another name, under the namespace. Default: its name in the catalog.
    ///
    /// The name is OpenTelemetry's, with dots and without the endings that Prometheus adds:
    /// `claude.tokens` becomes `…_claude_tokens_total` there.
    pub fn rename(self, metric: impl Into<Cow<'static, str>>, name: impl Into<Cow<'static, str>>) -> Self {
        let name = name.into();
        self.change(metric, |change| change.name = Some(name))
    }

    /// Leaves a metric out. Default: all of the catalog are there.
    pub fn disable(self, metric: impl Into<Cow<'static, str>>) -> Self {
        self.change(metric, |change| change.is_disabled = true)
    }

    /// Takes a metric in again that a preset or an earlier call has left out.
    pub fn enable(self, metric: impl Into<Cow<'static, str>>) -> Self {
        self.change(metric, |change| change.is_disabled = false)
    }

    /// Gives a histogram other buckets. Default: those of the catalog.
    pub fn buckets(self, metric: impl Into<Cow<'static, str>>, buckets: Buckets) -> Self {
        self.change(metric, |change| change.buckets = Some(buckets))
    }

    /// Gives a metric these labels and no others, each as its name on the series and the name of the
    /// catalog's label that it is taken from. That may be a label of another metric: a model call
    /// knows the phase that it is made in. Default: the labels of the catalog.
    ///
    /// What is read when somebody collects, such as `process.cpu.time`, keeps its labels and their
    /// values: no event stands behind it from which others could be taken.
    ///
    /// ```
    /// # use flowspan_metrics::{Names, Schema};
    /// let names = Names::new("m31a").labels("llm.tokens", [("kind", "token_type"), ("phase", "phase")]);
    /// # Schema::new(names, Default::default()).unwrap();
    /// ```
    pub fn labels<N, L>(
        self,
        metric: impl Into<Cow<'static, str>>,
        labels: impl IntoIterator<Item = (N, L)>,
    ) -> Self
    where
        N: Into<Cow<'static, str>>,
        L: Into<Cow<'static, str>>,
    {
        let labels = labels.into_iter().map(|(name, label)| (name.into(), label.into())).collect();
        self.change(metric, |change| change.labels = Some(labels))
    }

    /// Shows one value of a metric's label as another. Series that become the same are one.
    pub fn value(
        self,
        metric: impl Into<Cow<'static, str>>,
        label: impl Into<Cow<'static, str>>,
        from: impl Into<Cow<'static, str>>,
        to: impl Into<Cow<'static, str>>,
    ) -> Self {
        let value = ValueChange { label: label.into(), from: from.into(), to: Some(to.into()) };
        self.change(metric, |change| change.values.push(value))
    }

    /// Does not count in this metric what has this value of the label, for dashboards that add up
    /// all values of it.
    pub fn omit(
        self,
        metric: impl Into<Cow<'static, str>>,
        label: impl Into<Cow<'static, str>>,
        value: impl Into<Cow<'static, str>>,
    ) -> Self {
        let value = ValueChange { label: label.into(), from: value.into(), to: None };
        self.change(metric, |change| change.values.push(value))
    }

    /// Gives every series these labels. Default: none.
    ///
    /// What is the same for the whole program is better said once, as an attribute of the resource;
    /// this is for dashboards that look for it on the series.
    pub fn constant_labels<N, V>(mut self, labels: impl IntoIterator<Item = (N, V)>) -> Self
    where
        N: Into<Cow<'static, str>>,
        V: Into<Cow<'static, str>>,
    {
        self.constant.extend(labels.into_iter().map(|(name, value)| (name.into(), value.into())));
        self
    }

    /// The full name of a metric of the catalog, whether it is enabled or not.
    pub fn full_name(&self, metric: &Metric) -> String {
        let name = self.changes.get(metric.name).and_then(|change| change.name.as_deref());
        match (name, metric.naming) {
            (None, Naming::Standard) => metric.name.to_owned(),
            (name, _) => self.under_namespace(name.unwrap_or(metric.name)),
        }
    }

    /// Whether a metric of the catalog exists.
    pub fn is_enabled(&self, metric: &Metric) -> bool {
        self.changes.get(metric.name).is_none_or(|change| !change.is_disabled)
    }

    fn under_namespace(&self, name: &str) -> String {
        if self.namespace.is_empty() { name.to_owned() } else { format!("{}.{name}", self.namespace) }
    }

    fn change(mut self, metric: impl Into<Cow<'static, str>>, make: impl FnOnce(&mut Change)) -> Self {
        make(self.changes.entry(metric.into()).or_default());
        self
    }
}

impl Default for Names {
    /// The catalog's names under [`DEFAULT_NAMESPACE`].
    fn default() -> Self {
        Names::new(DEFAULT_NAMESPACE)
    }
}
