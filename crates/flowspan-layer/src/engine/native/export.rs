//! What of a span is exported.

use std::borrow::Cow;

use flowspan_model::{Event, Field, FieldSet};
use flowspan_span::{Extras, Lent, SpanFacts, own_attributes};
use opentelemetry::KeyValue;

use super::{
    record::{Origin, Rare, State},
    spans::Spans,
};
use crate::{
    names::{names_its_agent, span_name_parts},
    words,
};

impl State {
    /// What is exported, without the fields: they are the event's, until everybody has been told of it.
    /// `event` is what is told of the end of the work; a span of nobody's vocabulary ends now.
    #[inline]
    pub(super) fn export(
        &mut self,
        event: Option<&Event>,
        rare: Option<Box<Rare>>,
        origin: &Origin,
        spans: &Spans,
    ) -> Lent {
        let mut lent = Lent::take();
        // Each by its name, so that none is forgotten: what stands in the place is of another span.
        let SpanFacts {
            context,
            parent,
            parent_is_remote,
            kind,
            name,
            start,
            duration,
            status,
            fields: _,
            own,
            attributes,
            dropped_attributes,
            max_attributes,
            semconv,
            extras,
            scope,
        } = &mut *lent;
        context.clone_from(&origin.context);
        *parent = origin.parent;
        *parent_is_remote = origin.parent_is_remote;
        kind.clone_from(&self.kind);
        let given;
        (given, *extras) = match rare {
            Some(rare) => split(*rare, &origin.attributes),
            None => (None, unusual(&origin.attributes)),
        };
        *name = match (given, event) {
            (Some(given), _) => given.into(),
            (None, Some(event)) => name_of(event).unwrap_or(self.first_name.into()),
            (None, None) => self.first_name.into(),
        };
        *start = self.start.time();
        *duration = event.and_then(|event| event.duration).unwrap_or_else(|| self.start.elapsed());
        // What stood in the place owns nothing, and goes the other way: nobody has to look whether it does.
        std::mem::swap(status, &mut self.status);
        std::mem::swap(attributes, &mut self.attributes);
        *own = match event {
            Some(event) if names_its_agent(event.kind) => self.own.and(FieldSet::of(Field::AgentName)),
            Some(_) => self.own,
            None => FieldSet::NONE,
        };
        *dropped_attributes = self.dropped_attributes;
        *max_attributes = self.limits.max_attributes_per_span;
        *semconv = spans.normalizer.speaks();
        *scope = spans.scope;
        lent
    }

    /// The attributes as they are now, for a sampler.
    pub(super) fn attributes_so_far(&self) -> Vec<KeyValue> {
        let mut attributes = own_attributes(self.own, &self.fields, self.attributes.len());
        attributes.extend(self.attributes.iter().cloned());
        attributes
    }
}

/// The name that somebody gave to the span, and what of the rest is exported.
fn split(rare: Rare, sampled_by: &[KeyValue]) -> (Option<String>, Option<Box<Extras>>) {
    let Rare { name, events, links, .. } = rare;
    let has_lost = events.dropped_count > 0 || links.dropped_count > 0;
    if events.is_empty() && links.is_empty() && !has_lost {
        return (name, unusual(sampled_by));
    }
    (name, Some(Box::new(Extras { events, links, sampled_by: sampled_by.to_vec() })))
}

/// What is exported of a span of which the sampler alone has something unusual to say.
#[inline]
fn unusual(sampled_by: &[KeyValue]) -> Option<Box<Extras>> {
    let extras = || Box::new(Extras { sampled_by: sampled_by.to_vec(), ..Extras::default() });
    (!sampled_by.is_empty()).then(extras)
}

/// The name of a span of the vocabulary.
fn name_of(event: &Event) -> Option<Cow<'static, str>> {
    let (verb, subject) = span_name_parts(event.kind, &event.fields)?;
    Some(match (subject, verb.as_static()) {
        (Some(subject), _) => words::name(verb, subject),
        (None, Some(verb)) => Cow::Borrowed(verb),
        (None, None) => Cow::Owned(verb.to_string()),
    })
}
