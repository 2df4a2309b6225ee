//! What is known about an open span, in one place.

use std::{
    borrow::Cow,
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::AtomicBool},
    time::{Duration, Instant},
};

use flowspan_model::{Event, Field, Fields, Kind, Moment, SpanIds, Status as WorkStatus};
use opentelemetry::{
    Context as OtelContext, InstrumentationScope, Key, KeyValue, Value,
    trace::{Link, SpanContext, SpanId, SpanKind, Status},
};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLimits, SpanLinks};

use tracing::span::Id;

use super::{clock::Start, words};
use crate::{
    callsites::Plan,
    names::span_name_parts,
    normalizer::{finish_reasons, unique},
};

/// An open span. Lives among the extensions of its `tracing` span, and on the threads that are
/// inside it.
#[derive(Debug)]
pub(super) struct Record {
    /// Which engine it belongs to.
    pub(super) engine: u64,
    /// The number of its `tracing` span.
    pub(super) id: u64,
    /// The nearest span of the vocabulary around it.
    pub(super) outer: Option<Arc<Record>>,
    /// Whether it is one of the vocabulary itself.
    pub(super) is_work: bool,
    /// Whether it is over. Known without the lock, because it is asked often.
    pub(super) is_closed: AtomicBool,
    /// Whether `OpenTelemetrySpanExt` has asked for it.
    pub(super) has_shadow: AtomicBool,
    state: Mutex<State>,
}

impl Record {
    pub(super) fn new(engine: u64, id: u64, outer: Option<Arc<Record>>, state: State) -> Self {
        Record {
            engine,
            id,
            outer,
            is_work: state.work.is_some(),
            is_closed: AtomicBool::new(false),
            has_shadow: AtomicBool::new(false),
            state: Mutex::new(state),
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The nearest span of the vocabulary, itself included.
    pub(super) fn nearest_work(self: &Arc<Self>) -> Option<&Arc<Record>> {
        if self.is_work { Some(self) } else { self.outer.as_ref() }
    }
}

/// How far a span has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Life {
    /// Its parent can still be replaced.
    Open,
    /// Somebody knows its trace.
    Fixed,
    /// Its work has begun.
    Begun,
    /// It is over.
    Closed,
}

/// Where a span stands in its trace, and whether it is kept.
#[derive(Debug)]
pub(super) struct Origin {
    pub(super) context: SpanContext,
    pub(super) parent: SpanId,
    pub(super) parent_is_remote: bool,
    pub(super) is_recording: bool,
    /// What the sampler wants to stand on the span.
    pub(super) attributes: Vec<KeyValue>,
}

/// What changes while a span is open.
#[derive(Debug)]
pub(super) struct State {
    pub(super) life: Life,
    pub(super) origin: Origin,
    pub(super) start: Start,
    pub(super) limits: SpanLimits,
    pub(super) kind: SpanKind,
    pub(super) status: Status,
    /// The name that somebody gave it.
    pub(super) name: Option<String>,
    first_name: &'static str,
    /// What is not of the vocabulary.
    attributes: Vec<KeyValue>,
    dropped_attributes: u32,
    events: SpanEvents,
    links: SpanLinks,
    pub(super) work: Option<Work>,
    /// Made when it is first needed, and gone when the span is over: it refers to the record.
    pub(super) active: Option<OtelContext>,
    /// The context in which somebody wants it to be; the current one, if nobody does.
    pub(super) around: Option<OtelContext>,
    /// What `OpenTelemetrySpanExt` sees of it, if it has asked.
    pub(super) shadow: Option<Id>,
}

/// What makes a span one of the vocabulary.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) plan: Arc<Plan>,
    pub(super) fields: Fields,
    /// Which of the fields the span itself has said, by their numbers; the others are inherited.
    own: u128,
    ended: Option<Instant>,
    /// The span of the vocabulary around it, known when it begins.
    around: Option<SpanId>,
}

impl Work {
    pub(super) fn new(plan: Arc<Plan>, capacity: usize) -> Self {
        Work { plan, fields: Fields::with_capacity(capacity), own: 0, ended: None, around: None }
    }

    /// Takes over a value. The work ends at the moment at which its status is known.
    pub(super) fn set(&mut self, field: Field, value: flowspan_model::Value) {
        if field == Field::Status && self.ended.is_none() {
            self.ended = Some(Instant::now());
        }
        self.own |= bit(field);
        self.fields.set(field, value);
    }

    fn kind(&self) -> Kind {
        self.plan.kind
    }
}

fn bit(field: Field) -> u128 {
    1 << (field as u32)
}

impl State {
    pub(super) fn new(
        first_name: &'static str,
        limits: SpanLimits,
        origin: Origin,
        work: Option<Work>,
        capacity: usize,
    ) -> Self {
        State {
            life: Life::Open,
            origin,
            start: Start::now(),
            limits,
            kind: SpanKind::Internal,
            status: Status::Unset,
            name: None,
            first_name,
            attributes: if work.is_some() { Vec::new() } else { Vec::with_capacity(capacity) },
            dropped_attributes: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            work,
            active: None,
            around: None,
            shadow: None,
        }
    }

    pub(super) fn is_recording(&self) -> bool {
        self.origin.is_recording && self.life < Life::Closed
    }

    /// Sets an attribute. The last value of a key counts; what is beyond the limit is dropped and
    /// counted.
    pub(super) fn set_attribute(&mut self, key: Key, value: Value) {
        let has_room = self.attributes.len() < self.limits.max_attributes_per_span as usize;
        match self.attributes.iter_mut().find(|known| known.key == key) {
            Some(known) => known.value = value,
            None if has_room => self.attributes.push(KeyValue::new(key, value)),
            None => self.dropped_attributes += 1,
        }
    }

    /// Ok is stronger than an error, an error is stronger than nothing.
    pub(super) fn set_status(&mut self, status: Status) {
        if status > self.status {
            self.status = status;
        }
    }

    pub(super) fn add_event(&mut self, mut event: opentelemetry::trace::Event) {
        if self.events.events.len() < self.limits.max_events_per_span as usize {
            let limit = self.limits.max_attributes_per_event as usize;
            event.dropped_attributes_count += cut(&mut event.attributes, limit);
            self.events.events.push(event);
        } else {
            self.events.dropped_count += 1;
        }
    }

    pub(super) fn add_link(&mut self, context: SpanContext, mut attributes: Vec<KeyValue>) {
        if self.links.links.len() < self.limits.max_links_per_span as usize {
            let dropped = cut(&mut attributes, self.limits.max_attributes_per_link as usize);
            self.links.links.push(Link::new(context, attributes, dropped));
        } else {
            self.links.dropped_count += 1;
        }
    }

    pub(super) fn first_name(&self) -> &'static str {
        self.first_name
    }

    /// Forgets what nobody will see.
    pub(super) fn forget_attributes(&mut self) {
        self.attributes = Vec::new();
    }

    /// Where it stands in a trace.
    pub(super) fn ids(&self) -> SpanIds {
        SpanIds {
            trace: self.origin.context.trace_id().to_bytes(),
            span: self.origin.context.span_id().to_bytes(),
            parent: self.work.as_ref().and_then(|work| work.around).map(SpanId::to_bytes),
        }
    }

    /// The work begins: it takes over what the work around it says about everything inside.
    pub(super) fn inherit(&mut self, outer: &State) {
        let (Some(work), Some(around)) = (&mut self.work, &outer.work) else { return };
        for (field, value) in around.fields.iter().filter(|(field, _)| field.is_inherited()) {
            work.fields.set_default(field, value);
        }
        work.around = Some(outer.origin.context.span_id());
    }

    /// What is told when the work begins.
    pub(super) fn started(&self) -> Option<Event> {
        let work = self.work.as_ref()?;
        Some(Event {
            moment: Moment::Started,
            kind: work.kind(),
            time: self.start.time,
            ids: self.ids(),
            duration: None,
            fields: work.fields.clone(),
        })
    }

    /// The work is over: what is told, and when it ended. Work that was begun and said nothing about
    /// its end went well; work that was never begun did not happen.
    pub(super) fn ended(&mut self, begun: bool) -> Option<Event> {
        let ids = self.ids();
        let work = self.work.as_mut()?;
        let status = if begun { WorkStatus::Success } else { WorkStatus::Cancelled };
        if work.fields.get(Field::Status).is_none() {
            work.fields.set(Field::Status, status.as_str());
        }
        let duration: Duration =
            work.ended.unwrap_or_else(Instant::now).saturating_duration_since(self.start.instant);
        Some(Event {
            moment: Moment::Ended,
            kind: work.kind(),
            time: self.start.time + duration,
            ids,
            duration: Some(duration),
            fields: std::mem::take(&mut work.fields),
        })
    }

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

/// Cuts a list of attributes, and gives the number of those that are gone.
fn cut(attributes: &mut Vec<KeyValue>, limit: usize) -> u32 {
    let dropped = attributes.len().saturating_sub(limit);
    attributes.truncate(limit);
    u32::try_from(dropped).unwrap_or(u32::MAX)
}
