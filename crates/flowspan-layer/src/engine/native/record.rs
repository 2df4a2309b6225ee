//! What is known about an open span, in one place.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::AtomicBool},
    time::{Duration, Instant},
};

use flowspan_model::{Event, Field, Fields, Kind, Moment, SpanIds, Status as WorkStatus};
use opentelemetry::{
    Context as OtelContext, Key, KeyValue, Value,
    trace::{Link, SpanContext, SpanId, SpanKind, Status},
};
use opentelemetry_sdk::trace::{SpanEvents, SpanLimits, SpanLinks};

use tracing::span::Id;

use super::clock::Start;
use crate::callsites::Plan;

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
    pub(super) first_name: &'static str,
    /// What is not of the vocabulary.
    pub(super) attributes: Vec<KeyValue>,
    pub(super) dropped_attributes: u32,
    pub(super) events: SpanEvents,
    pub(super) links: SpanLinks,
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
    pub(super) own: u128,
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

pub(super) fn bit(field: Field) -> u128 {
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
}

/// Cuts a list of attributes, and gives the number of those that are gone.
pub(super) fn cut(attributes: &mut Vec<KeyValue>, limit: usize) -> u32 {
    let dropped = attributes.len().saturating_sub(limit);
    attributes.truncate(limit);
    u32::try_from(dropped).unwrap_or(u32::MAX)
}
