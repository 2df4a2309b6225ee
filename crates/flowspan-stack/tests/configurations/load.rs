//! Spans and metrics to send.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::Outcome;

/// A span of OTLP JSON.
#[derive(Clone, Debug)]
pub(crate) struct Span(Value);

/// A workflow and one step in it; the step is the place for what is special about the trace.
#[derive(Clone, Debug)]
pub(crate) struct Trace {
    pub(crate) id: String,
    pub(crate) workflow: Span,
    pub(crate) step: Span,
}

impl Trace {
    /// The trace with this number.
    pub(crate) fn new(number: u64) -> Outcome<Self> {
        // Spread over the whole range, because samplers and rings look at the bits.
        let high = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let low = high.rotate_left(29).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let id = format!("{high:016x}{low:016x}");
        let start = SystemTime::now().duration_since(UNIX_EPOCH)?;
        let workflow = Span::new(&id, number * 2 + 1, None, "invoke_workflow audit", start);
        let step = Span::new(&id, number * 2 + 2, Some(number * 2 + 1), "step clone", start);
        Ok(Self { id, workflow, step })
    }
}

impl Span {
    fn new(trace: &str, number: u64, parent: Option<u64>, name: &str, start: Duration) -> Self {
        Self(json!({
            "traceId": trace,
            "spanId": format!("{number:016x}"),
            "parentSpanId": parent.map_or_else(String::new, |parent| format!("{parent:016x}")),
            "name": name,
            "kind": 1,
            "startTimeUnixNano": start.as_nanos().to_string(),
            "endTimeUnixNano": (start + Duration::from_millis(20)).as_nanos().to_string(),
            "attributes": [],
            "events": [],
            "status": {},
        }))
    }

    /// With an attribute; `value` as OTLP JSON has it, such as `{"intValue": 2}`.
    pub(crate) fn attribute(mut self, key: &str, value: Value) -> Self {
        self.list("attributes").push(json!({"key": key, "value": value}));
        self
    }

    pub(crate) fn event(mut self, name: &str, attributes: Value) -> Self {
        let time = self.0["startTimeUnixNano"].clone();
        self.list("events").push(json!({"timeUnixNano": time, "name": name, "attributes": attributes}));
        self
    }

    pub(crate) fn failed(mut self) -> Self {
        self.0["status"] = json!({"code": 2, "message": "no such repository"});
        self
    }

    pub(crate) fn lasting(mut self, duration: Duration) -> Self {
        let start: u128 =
            self.0["startTimeUnixNano"].as_str().and_then(|text| text.parse().ok()).expect("it has a start");
        self.0["endTimeUnixNano"] = json!((start + duration.as_nanos()).to_string());
        self
    }

    fn list(&mut self, name: &str) -> &mut Vec<Value> {
        self.0[name].as_array_mut().expect("it is a list")
    }
}

fn resource() -> Value {
    json!({"attributes": [
        {"key": "service.name", "value": {"stringValue": "auditor"}},
        {"key": "service.instance.id", "value": {"stringValue": "auditor-1"}},
    ]})
}

/// Sends spans in one request.
pub(crate) fn send_spans(endpoint: &str, spans: impl IntoIterator<Item = Span>) -> Outcome {
    let spans: Vec<_> = spans.into_iter().map(|span| span.0).collect();
    post(
        endpoint,
        "traces",
        &json!({"resourceSpans": [{
            "resource": resource(),
            "scopeSpans": [{"scope": {"name": "flowspan"}, "spans": spans}],
        }]}),
    )
}

/// Sends a counter that stands at `value`, with one attribute.
pub(crate) fn send_counter(endpoint: &str, name: &str, value: u64, (key, text): (&str, &str)) -> Outcome {
    let time = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos().to_string();
    post(
        endpoint,
        "metrics",
        &json!({"resourceMetrics": [{
            "resource": resource(),
            "scopeMetrics": [{"scope": {"name": "flowspan"}, "metrics": [{
                "name": name, "unit": "{run}", "description": "Runs.",
                "sum": {"aggregationTemporality": 2, "isMonotonic": true, "dataPoints": [{
                    "asInt": value.to_string(), "startTimeUnixNano": time, "timeUnixNano": time,
                    "attributes": [{"key": key, "value": {"stringValue": text}}],
                }]},
            }]}],
        }]}),
    )
}

/// Sends a log record with these attributes.
pub(crate) fn send_log(endpoint: &str, body: &str, attributes: Value) -> Outcome {
    let time = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos().to_string();
    post(
        endpoint,
        "logs",
        &json!({"resourceLogs": [{
            "resource": resource(),
            "scopeLogs": [{"scope": {"name": "flowspan"}, "logRecords": [{
                "timeUnixNano": time, "severityNumber": 9,
                "body": {"stringValue": body}, "attributes": attributes,
            }]}],
        }]}),
    )
}

fn post(endpoint: &str, signal: &str, body: &Value) -> Outcome {
    ureq::post(format!("{endpoint}/v1/{signal}"))
        .header("content-type", "application/json")
        .send(body.to_string())?;
    Ok(())
}
