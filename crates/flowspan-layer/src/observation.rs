//! What the layer knows about an open span of the vocabulary.

use std::{
    fmt,
    time::{Duration, Instant, SystemTime},
};

use flowspan_model::{Event, Field, Fields, Kind, Moment, SpanIds, Status};
use tracing::field::Visit;

use crate::{
    accounting::{Sums, falls, is_tokens},
    callsites::Plan,
};

/// An open span of the vocabulary. Lives among the extensions of its `tracing` span.
#[derive(Debug)]
pub(crate) struct Observation {
    kind: Kind,
    plan: &'static Plan,
    fields: Fields,
    opened: Instant,
    opened_at: SystemTime,
    ended: Option<Instant>,
    /// What the model calls inside it came to.
    sums: Sums,
    /// How many reports of its tokens were less than the one before.
    fell: u32,
    /// Where it stands in a trace; known since it started.
    started: Option<SpanIds>,
}

impl Observation {
    pub(crate) fn new(kind: Kind, plan: &'static Plan) -> Self {
        Observation {
            kind,
            plan,
            fields: Fields::with_capacity(plan.len()),
            opened: Instant::now(),
            opened_at: SystemTime::now(),
            ended: None,
            sums: Sums::default(),
            fell: 0,
            started: None,
        }
    }

    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    pub(crate) fn fields(&self) -> &Fields {
        &self.fields
    }

    /// Where it stands in a trace, once it has started.
    pub(crate) fn ids(&self) -> Option<SpanIds> {
        self.started
    }

    /// Takes over what was recorded. The work ends at the moment at which its status is known.
    pub(crate) fn record(&mut self, record: impl FnOnce(&mut dyn Visit)) {
        let knew_status = self.fields.get(Field::Status).is_some();
        record(&mut FieldVisitor { plan: self.plan, fields: &mut self.fields, fell: &mut self.fell });
        if !knew_status && self.fields.get(Field::Status).is_some() {
            self.ended = Some(Instant::now());
        }
    }

    /// Takes over what the surrounding spans say about everything inside them. Nearer ones come
    /// first and win.
    pub(crate) fn inherit(&mut self, outer: &Fields) {
        for (field, value) in outer.iter().filter(|(field, _)| field.is_inherited()) {
            self.fields.set_default(field, value);
        }
    }

    /// The work begins.
    pub(crate) fn start(&mut self, ids: SpanIds) -> Event {
        self.started = Some(ids);
        Event {
            moment: Moment::Started,
            kind: self.kind(),
            time: self.opened_at,
            ids,
            duration: None,
            fields: self.fields.clone(),
        }
    }

    /// Adds what a span inside came to.
    pub(crate) fn add(&mut self, inside: &Sums) {
        self.sums.add(inside);
    }

    /// What the model calls inside came to, and how many reports of tokens fell.
    pub(crate) fn sums(&self) -> (Sums, u32) {
        (self.sums, self.fell)
    }

    /// The work is over. Gives the event and the moment of the end.
    ///
    /// Work that was begun and said nothing about its end went well; work that was never begun did
    /// not happen.
    pub(crate) fn end(mut self, begun: bool) -> (Event, SystemTime) {
        let status = if begun { Status::Success } else { Status::Cancelled };
        self.fields.set_default(Field::Status, &status.as_str().into());
        let duration: Duration =
            self.ended.unwrap_or_else(Instant::now).saturating_duration_since(self.opened);
        let time = self.opened_at + duration;
        let event = Event {
            moment: Moment::Ended,
            kind: self.kind(),
            time,
            ids: self.started.unwrap_or_default(),
            duration: Some(duration),
            fields: self.fields,
        };
        (event, time)
    }
}

/// Collects the fields of a callsite that have a meaning.
pub(crate) struct FieldVisitor<'visit> {
    pub(crate) plan: &'visit Plan,
    pub(crate) fields: &'visit mut Fields,
    /// Counts the reports of tokens that were less than the one before.
    pub(crate) fell: &'visit mut u32,
}

impl FieldVisitor<'_> {
    fn set(&mut self, field: &tracing::field::Field, value: impl Into<flowspan_model::Value>) {
        let Some(field) = self.plan.field(field) else { return };
        let value = value.into();
        // What a call has consumed only grows.
        if is_tokens(field) && self.fields.get(field).is_some_and(|before| falls(before, &value)) {
            *self.fell = self.fell.saturating_add(1);
        } else {
            self.fields.set(field, value);
        }
    }
}

impl Visit for FieldVisitor<'_> {
    fn record_f64(&mut self, field: &tracing::field::Field, value: f64) {
        self.set(field, value);
    }

    fn record_i64(&mut self, field: &tracing::field::Field, value: i64) {
        self.set(field, value);
    }

    fn record_u64(&mut self, field: &tracing::field::Field, value: u64) {
        self.set(field, value);
    }

    fn record_bool(&mut self, field: &tracing::field::Field, value: bool) {
        self.set(field, value);
    }

    fn record_str(&mut self, field: &tracing::field::Field, value: &str) {
        self.set(field, value);
    }

    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn fmt::Debug) {
        if self.plan.field(field).is_some() {
            self.set(field, format!("{value:?}"));
        }
    }
}
