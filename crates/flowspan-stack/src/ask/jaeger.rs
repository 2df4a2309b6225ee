//! Traces as Jaeger shows them.

use std::{collections::BTreeMap, time::Duration};

use serde::Deserialize;
use serde_json::Value;

use crate::{Jaeger, StackError, http};

/// A trace with all its spans, ordered by their start.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    /// 32 hexadecimal digits.
    pub trace_id: String,
    /// The spans.
    pub spans: Vec<Span>,
}

/// A span.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// 16 hexadecimal digits.
    pub span_id: String,
    /// The parent in the same trace; none for a root.
    pub parent_id: Option<String>,
    /// The name.
    pub name: String,
    /// `internal`, `client`, `server`, `producer` or `consumer`; empty if
    /// unspecified.
    pub kind: String,
    /// The `service.name` of its resource.
    pub service: String,
    /// Attributes, and what Jaeger makes of status and scope
    /// (`otel.status_code`, `error`, `otel.scope.name`).
    pub tags: BTreeMap<String, Value>,
    /// Attributes of the resource.
    pub resource: BTreeMap<String, Value>,
    /// Start, since the Unix epoch.
    pub start: Duration,
    /// How long it took.
    pub duration: Duration,
    /// Parent and links.
    pub references: Vec<Reference>,
    /// Span events.
    pub events: Vec<SpanEvent>,
}

/// What a trace is looked for by, as on Jaeger's search page. One span of the
/// trace has to have all of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Search {
    /// The service; it must be given.
    pub service: String,
    /// The span's name.
    pub operation: Option<String>,
    /// Attributes of the span, of one of its events, or of the resource, with
    /// their values as text.
    pub tags: BTreeMap<String, String>,
    /// The least duration, as Jaeger writes it, such as `1.5s`.
    pub min_duration: Option<String>,
}

/// How a span points to another one.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reference {
    /// `CHILD_OF` for the parent, `FOLLOWS_FROM` for a link.
    pub ref_type: String,
    /// The other span's trace.
    #[serde(rename = "traceID")]
    pub trace_id: String,
    /// The other span.
    #[serde(rename = "spanID")]
    pub span_id: String,
}

/// Something that happened during a span.
#[derive(Clone, Debug, PartialEq)]
pub struct SpanEvent {
    /// The name.
    pub name: String,
    /// Attributes.
    pub fields: BTreeMap<String, Value>,
}

impl Trace {
    /// The first span of this name.
    #[must_use]
    pub fn span(&self, name: &str) -> Option<&Span> {
        self.spans.iter().find(|span| span.name == name)
    }

    /// The spans whose parent is `span`.
    pub fn children<'a>(&'a self, span: &'a Span) -> impl Iterator<Item = &'a Span> {
        let parent = Some(span.span_id.as_str());
        self.spans.iter().filter(move |child| child.parent_id.as_deref() == parent)
    }
}

impl Span {
    /// The spans this one links to, its parent left out.
    pub fn links(&self) -> impl Iterator<Item = &Reference> {
        self.references.iter().filter(|reference| reference.ref_type == "FOLLOWS_FROM")
    }
}

impl Jaeger {
    /// The trace with this id; none if Jaeger does not know it (yet).
    ///
    /// # Errors
    ///
    /// [`StackError`] when Jaeger does not answer as its API promises.
    pub fn trace(&self, trace_id: &str) -> Result<Option<Trace>, StackError> {
        let url = format!("{}/api/traces/{trace_id}", self.query_url());
        let answer = http::get(&url, &[])?;
        if answer.0 == 404 {
            return Ok(None);
        }
        let answer: Answer<Vec<RawTrace>> = http::decode(&url, &http::success(&url, answer)?)?;
        Ok(answer.data.into_iter().flatten().next().map(Trace::from))
    }

    /// The newest traces with a span of this service, at most 100.
    ///
    /// # Errors
    ///
    /// [`StackError`] when Jaeger does not answer as its API promises.
    pub fn traces(&self, service: &str) -> Result<Vec<Trace>, StackError> {
        self.search(&Search { service: service.to_owned(), ..Search::default() })
    }

    /// The newest traces that a search finds, at most 100.
    ///
    /// # Errors
    ///
    /// [`StackError`] when Jaeger does not answer as its API promises.
    pub fn search(&self, search: &Search) -> Result<Vec<Trace>, StackError> {
        let url = format!("{}/api/traces", self.query_url());
        let tags = Value::from_iter(search.tags.clone()).to_string();
        let mut query = vec![("service", search.service.as_str()), ("limit", "100"), ("lookback", "1h")];
        query.extend(search.operation.as_deref().map(|operation| ("operation", operation)));
        query.extend(search.min_duration.as_deref().map(|duration| ("minDuration", duration)));
        if !search.tags.is_empty() {
            query.push(("tags", &tags));
        }
        let answer: Answer<Vec<RawTrace>> = http::json(&url, &query)?;
        Ok(answer.data.into_iter().flatten().map(Trace::from).collect())
    }

    /// What the monitor page draws for a service: the operations of one kind of
    /// span (`internal`, `client` …), and how often each was called in a second,
    /// at last.
    ///
    /// # Errors
    ///
    /// [`StackError`] when Jaeger does not answer as its API promises.
    pub fn call_rates(&self, service: &str, kind: &str) -> Result<BTreeMap<String, f64>, StackError> {
        let url = format!("{}/api/metrics/calls", self.query_url());
        let query = [
            ("service", service),
            ("spanKind", kind),
            ("groupByOperation", "true"),
            ("lookback", "600000"),
            ("step", "5000"),
            ("ratePer", "60000"),
        ];
        let answer: Value = http::json(&url, &query)?;
        let of = |metric: &Value| {
            let labels = metric["labels"].as_array()?;
            let operation = labels.iter().find(|label| label["name"] == "operation")?;
            let last = metric["metricPoints"].as_array()?.last()?;
            let rate = last["gaugeValue"]["doubleValue"].as_f64()?;
            Some((operation["value"].as_str()?.to_owned(), rate))
        };
        Ok(answer["metrics"].as_array().into_iter().flatten().filter_map(of).collect())
    }

    /// The names of the services Jaeger has seen.
    ///
    /// # Errors
    ///
    /// [`StackError`] when Jaeger does not answer as its API promises.
    pub fn services(&self) -> Result<Vec<String>, StackError> {
        let url = format!("{}/api/services", self.query_url());
        let answer: Answer<Vec<String>> = http::json(&url, &[])?;
        Ok(answer.data.unwrap_or_default())
    }

    /// The trace as OTLP JSON from the newer API, with what the older one
    /// folds together kept apart; none if Jaeger does not know it (yet).
    ///
    /// # Errors
    ///
    /// [`StackError`] when Jaeger does not answer as its API promises.
    pub fn trace_otlp(&self, trace_id: &str) -> Result<Option<Value>, StackError> {
        let url = format!("{}/api/v3/traces/{trace_id}", self.query_url());
        let answer = http::get(&url, &[])?;
        if answer.0 == 404 {
            return Ok(None);
        }
        http::decode(&url, &http::success(&url, answer)?).map(Some)
    }
}

#[derive(Deserialize)]
struct Answer<T> {
    // Jaeger writes `null` for an empty list.
    data: Option<T>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawTrace {
    #[serde(rename = "traceID")]
    trace_id: String,
    spans: Vec<RawSpan>,
    processes: BTreeMap<String, RawProcess>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawSpan {
    #[serde(rename = "spanID")]
    span_id: String,
    operation_name: String,
    #[serde(default)]
    references: Vec<Reference>,
    start_time: u64,
    duration: u64,
    #[serde(default)]
    tags: Vec<RawTag>,
    #[serde(default)]
    logs: Vec<RawLog>,
    #[serde(rename = "processID")]
    process_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawProcess {
    service_name: String,
    #[serde(default)]
    tags: Vec<RawTag>,
}

#[derive(Deserialize)]
struct RawLog {
    fields: Vec<RawTag>,
}

#[derive(Deserialize)]
struct RawTag {
    key: String,
    value: Value,
}

fn map(tags: &[RawTag]) -> BTreeMap<String, Value> {
    tags.iter().map(|tag| (tag.key.clone(), tag.value.clone())).collect()
}

/// Takes a text value out of a map.
fn take(map: &mut BTreeMap<String, Value>, key: &str) -> String {
    match map.remove(key) {
        Some(Value::String(text)) => text,
        _ => String::new(),
    }
}

impl From<RawTrace> for Trace {
    fn from(raw: RawTrace) -> Self {
        let mut spans: Vec<Span> =
            raw.spans.into_iter().map(|span| span.joined(&raw.trace_id, &raw.processes)).collect();
        spans.sort_by_key(|span| span.start);
        Self { trace_id: raw.trace_id, spans }
    }
}

impl RawSpan {
    fn joined(self, trace_id: &str, processes: &BTreeMap<String, RawProcess>) -> Span {
        let process = processes.get(&self.process_id);
        let mut tags = map(&self.tags);
        let is_parent =
            |reference: &&Reference| reference.ref_type == "CHILD_OF" && reference.trace_id == trace_id;
        Span {
            parent_id: self.references.iter().find(is_parent).map(|reference| reference.span_id.clone()),
            kind: take(&mut tags, "span.kind"),
            service: process.map_or_else(String::new, |process| process.service_name.clone()),
            resource: process.map_or_else(BTreeMap::new, |process| map(&process.tags)),
            events: self.logs.iter().map(SpanEvent::from).collect(),
            start: Duration::from_micros(self.start_time),
            duration: Duration::from_micros(self.duration),
            span_id: self.span_id,
            name: self.operation_name,
            references: self.references,
            tags,
        }
    }
}

impl From<&RawLog> for SpanEvent {
    fn from(log: &RawLog) -> Self {
        let mut fields = map(&log.fields);
        Self { name: take(&mut fields, "event"), fields }
    }
}
