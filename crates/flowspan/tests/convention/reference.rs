//! The tables of the convention.

use std::collections::BTreeMap;

use flowspan::Semconv;
use opentelemetry::{Array, Value};
use serde::Deserialize;

/// All of it, as it stands in `reference.json`.
#[derive(Debug, Deserialize)]
pub(crate) struct Reference {
    pub(crate) spans: Vec<SpanRow>,
    pub(crate) metrics: Vec<MetricRow>,
    /// What is no text.
    types: BTreeMap<String, Type>,
    v1_41: Older,
}

/// The spans of some operations.
#[derive(Debug, Deserialize)]
pub(crate) struct SpanRow {
    pub(crate) operations: Vec<String>,
    pub(crate) kind: String,
    name: String,
    pub(crate) required: Vec<String>,
    others: Vec<String>,
    /// What the convention has and flowspan does not emit.
    pub(crate) never: Vec<String>,
}

/// One instrument.
#[derive(Debug, Deserialize)]
pub(crate) struct MetricRow {
    pub(crate) name: String,
    pub(crate) instrument: String,
    pub(crate) unit: String,
    generations: Vec<String>,
    pub(crate) required: Vec<String>,
    pub(crate) others: Vec<String>,
    pub(crate) buckets: Vec<f64>,
}

/// What is different in the older generation.
#[derive(Debug, Deserialize)]
struct Older {
    types: BTreeMap<String, Type>,
    names: BTreeMap<String, Vec<String>>,
}

/// What a value is.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Type {
    String,
    #[serde(rename = "string[]")]
    Strings,
    Int,
    Double,
    Boolean,
}

impl Type {
    pub(crate) fn of(value: &Value) -> Self {
        match value {
            Value::Bool(_) => Type::Boolean,
            Value::I64(_) => Type::Int,
            Value::F64(_) => Type::Double,
            Value::String(_) => Type::String,
            Value::Array(Array::String(_)) => Type::Strings,
            other => panic!("the convention has no {other:?}"),
        }
    }
}

impl Reference {
    pub(crate) fn read() -> Self {
        serde_json::from_str(include_str!("reference.json")).expect("it is of this form")
    }

    /// The row of an operation.
    pub(crate) fn span(&self, operation: &str) -> &SpanRow {
        let has = |row: &&SpanRow| row.operations.iter().any(|known| known == operation);
        self.spans.iter().find(has).unwrap_or_else(|| panic!("the convention has no {operation}"))
    }

    /// The instruments that are there when this is spoken.
    pub(crate) fn metrics_of(&self, semconv: Semconv) -> impl Iterator<Item = &MetricRow> {
        self.metrics.iter().filter(move |row| match semconv {
            Semconv::Latest => row.is_of("latest"),
            Semconv::V1_41 => row.is_of("v1_41"),
            Semconv::Both => true,
        })
    }

    /// The names of an attribute when this is spoken.
    pub(crate) fn names_of(&self, key: &str, semconv: Semconv) -> Vec<String> {
        let latest = || vec![key.to_owned()];
        let older = || self.v1_41.names.get(key).cloned().unwrap_or_else(latest);
        match semconv {
            Semconv::Latest => latest(),
            Semconv::V1_41 => older(),
            Semconv::Both => {
                let mut both = latest();
                both.extend(older().into_iter().filter(|name| name != key));
                both
            }
        }
    }

    /// The attributes that a span may have when this is spoken, with their types.
    pub(crate) fn attributes_of(&self, row: &SpanRow, semconv: Semconv) -> BTreeMap<String, Type> {
        let mut attributes = BTreeMap::new();
        for key in row.required.iter().chain(&row.others) {
            for name in self.names_of(key, semconv) {
                // Where both are spoken, the older type is that of what only the older generation has.
                let is_older = semconv == Semconv::V1_41 || name != *key;
                let older = self.v1_41.types.get(&name).filter(|_| is_older);
                let of_name = older.or_else(|| self.types.get(&name)).copied();
                attributes.insert(name, of_name.unwrap_or(Type::String));
            }
        }
        attributes
    }
}

impl SpanRow {
    /// The name that a span with these attributes has to have.
    pub(crate) fn name_of(&self, attributes: &BTreeMap<&str, &Value>) -> String {
        let mut name = self.name.clone();
        for (key, value) in attributes {
            name = name.replace(&format!("{{{key}}}"), &value.as_str());
        }
        assert!(!name.contains('{'), "{name} has no such attribute");
        name
    }
}

impl MetricRow {
    fn is_of(&self, generation: &str) -> bool {
        self.generations.iter().any(|known| known == generation)
    }
}
