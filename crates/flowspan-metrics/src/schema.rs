//! What metrics there are after all configuration, checked.

mod check;
mod view;

use std::{
    borrow::Cow,
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use flowspan_model::{
    Kind, LabelPolicy, Moment, Semconv, ValueType,
    catalog::{Instrument, Label, METRICS, Metric, Source},
};

use crate::{
    Buckets, DEFAULT_LABEL_LIMIT, LabelPolicies, Names, error_classes::ErrorClasses, names::ValueChange,
};

pub use check::SchemaError;
pub(crate) use check::{MAX_LABELS, whole_shape as check_shape};

/// What metrics there are: the catalog, as [`Names`] shows it and [`LabelPolicies`] bound it.
///
/// It is checked when it is made, so that whatever stands in a schema can be carried by OTLP, by
/// Prometheus and by StatsD. Clones are the same schema.
///
/// ```
/// use flowspan_metrics::{LabelPolicies, Names, Schema};
///
/// let schema = Schema::new(Names::new("prodigy"), LabelPolicies::new()).unwrap();
/// let names = Names::default().rename("llm.tokens", "claude tokens");
/// let error = Schema::new(names, LabelPolicies::new()).unwrap_err();
/// assert!(error.to_string().contains("claude tokens"));
/// ```
#[derive(Clone, Debug)]
pub struct Schema {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    names: Names,
    policies: LabelPolicies,
    semconv: Semconv,
    rows: Vec<Row>,
    /// By name: how the SDK has to keep the stream.
    streams: Mutex<HashMap<Arc<str>, StreamShape>>,
    /// The Prometheus names that are taken, and by which metric.
    taken: Mutex<HashMap<String, Arc<str>>>,
}

/// A metric of the catalog that is fed by events, as it will be.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) sources: Vec<&'static Source>,
    pub(crate) shape: Shape,
}

impl Row {
    /// What of its sources is of this moment and kind.
    pub(crate) fn feeding(&self, moment: Moment, kind: Kind) -> impl Iterator<Item = &'static Source> {
        self.sources.iter().copied().filter(move |source| source.moment == moment && source.kind == kind)
    }
}

/// All that an instrument and its series are made from.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    pub(crate) name: Arc<str>,
    pub(crate) unit: Cow<'static, str>,
    pub(crate) description: Cow<'static, str>,
    pub(crate) instrument: Instrument,
    pub(crate) buckets: Buckets,
    pub(crate) labels: Vec<LabelShape>,
    pub(crate) series_limit: usize,
}

/// One label, with all that decides about its values.
#[derive(Clone, Debug)]
pub(crate) struct LabelShape {
    /// Its name on the series.
    pub(crate) name: Arc<str>,
    /// The label of the catalog that it is taken from; none if the program gives the values.
    pub(crate) source: Option<&'static Label>,
    pub(crate) values: Vec<ValueChange>,
    pub(crate) errors: Option<ErrorClasses>,
    pub(crate) policy: LabelPolicy,
    pub(crate) limit: usize,
}

impl LabelShape {
    /// Whether its values are whole numbers.
    pub(crate) fn is_integer(&self) -> bool {
        let first = self.source.and_then(|label| label.from.first());
        first.is_some_and(|field| field.value_type() == ValueType::Integer)
    }
}

/// How the SDK has to keep one stream.
#[derive(Clone, Debug)]
struct StreamShape {
    series_limit: usize,
    exponential: Option<u32>,
}

impl Schema {
    /// The catalog with these names and policies, and the instruments of the GenAI convention in its
    /// [latest](Semconv::Latest) generation.
    ///
    /// # Errors
    ///
    /// As [`in_semconv`](Schema::in_semconv).
    pub fn new(names: Names, policies: LabelPolicies) -> Result<Self, SchemaError> {
        Schema::in_semconv(Semconv::default(), names, policies)
    }

    /// The catalog with these names and policies, and the instruments of this generation of the GenAI
    /// convention. What is configured for those of another generation is checked and has no effect.
    ///
    /// # Errors
    ///
    /// Something of it cannot be carried by the back ends, or names what is not there. The error
    /// says what and why.
    pub fn in_semconv(semconv: Semconv, names: Names, policies: LabelPolicies) -> Result<Self, SchemaError> {
        check::configuration(&names, &policies)?;
        let schema = Schema {
            inner: Arc::new(Inner {
                rows: rows(semconv, &names, &policies)?,
                names,
                policies,
                semconv,
                streams: Mutex::default(),
                taken: Mutex::default(),
            }),
        };
        for metric in METRICS.iter().filter(|metric| schema.has(metric)) {
            let name: Arc<str> = schema.names().full_name(metric).into();
            check::instrument_name("the name of a metric", &name)?;
            schema.take_name(&name, metric.unit, metric.instrument)?;
            if metric.is_observed() {
                check::observed_labels(metric, schema.constant_labels())?;
            }
        }
        for row in schema.rows() {
            check::shape(&row.shape, schema.constant_labels())?;
            schema.announce(&row.shape);
        }
        check::keys(schema.rows())?;
        Ok(schema)
    }

    /// How the catalog's metrics are called.
    pub fn names(&self) -> &Names {
        &self.inner.names
    }

    /// Whether a metric of the catalog is there: enabled, and spoken in the chosen generation of the
    /// GenAI convention.
    pub fn has(&self, metric: &Metric) -> bool {
        self.names().is_enabled(metric) && metric.is_spoken(self.inner.semconv)
    }

    /// The labels that every series has.
    pub fn constant_labels(&self) -> &[(Cow<'static, str>, Cow<'static, str>)] {
        &self.inner.names.constant
    }

    pub(crate) fn policies(&self) -> &LabelPolicies {
        &self.inner.policies
    }

    pub(crate) fn rows(&self) -> &[Row] {
        &self.inner.rows
    }

    /// Adds a metric of the program's own: from now on its name is taken, and the SDK keeps as much
    /// room for it as it needs.
    pub(crate) fn add(&self, shape: &Shape) -> Result<(), SchemaError> {
        check::whole_shape(shape)?;
        check::shape(shape, self.constant_labels())?;
        self.take_name(&shape.name, &shape.unit, shape.instrument)?;
        self.announce(shape);
        Ok(())
    }

    /// Two metrics of one Prometheus name would be one family with two meanings.
    fn take_name(&self, name: &Arc<str>, unit: &str, instrument: Instrument) -> Result<(), SchemaError> {
        let folded = flowspan_model::catalog::prometheus_name(name, unit, instrument);
        let mut taken = locked(&self.inner.taken);
        if let Some(other) = taken.get(&folded) {
            return Err(SchemaError::same_name(name, other, &folded));
        }
        taken.insert(folded, Arc::clone(name));
        Ok(())
    }

    fn announce(&self, shape: &Shape) {
        let exponential = match shape.buckets {
            Buckets::Exponential { max_size } => Some(max_size),
            Buckets::Explicit(_) => None,
        };
        let stream = StreamShape { series_limit: shape.series_limit, exponential };
        locked(&self.inner.streams).insert(Arc::clone(&shape.name), stream);
    }
}

impl Default for Schema {
    /// The catalog as it is, under [`DEFAULT_NAMESPACE`](crate::DEFAULT_NAMESPACE).
    ///
    /// # Panics
    ///
    /// If the catalog itself could not be carried, which a test of this crate rules out.
    fn default() -> Self {
        Schema::new(Names::default(), LabelPolicies::new()).expect("the catalog is sound")
    }
}

fn rows(semconv: Semconv, names: &Names, policies: &LabelPolicies) -> Result<Vec<Row>, SchemaError> {
    METRICS
        .iter()
        .filter(|metric| names.is_enabled(metric))
        .map(|metric| (metric, metric.sources_of(semconv).collect::<Vec<_>>()))
        .filter(|(_, sources)| !sources.is_empty())
        .map(|(metric, sources)| Ok(Row { sources, shape: shape(metric, names, policies)? }))
        .collect()
}

fn shape(metric: &'static Metric, names: &Names, policies: &LabelPolicies) -> Result<Shape, SchemaError> {
    let name: Arc<str> = names.full_name(metric).into();
    let change = names.changes.get(metric.name);
    let chosen: Vec<(Cow<'static, str>, &'static Label)> =
        match change.and_then(|change| change.labels.as_ref()) {
            None => metric.labels.iter().map(|label| (Cow::Borrowed(label.name), label)).collect(),
            Some(labels) => labels
                .iter()
                .map(|(name, label)| Ok((name.clone(), catalog_label(metric, label)?)))
                .collect::<Result<_, SchemaError>>()?,
        };
    let labels: Vec<LabelShape> = chosen
        .into_iter()
        .map(|(label_name, source)| {
            let rule = policies.of(&[&name, metric.name], &[&label_name, source.name]);
            let values = change.map(|change| change.values.as_slice()).unwrap_or_default();
            LabelShape {
                name: label_name.into(),
                source: Some(source),
                values: values.iter().filter(|value| value.label == source.name).cloned().collect(),
                errors: policies.error_classes(source),
                policy: rule.policy.unwrap_or_default(),
                limit: rule.limit.unwrap_or(source.limit),
            }
        })
        .collect();
    let buckets = change
        .and_then(|change| change.buckets.clone())
        .unwrap_or_else(|| Buckets::explicit(metric.buckets.iter().copied()));
    let limit = policies.series_of(&[&name, metric.name]);
    Ok(Shape {
        name,
        unit: Cow::Borrowed(metric.unit),
        description: Cow::Borrowed(metric.description),
        instrument: metric.instrument,
        buckets,
        series_limit: series_limit(&labels, limit),
        labels,
    })
}

/// The label of that name: of this metric, or of another one whose events know it too.
fn catalog_label(metric: &'static Metric, name: &str) -> Result<&'static Label, SchemaError> {
    let all = METRICS.iter().flat_map(|metric| metric.labels);
    metric
        .labels
        .iter()
        .chain(all)
        .find(|label| label.name == name)
        .ok_or_else(|| SchemaError::unknown_label(metric.name, name))
}

/// The shape of a label whose values the program gives.
pub(crate) fn label_shape(metric: &str, label: Cow<'static, str>, policies: &LabelPolicies) -> LabelShape {
    let rule = policies.of(&[metric], &[&label]);
    LabelShape {
        name: label.into(),
        source: None,
        values: Vec::new(),
        errors: None,
        policy: rule.policy.unwrap_or_default(),
        limit: rule.limit.unwrap_or(DEFAULT_LABEL_LIMIT),
    }
}

/// The largest number of series that a metric with these labels may have.
pub(crate) fn series_limit(labels: &[LabelShape], limit: usize) -> usize {
    // A label may also be missing, or `other`.
    let allowed = labels.iter().fold(1_usize, |allowed, label| {
        allowed.saturating_mul(match label.policy {
            LabelPolicy::Drop => 1,
            LabelPolicy::Collapse => 2,
            _ => label.limit.saturating_add(2),
        })
    });
    allowed.min(limit)
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
