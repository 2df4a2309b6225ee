//! What the layer knows about an open span of the vocabulary.

use std::{
    fmt,
    time::{Duration, Instant, SystemTime},
};

use flowspan_model::{Event, Field, Fields, Kind, Moment, SpanIds, Status};
use opentelemetry::{Key, KeyValue, trace::SpanKind};
use tracing::field::Visit;

use crate::{
    accounting::{Sums, set},
    attributes::span_kind_of,
    callsites::{Meaning, Plan},
    content::{Contents, written},
    dialects::{Keep, Notes, Said, finish, is_content, read, span_kind},
    words,
};

/// An open span that is work of the vocabulary, or may turn out to be. Lives among the extensions of its
/// `tracing` span.
#[derive(Debug)]
pub(crate) struct Observation {
    kind: Option<Kind>,
    plan: &'static Plan,
    notes: Notes,
    opened: Instant,
    opened_at: SystemTime,
    ended: Option<Instant>,
    /// What the model calls inside it came to.
    sums: Sums,
    /// Where it stands in a trace; known since it started.
    started: Option<SpanIds>,
}

impl Observation {
    pub(crate) fn new(plan: &'static Plan) -> Self {
        let fields = Fields::with_capacity(plan.len());
        Observation {
            kind: plan.kind,
            plan,
            notes: Notes { fields, ..Notes::default() },
            opened: Instant::now(),
            opened_at: SystemTime::now(),
            ended: None,
            sums: Sums::default(),
            started: None,
        }
    }

    pub(crate) fn kind(&self) -> Option<Kind> {
        self.kind
    }

    pub(crate) fn fields(&self) -> &Fields {
        &self.notes.fields
    }

    /// Where it stands in a trace, once it has started.
    pub(crate) fn ids(&self) -> Option<SpanIds> {
        self.started
    }

    /// Takes over what was recorded. The work ends at the moment at which its status is known. Says
    /// whether it is known only now that it is work, and that has begun.
    pub(crate) fn record(&mut self, contents: &Contents, record: impl FnOnce(&mut dyn Visit)) -> bool {
        let knew_status = self.notes.fields.get(Field::Status).is_some();
        let (plan, notes) = (self.plan, &mut self.notes);
        match &plan.foreign {
            Some(_) => record(&mut NotesVisitor { plan, contents, notes }),
            None => record(&mut FieldVisitor { plan, fields: &mut notes.fields, fell: &mut notes.fell }),
        }
        if !knew_status && self.notes.fields.get(Field::Status).is_some() {
            self.ended = Some(Instant::now());
        }
        // The last word before the work begins, the first one from then on.
        match self.notes.decided.take() {
            Some(kind) if self.kind.is_none() || self.started.is_none() => {
                self.kind.replace(kind).is_none() && self.started.is_some()
            }
            _ => false,
        }
    }

    /// The kind of OpenTelemetry span that it is, as far as is known.
    pub(crate) fn span_kind(&self) -> SpanKind {
        self.notes.span_kind.clone().or_else(|| self.kind.map(span_kind)).unwrap_or(SpanKind::Internal)
    }

    /// What it is understood by, if it is of a dialect.
    pub(crate) fn is_foreign(&self) -> bool {
        self.plan.foreign.is_some()
    }

    /// There is a sign of a failure, if the span is of a dialect.
    pub(crate) fn fail(&mut self) {
        self.notes.fail("");
    }

    /// Takes over what the surrounding spans say about everything inside them. Nearer ones come
    /// first and win.
    pub(crate) fn inherit(&mut self, outer: &Fields) {
        for (field, value) in outer.iter().filter(|(field, _)| field.is_inherited()) {
            self.notes.fields.set_default(field, value);
        }
    }

    /// The span begins, here. What is to be told of that comes back if it is work.
    pub(crate) fn start(&mut self, ids: SpanIds) -> Option<Event> {
        self.started = Some(ids);
        Some(Event {
            moment: Moment::Started,
            kind: self.kind?,
            time: self.opened_at,
            ids,
            duration: None,
            fields: self.notes.fields.clone(),
        })
    }

    /// The span shall begin once more, now that it is known to be work. Gives where it stands.
    pub(crate) fn forget_start(&mut self) -> Option<SpanIds> {
        self.started.take()
    }

    /// Adds what a span inside came to.
    pub(crate) fn add(&mut self, inside: &Sums) {
        self.sums.add(inside);
    }

    /// What the model calls inside came to, and how many reports of tokens fell.
    pub(crate) fn sums(&self) -> (Sums, u32) {
        (self.sums, self.notes.fell)
    }

    /// The span is over. Gives the event, if it is work, and what is known besides.
    ///
    /// Work that was begun and said nothing about its end went well; work that was never begun did
    /// not happen, unless a dialect speaks of it.
    pub(crate) fn end(mut self, begun: bool) -> (Option<Event>, Ended) {
        if let (Some(foreign), Some(kind)) = (&self.plan.foreign, self.kind) {
            finish(foreign, kind, &mut self.notes);
        }
        let duration: Duration =
            self.ended.unwrap_or_else(Instant::now).saturating_duration_since(self.opened);
        let time = self.opened_at + duration;
        let foreign = self.plan.foreign.as_ref().map(|_| std::mem::take(&mut self.notes));
        let mut fields =
            foreign.as_ref().map_or(std::mem::take(&mut self.notes.fields), |notes| notes.fields.clone());
        let event = self.kind.map(|kind| {
            let status = if begun { Status::Success } else { Status::Cancelled };
            fields.set_default(Field::Status, &status.as_str().into());
            Event {
                moment: Moment::Ended,
                kind,
                time,
                ids: self.started.unwrap_or_default(),
                duration: Some(duration),
                fields,
            }
        });
        (event, Ended { time, foreign })
    }
}

/// What is known of a span when it is over.
pub(crate) struct Ended {
    /// When that was.
    pub(crate) time: SystemTime,
    /// What a span of a dialect has said.
    pub(crate) foreign: Option<Notes>,
}

/// Collects what a span of a dialect says.
struct NotesVisitor<'visit> {
    plan: &'static Plan,
    contents: &'visit Contents,
    notes: &'visit mut Notes,
}

impl NotesVisitor<'_> {
    /// What everybody knows for content is judged where the span ends; what the dialect alone knows, here.
    fn content(&mut self, field: &tracing::field::Field, text: &str) {
        if !self.contents.is_wanted() {
            return;
        }
        if is_content(field.name()) {
            self.notes.attribute(Key::from_static_str(field.name()), text.to_owned().into());
            return;
        }
        self.keep(self.contents.of_text(field.name(), text));
    }

    fn keep(&mut self, attributes: Vec<KeyValue>) {
        for said in attributes {
            self.notes.attribute(said.key, said.value);
        }
    }

    fn said(&mut self, field: &tracing::field::Field, said: Said<'_>) {
        let Some(foreign) = &self.plan.foreign else { return };
        let key = Key::from_static_str(field.name());
        match self.plan.meaning(field) {
            Meaning::Read(reading) => read(foreign, reading, key, said, self.notes),
            Meaning::Attribute => self.notes.attribute(key, said.into_value()),
            Meaning::SpanKind => {
                if let Said::Text(kind) = said {
                    self.notes.span_kind = Some(span_kind_of(kind));
                }
            }
            Meaning::Content => self.content(field, &said.into_value().as_str()),
            _ => {}
        }
    }
}

impl Visit for NotesVisitor<'_> {
    fn record_f64(&mut self, field: &tracing::field::Field, value: f64) {
        self.said(field, Said::Float(value));
    }

    fn record_i64(&mut self, field: &tracing::field::Field, value: i64) {
        self.said(field, Said::Integer(value));
    }

    fn record_u64(&mut self, field: &tracing::field::Field, value: u64) {
        self.said(field, Said::Unsigned(value));
    }

    fn record_bool(&mut self, field: &tracing::field::Field, value: bool) {
        self.said(field, Said::Boolean(value));
    }

    fn record_str(&mut self, field: &tracing::field::Field, value: &str) {
        self.said(field, Said::Text(value));
    }

    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn fmt::Debug) {
        if self.plan.meaning(field) != Meaning::Content {
            self.said(field, Said::Text(&format!("{value:?}")));
        } else if self.contents.is_wanted() {
            match written(value) {
                Ok(text) => self.content(field, &text),
                Err(reason) => self.keep(self.contents.of_refused(field.name(), reason)),
            }
        }
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
        set(self.fields, self.fell, field, value.into());
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
        if let Some(known) = self.plan.field(field) {
            self.set(field, words::text(known, value));
        }
    }

    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn fmt::Debug) {
        if self.plan.field(field).is_some() {
            self.set(field, format!("{value:?}"));
        }
    }
}
