//! The event that tells the details of a model call, beside the span of the call.

use std::collections::{BTreeMap, BTreeSet};

use flowspan::opentelemetry::{
    Array, Value,
    logs::{AnyValue, Severity},
};
use opentelemetry_sdk::{logs::SdkLogRecord, trace::SpanData};

use crate::{attributes, everywhere, is_conventional};

const EVENT: &str = "gen_ai.client.inference.operation.details";

/// A value of a span as an event has it.
fn on_an_event(value: &Value) -> AnyValue {
    match value {
        Value::Bool(flag) => (*flag).into(),
        Value::I64(number) => (*number).into(),
        Value::F64(number) => (*number).into(),
        Value::String(text) => text.clone().into(),
        Value::Array(Array::String(texts)) => texts.iter().cloned().collect(),
        other => panic!("the convention has no {other:?}"),
    }
}

fn of_event(record: &SdkLogRecord) -> BTreeMap<&str, &AnyValue> {
    let attributes: Vec<_> = record.attributes_iter().collect();
    let by_key: BTreeMap<_, _> = attributes.iter().map(|(key, value)| (key.as_str(), value)).collect();
    assert_eq!(by_key.len(), attributes.len(), "an attribute stands twice");
    by_key
}

#[test]
fn a_call_has_one_event_with_the_attributes_of_its_span_and_other_work_has_none() {
    everywhere(|_, semconv, engine, exported| {
        let (mut calls, mut told) = (BTreeSet::new(), BTreeSet::new());
        for span in exported.gen_ai_spans() {
            let place = format!("{} in {semconv:?} with {engine:?}", span.name);
            let is_its = |record: &&SdkLogRecord| {
                record.trace_context().is_some_and(|context| context.span_id == span.span_context.span_id())
            };
            let events: Vec<_> = exported.logs.iter().filter(is_its).collect();
            let operation = attributes(span)["gen_ai.operation.name"].as_str().into_owned();
            if !["chat", "generate_content", "text_completion"].contains(&operation.as_str()) {
                assert!(events.is_empty(), "{place}");
                continue;
            }
            calls.insert(operation);
            let [event] = events.as_slice() else { panic!("{place} has {events:?}") };
            is_the_event_of(event, span, &place);
            told.extend(of_event(event).into_keys());
        }
        assert_eq!(calls.len(), 3, "each operation is there: {calls:?}");
        for key in
            ["error.type", "server.port", "gen_ai.response.finish_reasons", "gen_ai.usage.input_tokens"]
        {
            assert!(told.contains(key), "{key} in {told:?}");
        }
    });
}

fn is_the_event_of(event: &SdkLogRecord, span: &SpanData, place: &str) {
    assert_eq!(event.event_name(), Some(EVENT), "{place}");
    assert_eq!(event.severity_number(), Some(Severity::Debug), "{place}");
    assert_eq!(event.timestamp(), Some(span.end_time), "{place}");
    assert!(event.body().is_none(), "the convention has no body: {place}");
    let context = event.trace_context().expect("it has one");
    assert_eq!(context.trace_id, span.span_context.trace_id(), "{place}");
    let event = of_event(event);
    for (key, value) in attributes(span) {
        assert_eq!(event.get(key), Some(&&on_an_event(value)), "{key} of {place}");
    }
    let others: Vec<_> = event.keys().filter(|key| !is_conventional(key)).collect();
    assert!(others.is_empty(), "{others:?} of {place}");
}
