//! A span that is over.

use std::{
    borrow::Cow,
    sync::{LazyLock, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use flowspan_model::{Field, FieldSet, Fields, Semconv, Value as ModelValue};
use opentelemetry::{
    Array, InstrumentationScope, KeyValue, Value,
    trace::{SpanContext, SpanId, SpanKind, Status, TraceState},
};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};

use crate::{MAX_ATTRIBUTES, attributes::own_attributes, convention::speak, keep_last, lent::Lent};

/// A span that is over, on its way to an exporter.
#[derive(Clone, Debug)]
pub struct EndedSpan(Form);

#[derive(Clone, Debug)]
enum Form {
    Facts(Lent),
    Data(Box<SpanData>),
}

/// What an engine knows of a span that is over.
#[derive(Clone, Debug)]
pub struct SpanFacts {
    /// Where it stands.
    pub context: SpanContext,
    /// The span around it; invalid if there is none.
    pub parent: SpanId,
    /// Whether that one is of another process.
    pub parent_is_remote: bool,
    /// Its kind.
    pub kind: SpanKind,
    /// Its name.
    pub name: Cow<'static, str>,
    /// When it began.
    pub start: SystemTime,
    /// How long it lasted.
    pub duration: Duration,
    /// How it ended.
    pub status: Status,
    /// What is known of the vocabulary.
    pub fields: Fields,
    /// Which of the fields are said on the span; others belong to spans around it.
    pub own: FieldSet,
    /// What is said on the span and not of the vocabulary.
    pub attributes: Vec<KeyValue>,
    /// How many attributes found no place so far.
    pub dropped_attributes: u32,
    /// How many attributes it may have.
    pub max_attributes: u32,
    /// The generation of the convention in which it is told.
    pub semconv: Semconv,
    /// What few spans have.
    pub extras: Option<Box<Extras>>,
    /// Who tells of it; see [`keep_scope`].
    pub scope: &'static InstrumentationScope,
}

/// What few spans have.
#[derive(Clone, Debug, Default)]
pub struct Extras {
    /// What happened in it.
    pub events: SpanEvents,
    /// What it goes back to.
    pub links: SpanLinks,
    /// What the sampler wants to be said on it.
    pub sampled_by: Vec<KeyValue>,
}

impl SpanFacts {
    /// A span of which nothing else is known.
    pub fn new(name: impl Into<Cow<'static, str>>, start: SystemTime, duration: Duration) -> Self {
        SpanFacts { name: name.into(), start, duration, ..SpanFacts::default() }
    }

    /// Forgets what the span has said. The room for fields stays, and so does what is plain: whoever uses the
    /// place again writes it anew, and another thread would have to fetch what is written here.
    pub(crate) fn clear(&mut self) {
        self.fields.clear();
        if let Cow::Owned(_) = self.name {
            self.name = Cow::Borrowed("");
        }
        if let Status::Error { .. } = self.status {
            self.status = Status::Unset;
        }
        if self.attributes.capacity() > 0 {
            self.attributes = Vec::new();
        }
        if self.extras.is_some() {
            self.extras = None;
        }
        if *self.context.trace_state() != TraceState::NONE {
            self.context = SpanContext::NONE;
        }
    }

    /// The same in the SDK's form, which takes over what the facts own.
    fn take_data(&mut self) -> SpanData {
        let mut attributes = std::mem::take(&mut self.attributes);
        let mut dropped = self.dropped_attributes;
        // Fields speak the latest generation of the convention; what else the span says need not.
        if !attributes.is_empty() {
            speak(&mut attributes, Semconv::Latest);
        }
        let Extras { events, links, mut sampled_by } =
            self.extras.take().map(|extras| *extras).unwrap_or_default();
        let others = attributes.len() + sampled_by.len();
        if !self.own.is_empty() {
            let mut told = own_attributes(self.own, &self.fields, others);
            told.append(&mut attributes);
            attributes = told;
        }
        attributes.append(&mut sampled_by);
        // Each list has each key once; together they need not.
        if others > 0 || attributes.len() > self.max_attributes as usize {
            dropped = dropped.saturating_add(keep_last(&mut attributes, self.max_attributes));
        }
        if self.semconv != Semconv::Latest {
            speak(&mut attributes, self.semconv);
        }
        SpanData {
            span_context: match *self.context.trace_state() == TraceState::NONE {
                true => self.context.clone(),
                false => std::mem::replace(&mut self.context, SpanContext::NONE),
            },
            parent_span_id: self.parent,
            parent_span_is_remote: self.parent_is_remote,
            span_kind: self.kind.clone(),
            name: match &mut self.name {
                Cow::Borrowed(name) => Cow::Borrowed(*name),
                Cow::Owned(name) => Cow::Owned(std::mem::take(name)),
            },
            start_time: self.start,
            end_time: self.start + self.duration,
            attributes,
            dropped_attributes_count: dropped,
            events,
            links,
            status: std::mem::take(&mut self.status),
            instrumentation_scope: self.scope.clone(),
        }
    }

    fn bytes(&self) -> usize {
        let name = if let Cow::Owned(name) = &self.name { name.len() } else { 0 };
        let own = size_of::<EndedSpan>() + size_of::<SpanFacts>();
        let bytes = own + name + of_fields(&self.fields) + of_attributes(&self.attributes);
        match &self.extras {
            Some(extras) => bytes + of_extras(&extras.events, &extras.links),
            None => bytes,
        }
    }
}

impl Default for SpanFacts {
    /// Those of a span of which nothing is known: outside of every trace, without a name, with the limits of the
    /// specification, told in the latest generation of the convention by nobody in particular.
    fn default() -> Self {
        static NOBODY: LazyLock<&'static InstrumentationScope> =
            LazyLock::new(|| keep_scope(InstrumentationScope::default()));
        SpanFacts {
            context: SpanContext::NONE,
            parent: SpanId::INVALID,
            parent_is_remote: false,
            kind: SpanKind::Internal,
            name: Cow::Borrowed(""),
            start: SystemTime::UNIX_EPOCH,
            duration: Duration::ZERO,
            status: Status::Unset,
            fields: Fields::default(),
            own: FieldSet::NONE,
            attributes: Vec::new(),
            dropped_attributes: 0,
            max_attributes: MAX_ATTRIBUTES,
            semconv: Semconv::Latest,
            extras: None,
            scope: *NOBODY,
        }
    }
}

impl EndedSpan {
    /// Where it stands.
    #[inline]
    pub fn context(&self) -> &SpanContext {
        match &self.0 {
            Form::Facts(facts) => &facts.context,
            Form::Data(data) => &data.span_context,
        }
    }

    /// The text of a field of the vocabulary, if it is said on the span. An attribute of the same key came
    /// later, and counts.
    pub fn text(&self, field: Field) -> Option<&str> {
        let (attributes, facts) = match &self.0 {
            Form::Facts(facts) => (&facts.attributes, Some(facts)),
            Form::Data(data) => (&data.attributes, None),
        };
        let said = attributes.iter().rfind(|attribute| attribute.key.as_str() == field.key());
        match (said, facts) {
            (Some(KeyValue { value: Value::String(text), .. }), _) => Some(text.as_str()),
            (None, Some(facts)) if facts.own.has(field) => facts.fields.text(field),
            _ => None,
        }
    }

    /// Takes away the attributes whose names are not to be kept, from the span and from what happened in it.
    /// Fields of the vocabulary stay.
    pub fn retain_attributes(&mut self, keep: impl Fn(&str) -> bool) {
        let (attributes, events) = match &mut self.0 {
            Form::Facts(facts) => {
                let facts = &mut **facts;
                let events = facts.extras.as_mut().map(|extras| &mut extras.events);
                (&mut facts.attributes, events)
            }
            Form::Data(data) => (&mut data.attributes, Some(&mut data.events)),
        };
        attributes.retain(|attribute| keep(attribute.key.as_str()));
        for event in events.into_iter().flat_map(|events| &mut events.events) {
            event.attributes.retain(|attribute| keep(attribute.key.as_str()));
        }
    }

    /// About how many bytes it takes while it waits.
    #[inline]
    pub fn bytes(&self) -> usize {
        match &self.0 {
            Form::Facts(facts) => facts.bytes(),
            Form::Data(data) => {
                size_of::<EndedSpan>()
                    + size_of::<SpanData>()
                    + data.name.len()
                    + of_attributes(&data.attributes)
                    + of_extras(&data.events, &data.links)
            }
        }
    }
}

impl From<Lent> for EndedSpan {
    #[inline]
    fn from(facts: Lent) -> Self {
        EndedSpan(Form::Facts(facts))
    }
}

impl From<SpanFacts> for EndedSpan {
    fn from(facts: SpanFacts) -> Self {
        Lent::from(facts).into()
    }
}

impl From<SpanData> for EndedSpan {
    fn from(data: SpanData) -> Self {
        EndedSpan(Form::Data(Box::new(data)))
    }
}

impl From<EndedSpan> for SpanData {
    fn from(span: EndedSpan) -> Self {
        match span.0 {
            Form::Facts(mut facts) => facts.take_data(),
            Form::Data(data) => *data,
        }
    }
}

/// Keeps a scope for the life of the program, so that spans can name it without a copy. A program has one or
/// two; the same one is kept once.
pub fn keep_scope(scope: InstrumentationScope) -> &'static InstrumentationScope {
    static KEPT: Mutex<Vec<&'static InstrumentationScope>> = Mutex::new(Vec::new());
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = kept.iter().find(|known| ***known == scope) {
        return known;
    }
    let scope: &'static InstrumentationScope = Box::leak(Box::new(scope));
    kept.push(scope);
    scope
}

fn of_fields(fields: &Fields) -> usize {
    let texts = fields.iter().map(|(_, value)| match value {
        ModelValue::Text(text) if text.as_static().is_none() => text.len(),
        _ => 0,
    });
    fields.capacity() * size_of::<(Field, ModelValue)>() + texts.sum::<usize>()
}

fn of_attributes(attributes: &[KeyValue]) -> usize {
    let texts = attributes.iter().map(|attribute| match &attribute.value {
        Value::String(text) => text.as_str().len(),
        Value::Array(Array::String(texts)) => {
            texts.iter().map(|text| size_of_val(text) + text.as_str().len()).sum()
        }
        Value::Array(Array::I64(numbers)) => size_of_val(numbers.as_slice()),
        Value::Array(Array::F64(numbers)) => size_of_val(numbers.as_slice()),
        Value::Array(Array::Bool(flags)) => size_of_val(flags.as_slice()),
        _ => 0,
    });
    size_of_val(attributes) + texts.sum::<usize>()
}

fn of_extras(events: &SpanEvents, links: &SpanLinks) -> usize {
    let events = events.iter().map(|event| size_of_val(event) + of_attributes(&event.attributes));
    let links = links.iter().map(|link| size_of_val(link) + of_attributes(&link.attributes));
    events.sum::<usize>() + links.sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> SpanFacts {
        let mut facts = SpanFacts::new("step", SystemTime::UNIX_EPOCH, Duration::from_secs(3));
        facts.fields.set(Field::WorkflowName, "around");
        facts.fields.set(Field::StepName, "clone");
        facts.own = FieldSet::of(Field::StepName);
        facts
    }

    #[test]
    fn what_the_span_says_itself_is_on_it_and_what_is_said_around_it_is_not() {
        let data = SpanData::from(EndedSpan::from(facts()));
        assert_eq!(data.attributes, [KeyValue::new("flowspan.step.name", "clone")]);
        assert_eq!(data.end_time, SystemTime::UNIX_EPOCH + Duration::from_secs(3));
    }

    #[test]
    fn an_attribute_with_the_key_of_a_field_counts_because_it_came_last() {
        let mut facts = facts();
        facts.attributes = vec![KeyValue::new("own", 1), KeyValue::new("flowspan.step.name", "build")];
        let data = SpanData::from(EndedSpan::from(facts));
        assert_eq!(data.attributes, [KeyValue::new("flowspan.step.name", "build"), KeyValue::new("own", 1)]);
    }

    #[test]
    fn attributes_beyond_the_limit_are_counted() {
        let mut facts = facts();
        facts.attributes = (0..10).map(|number| KeyValue::new(format!("key {number}"), number)).collect();
        (facts.dropped_attributes, facts.max_attributes) = (1, 4);
        let data = SpanData::from(EndedSpan::from(facts));
        assert_eq!((data.attributes.len(), data.dropped_attributes_count), (4, 8));
    }

    #[test]
    fn long_texts_weigh_what_they_take() {
        let mut facts = facts();
        let before = EndedSpan::from(facts.clone()).bytes();
        facts.fields.set(Field::StepName, "x".repeat(1 << 20));
        facts.attributes.push(KeyValue::new("own", "y".repeat(1 << 20)));
        let after = EndedSpan::from(facts);
        assert!(after.bytes() >= before - 5 + (2 << 20));
        assert!(EndedSpan::from(SpanData::from(after)).bytes() >= 2 << 20);
    }

    #[test]
    fn both_forms_say_the_same_and_lose_the_same() {
        let mut facts = facts();
        facts.attributes = ["own", "secret"].map(|key| KeyValue::new(key, 1)).to_vec();
        let said = vec![KeyValue::new("secret", 2), KeyValue::new("other", 2)];
        let mut extras = Extras::default();
        extras.events.events.push(opentelemetry::trace::Event::new("said", SystemTime::UNIX_EPOCH, said, 0));
        facts.extras = Some(Box::new(extras));
        let waiting = EndedSpan::from(facts);
        for mut span in [waiting.clone(), SpanData::from(waiting).into()] {
            assert_eq!(span.text(Field::StepName), Some("clone"));
            assert_eq!(span.text(Field::WorkflowName), None, "it is said around the span");
            span.retain_attributes(|name| name != "secret");
            let data = SpanData::from(span);
            let keys: Vec<_> = data.attributes.iter().map(|attribute| attribute.key.as_str()).collect();
            assert_eq!(keys, ["flowspan.step.name", "own"]);
            assert_eq!(data.events.events[0].attributes, [KeyValue::new("other", 2)]);
        }
    }

    #[test]
    fn a_scope_is_kept_once() {
        let scope = || InstrumentationScope::builder("kept").with_version("1").build();
        assert!(std::ptr::eq(keep_scope(scope()), keep_scope(scope())));
    }
}
