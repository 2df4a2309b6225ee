//! What of a span is exported.

use std::{borrow::Cow, sync::Arc};

use flowspan_model::{Event, Field, Fields};
use opentelemetry::{InstrumentationScope, Key, KeyValue, Value};
use opentelemetry_sdk::trace::SpanData;

use super::{
    record::{State, bit, cut},
    words,
};
use crate::{
    names::span_name_parts,
    normalizer::{finish_reasons, unique},
};

impl State {
    /// What is exported. `event` is what was told of the end of the work; a span of nobody's
    /// vocabulary ends at `time`.
    pub(super) fn export(&mut self, event: Option<&Event>, scope: &InstrumentationScope) -> SpanData {
        let end_time = match event {
            Some(event) => event.time,
            None => self.start.time + self.start.instant.elapsed(),
        };
        let name = match (self.name.take(), event) {
            (Some(name), _) => name.into(),
            (None, Some(event)) => name_of(event).unwrap_or(self.first_name.into()),
            (None, None) => self.first_name.into(),
        };
        let mut attributes = std::mem::take(&mut self.attributes);
        if let (Some(event), Some(work)) = (event, &self.work) {
            let mut told = own_attributes(work.own, &event.fields, attributes.len());
            // Each list has each key once; both together need not.
            let is_mixed = !attributes.is_empty();
            told.append(&mut attributes);
            attributes = told;
            if is_mixed {
                self.dropped_attributes += unique(&mut attributes);
            }
        }
        attributes.append(&mut self.origin.attributes);
        let limit = self.limits.max_attributes_per_span as usize;
        self.dropped_attributes += cut(&mut attributes, limit);
        SpanData {
            span_context: self.origin.context.clone(),
            parent_span_id: self.origin.parent,
            parent_span_is_remote: self.origin.parent_is_remote,
            span_kind: self.kind.clone(),
            name,
            start_time: self.start.time,
            end_time,
            attributes,
            dropped_attributes_count: self.dropped_attributes,
            events: std::mem::take(&mut self.events),
            links: std::mem::take(&mut self.links),
            status: std::mem::take(&mut self.status),
            instrumentation_scope: scope.clone(),
        }
    }

    /// The attributes as they are now, for a sampler.
    pub(super) fn attributes_so_far(&self) -> Vec<KeyValue> {
        let own = self.work.as_ref().map(|work| own_attributes(work.own, &work.fields, 0));
        own.into_iter().flatten().chain(self.attributes.iter().cloned()).collect()
    }
}

/// The fields that the span itself has said, as attributes.
fn own_attributes(own: u128, fields: &Fields, others: usize) -> Vec<KeyValue> {
    // The text of an error is the description of the span's status, and no attribute.
    let own = own & !bit(Field::ErrorMessage);
    let mut attributes = Vec::with_capacity(own.count_ones() as usize + others);
    for (field, value) in fields.iter() {
        if own & bit(field) == 0 {
            continue;
        }
        let value = match value {
            flowspan_model::Value::Text(text) => of_text(field, text),
            flowspan_model::Value::Integer(number) => Value::I64(*number),
            flowspan_model::Value::Float(number) => Value::F64(*number),
            flowspan_model::Value::Boolean(flag) => Value::Bool(*flag),
        };
        attributes.push(KeyValue::new(Key::from_static_str(field.key()), value));
    }
    attributes
}

/// A text as the value of an attribute.
fn of_text(field: Field, text: &Arc<str>) -> Value {
    match field {
        Field::FinishReasons => finish_reasons(text),
        _ => Value::from(words::exported(field, text)),
    }
}

/// The name of a span of the vocabulary.
fn name_of(event: &Event) -> Option<Cow<'static, str>> {
    let (verb, subject) = span_name_parts(event.kind, &event.fields)?;
    Some(match subject {
        Some(subject) => words::name(event.kind, verb, subject),
        None => verb.to_owned().into(),
    })
}
