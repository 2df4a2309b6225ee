//! What the Collectors' ends show.

use std::collections::{BTreeMap, BTreeSet};

use flowspan_stack::{Collector, Signal};
use serde_json::Value;

use crate::Outcome;

/// The spans in the files of `sink`, by trace.
pub(crate) fn traces(sink: &Collector) -> BTreeMap<String, BTreeSet<String>> {
    let mut traces = BTreeMap::<_, BTreeSet<_>>::new();
    let text = text(sink, Signal::Traces);
    // A request is a line, unless the sink was killed while it wrote: then a part of one is there, or the next one
    // follows in the same line. The last one may not be whole yet.
    let whole = |(start, _)| serde_json::Deserializer::from_str(&text[start..]).into_iter().next()?.ok();
    for request in text.match_indices(r#"{"resourceSpans""#).filter_map(whole) {
        let request: Value = request;
        for resource in list(&request, "resourceSpans") {
            for scope in list(resource, "scopeSpans") {
                for span in list(scope, "spans") {
                    let id = |key: &str| span[key].as_str().unwrap_or_default().to_owned();
                    traces.entry(id("traceId")).or_default().insert(id("spanId"));
                }
            }
        }
    }
    traces
}

fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value[key].as_array().into_iter().flatten()
}

/// All that arrived of a signal, as it was written down.
pub(crate) fn text(sink: &Collector, signal: Signal) -> String {
    std::fs::read_to_string(sink.received(signal)).unwrap_or_default()
}

/// Sum of the series of `name` whose labels contain `part`, in an exposition.
pub(crate) fn sum(exposition: &str, name: &str, part: &str) -> f64 {
    exposition
        .lines()
        .filter_map(|line| line.strip_prefix(name)?.strip_prefix('{')?.split_once('}'))
        .filter(|(labels, _)| labels.contains(part))
        // A sample may be followed by its exemplar.
        .filter_map(|(_, value)| value.split_whitespace().next()?.parse::<f64>().ok())
        .sum()
}

/// Sum over Collectors of what they say of themselves.
pub(crate) fn told(collectors: &[Collector], name: &str, part: &str) -> Outcome<f64> {
    collectors.iter().map(|collector| Ok(sum(&collector.telemetry()?, name, part))).sum()
}

/// How many traces gateways have judged; with `sampled="true"` those that they keep.
pub(crate) fn decided(gateways: &[Collector], part: &str) -> Outcome<f64> {
    told(gateways, "otelcol_processor_tail_sampling_global_count_traces_sampled", part)
}

/// Sum over Collectors of what they counted themselves.
pub(crate) fn counted(collectors: &[Collector], name: &str, part: &str) -> Outcome<f64> {
    collectors.iter().map(|collector| Ok(sum(&collector.metrics()?, name, part))).sum()
}
