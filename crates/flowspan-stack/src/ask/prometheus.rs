//! Instant queries, and the alerts that are open.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::{Prometheus, StackError, http};

/// One series of an answer and its value.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(from = "Raw")]
pub struct Sample {
    /// All labels, `__name__` among them if the query keeps it.
    pub labels: BTreeMap<String, String>,
    /// The value.
    pub value: f64,
}

#[derive(Deserialize)]
struct Raw {
    #[serde(default)]
    metric: BTreeMap<String, String>,
    value: (f64, String),
}

impl From<Raw> for Sample {
    fn from(Raw { metric, value }: Raw) -> Self {
        Self {
            labels: metric,
            // Prometheus writes "NaN", "+Inf" and "-Inf", which Rust reads.
            value: value.1.parse().unwrap_or(f64::NAN),
        }
    }
}

/// An alert that fires, or will if its cause lasts.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(from = "RawAlert")]
pub struct OpenAlert {
    /// All labels, `alertname` among them.
    pub labels: BTreeMap<String, String>,
    /// Whether it fires; else it is pending.
    pub is_firing: bool,
    /// The value of its expression.
    pub value: f64,
}

#[derive(Deserialize)]
struct RawAlert {
    labels: BTreeMap<String, String>,
    state: String,
    value: String,
}

impl From<RawAlert> for OpenAlert {
    fn from(RawAlert { labels, state, value }: RawAlert) -> Self {
        Self { labels, is_firing: state == "firing", value: value.parse().unwrap_or(f64::NAN) }
    }
}

#[derive(Deserialize)]
struct Answer<T = Data> {
    data: T,
}

#[derive(Deserialize)]
struct Alerts {
    alerts: Vec<OpenAlert>,
}

#[derive(Deserialize)]
#[serde(tag = "resultType", content = "result", rename_all = "lowercase")]
enum Data {
    Vector(Vec<Sample>),
    Scalar((f64, String)),
}

impl Prometheus {
    /// Evaluates `expression` now: a vector as it is, a scalar as one sample
    /// without labels.
    ///
    /// # Errors
    ///
    /// [`StackError::Refused`] with Prometheus' words when the expression is
    /// wrong; [`StackError::Decode`] when it gives a matrix or a string.
    pub fn query(&self, expression: &str) -> Result<Vec<Sample>, StackError> {
        let url = format!("{}/api/v1/query", self.url());
        let answer: Answer = http::json(&url, &[("query", expression)])?;
        Ok(match answer.data {
            Data::Vector(samples) => samples,
            Data::Scalar(value) => vec![Sample::from(Raw { metric: BTreeMap::new(), value })],
        })
    }

    /// The single value of `expression` now; none if it gives no series.
    ///
    /// # Panics
    ///
    /// When it gives several series: the test then reads a number that means
    /// something else than it thinks.
    ///
    /// # Errors
    ///
    /// As [`query`](Self::query).
    pub fn value(&self, expression: &str) -> Result<Option<f64>, StackError> {
        let samples = self.query(expression)?;
        assert!(samples.len() <= 1, "`{expression}` gives several series: {samples:?}");
        Ok(samples.first().map(|sample| sample.value))
    }

    /// The open alerts of this name, pending or firing: one for each set of labels.
    ///
    /// # Errors
    ///
    /// [`StackError`] when Prometheus does not answer, or something else than a list.
    pub fn alerts(&self, name: &str) -> Result<Vec<OpenAlert>, StackError> {
        let url = format!("{}/api/v1/alerts", self.url());
        let answer: Answer<Alerts> = http::json(&url, &[])?;
        let is_named = |alert: &OpenAlert| alert.labels.get("alertname").is_some_and(|label| label == name);
        Ok(answer.data.alerts.into_iter().filter(is_named).collect())
    }
}
