//! What of a span is exported.

use std::borrow::Cow;

use flowspan_model::{Event, Field, Fields, Semconv, Value as ModelValue};
use opentelemetry::{InstrumentationScope, Key, KeyValue};
use opentelemetry_sdk::trace::SpanData;

use super::{
    record::{Origin, Rare, State, bit, cut},
    words,
};
use crate::{
    attributes::of_value,
    convention::{is_list, names_its_agent, speak},
    names::span_name_parts,
    normalizer::unique,
};

impl State {
    /// What is exported. `event` is what was told of the end of the work; a span of nobody's
    /// vocabulary ends now.
    pub(super) fn export(
        &mut self,
        event: Option<&Event>,
        rare: Rare,
        origin: &Origin,
        scope: &InstrumentationScope,
    ) -> SpanData {
        let end_time = match event {
            Some(event) => event.time,
            None => self.start.time + self.start.instant.elapsed(),
        };
        let name = match (rare.name, event) {
            (Some(name), _) => name.into(),
            (None, Some(event)) => name_of(event).unwrap_or(self.first_name.into()),
            (None, None) => self.first_name.into(),
        };
        let mut attributes = std::mem::take(&mut self.attributes);
        // Fields speak the latest generation of the convention; what else the span says need not. An
        // older one is the business of the normalizer.
        if !attributes.is_empty() {
            speak(&mut attributes, Semconv::Latest);
        }
        if let Some(event) = event {
            let agent = if names_its_agent(event.kind) { bit(Field::AgentName) } else { 0 };
            let mut told = own_attributes(self.own | agent, &event.fields, attributes.len());
            // Each list has each key once; both together need not.
            if !attributes.is_empty() {
                told.append(&mut attributes);
                self.dropped_attributes += unique(&mut told);
            }
            attributes = told;
        }
        if !origin.attributes.is_empty() {
            attributes.extend_from_slice(&origin.attributes);
        }
        let limit = self.limits.max_attributes_per_span as usize;
        if attributes.len() > limit {
            self.dropped_attributes += cut(&mut attributes, limit);
        }
        SpanData {
            span_context: origin.context.clone(),
            parent_span_id: origin.parent,
            parent_span_is_remote: origin.parent_is_remote,
            span_kind: self.kind.clone(),
            name,
            start_time: self.start.time,
            end_time,
            attributes,
            dropped_attributes_count: self.dropped_attributes,
            events: rare.events,
            links: rare.links,
            status: std::mem::take(&mut self.status),
            instrumentation_scope: scope.clone(),
        }
    }

    /// The attributes as they are now, for a sampler.
    pub(super) fn attributes_so_far(&self) -> Vec<KeyValue> {
        let mut attributes = own_attributes(self.own, &self.fields, self.attributes.len());
        attributes.extend(self.attributes.iter().cloned());
        attributes
    }
}

/// The fields that the span itself has said, as attributes.
fn own_attributes(own: u128, fields: &Fields, others: usize) -> Vec<KeyValue> {
    // The text of an error is the description of the span's status, and no attribute.
    let own = own & !bit(Field::ErrorMessage);
    // What is own need not be there: the accounting may add some fields, and takes others away.
    let most = (own.count_ones() as usize).min(fields.len());
    let mut attributes = Vec::with_capacity(most + others);
    for (field, value) in fields.iter().filter(|(field, _)| own & bit(*field) != 0) {
        let key = Key::from_static_str(field.key());
        // Each attribute is made where it stays: one that is made before its value is known to be a
        // number or a text would be moved once more.
        match value {
            ModelValue::Integer(number) => attributes.push(KeyValue::new(key, *number)),
            ModelValue::Text(text) => match text.as_static() {
                Some(text) if !is_list(field) => attributes.push(KeyValue::new(key, text)),
                _ => attributes.push(KeyValue::new(key, of_value(field, value))),
            },
            ModelValue::Float(number) => attributes.push(KeyValue::new(key, *number)),
            ModelValue::Boolean(flag) => attributes.push(KeyValue::new(key, *flag)),
        }
    }
    attributes
}

/// The name of a span of the vocabulary.
fn name_of(event: &Event) -> Option<Cow<'static, str>> {
    let (verb, subject) = span_name_parts(event.kind, &event.fields)?;
    Some(match (subject, verb.as_static()) {
        (Some(subject), _) => words::name(&verb, subject),
        (None, Some(verb)) => Cow::Borrowed(verb),
        (None, None) => Cow::Owned(verb.to_string()),
    })
}
