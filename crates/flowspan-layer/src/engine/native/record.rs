//! What is known about an open span, in one place.

use std::sync::{
    OnceLock,
    atomic::{AtomicBool, AtomicU8, Ordering},
};

use flowspan_clock::{Monotonic, Times};
use flowspan_model::{
    Event, Field, FieldSet, Fields, Kind, Moment, SpanIds, Status as WorkStatus, Value as ModelValue,
};
use flowspan_span::of_value;
use opentelemetry::{
    Context as OtelContext, Key, KeyValue, Value,
    trace::{Link, SpanContext, SpanId, SpanKind, Status, TraceState},
};
use opentelemetry_sdk::trace::{SpanEvents, SpanLimits, SpanLinks};
use tracing::span::Id;

use crate::{
    accounting::{self, Sums},
    callsites::{NOTHING, Plan},
    dialects::{Keep, finish, span_kind},
    lock::{Lock, Locked},
    words,
};

/// A record that several know of.
///
/// Not the `Arc` of the standard library: to see that nobody else knows of a record, that has to look for weak
/// references, too, with a locked instruction.
pub(super) type Shared = triomphe::Arc<Record>;
/// A record that nobody else knows of.
pub(super) type Unshared = triomphe::UniqueArc<Record>;

/// An open span. Lives among the open ones of its engine, and on the threads that are inside it.
#[derive(Debug)]
pub(super) struct Record {
    /// Which engine it belongs to.
    pub(super) engine: u64,
    /// The number of its `tracing` span.
    pub(super) id: u64,
    /// The nearest span of the vocabulary around it.
    pub(super) outer: Option<Shared>,
    /// What its callsite means.
    pub(super) plan: &'static Plan,
    /// Whether `OpenTelemetrySpanExt` has asked for it.
    pub(super) has_shadow: AtomicBool,
    life: AtomicU8,
    /// What of the vocabulary it is, by its number and one more; nothing yet if that is zero.
    work: AtomicU8,
    origin: Origin,
    /// Where it stands since somebody has given it another parent.
    moved: OnceLock<Box<Origin>>,
    state: Lock<State>,
}

impl Record {
    /// A record of nothing, to be filled.
    pub(super) fn blank() -> Self {
        Record {
            engine: 0,
            id: 0,
            outer: None,
            plan: &NOTHING,
            has_shadow: AtomicBool::new(false),
            life: AtomicU8::new(Life::Open as u8),
            work: AtomicU8::new(0),
            origin: Origin::undecided(),
            moved: OnceLock::new(),
            state: Lock::new(State::blank()),
        }
    }

    /// A span is made.
    pub(super) fn open(&mut self, engine: u64, id: u64, plan: &'static Plan) {
        (self.engine, self.id, self.plan) = (engine, id, plan);
        *self.work.get_mut() = number(plan.kind);
    }

    /// Where the span stands, to be decided while nobody else knows of it.
    pub(super) fn origin_mut(&mut self) -> &mut Origin {
        &mut self.origin
    }

    pub(super) fn state_mut(&mut self) -> &mut State {
        self.state.get_mut()
    }

    /// Forgets everything, so that the next span finds a place and no trace of this one.
    pub(super) fn clear(&mut self) {
        self.outer = None;
        // The rest of it is decided anew.
        self.origin.is_recording = true;
        clear(&mut self.origin.attributes);
        // The next one is written over it without a look at what it owns.
        if *self.origin.context.trace_state() != TraceState::NONE {
            self.origin.context = SpanContext::NONE;
        }
        self.moved.take();
        *self.has_shadow.get_mut() = false;
        *self.life.get_mut() = Life::Open as u8;
        self.state_mut().clear();
    }

    #[inline]
    pub(super) fn state(&self) -> Locked<'_, State> {
        self.state.lock()
    }

    /// Where it stands in its trace, as far as is known.
    #[inline]
    pub(super) fn origin(&self) -> &Origin {
        self.moved.get().map_or(&self.origin, |moved| moved)
    }

    /// Where the span stands. From now on its parent cannot be replaced.
    #[inline]
    pub(super) fn fixed(&self) -> &SpanContext {
        if !self.is(Life::Fixed) {
            self.becomes(Life::Fixed, &mut self.state());
        }
        &self.origin().context
    }

    /// Another parent changes where the span stands, if nobody knows yet where that is. `around` is the
    /// context in which somebody wants it to be; what was wanted before comes back.
    pub(super) fn replace_origin(&self, origin: Origin, around: OtelContext) -> Option<OtelContext> {
        let mut state = self.state();
        if self.is(Life::Fixed) {
            return Some(around);
        }
        let _ = self.moved.set(Box::new(origin));
        state.rare().around.replace(around)
    }

    /// What is told of the start of its work.
    pub(super) fn started(&self, kind: Kind) -> Event {
        let state = self.state();
        state.started(kind, self.ids(&state))
    }

    /// Where it stands in a trace.
    pub(super) fn ids(&self, state: &State) -> SpanIds {
        let context = &self.origin().context;
        SpanIds {
            trace: context.trace_id().to_bytes(),
            span: context.span_id().to_bytes(),
            parent: state.around.map(SpanId::to_bytes),
        }
    }

    /// Whether what is said of the span is kept.
    #[inline]
    pub(super) fn is_recording(&self) -> bool {
        self.origin().is_recording
    }

    /// Whether it has come this far, or further.
    #[inline]
    pub(super) fn is(&self, life: Life) -> bool {
        self.life.load(Ordering::Acquire) >= life as u8
    }

    /// It has come this far. Says whether it had not before. Whoever has the state has the word: nobody
    /// replaces its parent meanwhile, and who finds that it has begun finds all that this has brought.
    #[inline]
    pub(super) fn becomes(&self, life: Life, _: &mut State) -> bool {
        let is_new = !self.is(life);
        if is_new {
            self.life.store(life as u8, Ordering::Release);
        }
        is_new
    }

    /// What of the vocabulary it is. Of a span of a dialect it may become known late.
    #[inline]
    pub(super) fn kind(&self) -> Option<Kind> {
        let number = self.work.load(Ordering::Acquire);
        Kind::ALL.get(usize::from(number).wrapping_sub(1)).copied()
    }

    /// What it is has become known, if it is a span of a dialect: the last word before its work begins,
    /// the first one from then on. Says whether it is work only now.
    pub(super) fn decide(&self, state: &mut State) -> bool {
        let Some(kind) = state.decided.take() else { return false };
        let before = self.kind();
        if before.is_some() && self.is(Life::Begun) {
            return false;
        }
        self.work.store(number(Some(kind)), Ordering::Release);
        state.turns_out(kind, self.plan);
        before.is_none()
    }

    /// The same while nobody else knows of the span.
    pub(super) fn decide_alone(&mut self) {
        let plan = self.plan;
        let state = self.state_mut();
        if let Some(kind) = state.decided.take() {
            state.turns_out(kind, plan);
            *self.work.get_mut() = number(Some(kind));
        }
    }

    /// The nearest span that is work of the vocabulary or may turn out to be, itself included.
    pub(super) fn nearest_work(this: &Shared) -> Option<&Shared> {
        if this.plan.may_be_work() { Some(this) } else { this.outer.as_ref() }
    }

    /// The nearest span of the vocabulary around it, as far as is known by now.
    pub(super) fn around(&self) -> Option<&Shared> {
        known_work(self.outer.as_ref())
    }
}

/// The nearest span, from this one outwards, that is known to be work of the vocabulary.
pub(super) fn known_work(from: Option<&Shared>) -> Option<&Shared> {
    let mut nearest = from;
    while let Some(record) = nearest
        && record.kind().is_none()
    {
        nearest = record.outer.as_ref();
    }
    nearest
}

/// What stands for a kind in an atomic.
const fn number(kind: Option<Kind>) -> u8 {
    const { assert!(Kind::COUNT < u8::MAX as usize) };
    match kind {
        Some(kind) => kind as u8 + 1,
        None => 0,
    }
}

/// How far a span has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

impl Origin {
    /// What holds until the sampler has decided: attributes are kept.
    pub(super) fn undecided() -> Self {
        Origin {
            context: SpanContext::NONE,
            parent: SpanId::INVALID,
            parent_is_remote: false,
            is_recording: true,
            attributes: Vec::new(),
        }
    }
}

/// What changes while a span is open.
#[derive(Debug)]
pub(super) struct State {
    pub(super) start: Times,
    /// When its work ended, if that was before the span closed.
    ended: Option<Monotonic>,
    pub(super) kind: SpanKind,
    pub(super) status: Status,
    pub(super) first_name: &'static str,
    /// What is known of the vocabulary.
    pub(super) fields: Fields,
    /// Which of the fields the span itself has said; the others are inherited.
    pub(super) own: FieldSet,
    /// What the model calls inside it came to.
    pub(super) sums: Sums,
    /// How many reports of its tokens were less than the one before.
    pub(super) fell: u32,
    /// The span of the vocabulary around it, known when it begins.
    around: Option<SpanId>,
    /// What a span of a dialect has said that it is, and nobody has heard yet.
    decided: Option<Kind>,
    pub(super) limits: SpanLimits,
    /// What is not of the vocabulary.
    pub(super) attributes: Vec<KeyValue>,
    pub(super) dropped_attributes: u32,
    /// The context in which it is the current span, made when it is first needed, and gone when the
    /// span is over: it refers to the record.
    pub(super) active: Option<OtelContext>,
    /// What most spans have not.
    rare: Option<Box<Rare>>,
}

/// What most spans have not.
#[derive(Debug, Default)]
pub(super) struct Rare {
    /// The name that somebody gave it.
    pub(super) name: Option<String>,
    pub(super) events: SpanEvents,
    pub(super) links: SpanLinks,
    /// The context in which somebody wants it to be; the current one, if nobody does.
    pub(super) around: Option<OtelContext>,
    /// What `OpenTelemetrySpanExt` sees of it, if it has asked.
    pub(super) shadow: Option<Id>,
    /// What was said through the OpenTelemetry API that is content. Nobody has judged it yet.
    pub(super) content: Vec<KeyValue>,
}

impl State {
    fn blank() -> Self {
        State {
            start: Times::now(),
            ended: None,
            kind: SpanKind::Internal,
            status: Status::Unset,
            first_name: "",
            fields: Fields::default(),
            own: FieldSet::NONE,
            sums: Sums::default(),
            fell: 0,
            around: None,
            decided: None,
            limits: SpanLimits::default(),
            attributes: Vec::new(),
            dropped_attributes: 0,
            active: None,
            rare: None,
        }
    }

    /// A span begins to be known. Its clock starts now.
    pub(super) fn open(&mut self, first_name: &'static str, limits: SpanLimits, plan: &Plan) {
        self.start = Times::now();
        (self.first_name, self.limits) = (first_name, limits);
        match plan.may_be_work() {
            true => self.fields.reserve(plan.len()),
            false => self.attributes.reserve_exact(plan.len()),
        }
        if let (Some(_), Some(kind)) = (&plan.foreign, plan.kind) {
            self.kind = span_kind(kind);
        }
    }

    /// Forgets everything. The room for fields stays.
    fn clear(&mut self) {
        self.ended = None;
        self.kind = SpanKind::Internal;
        self.status = Status::Unset;
        self.fields.clear();
        self.own = FieldSet::NONE;
        self.sums = Sums::default();
        self.fell = 0;
        self.around = None;
        self.decided = None;
        clear(&mut self.attributes);
        self.dropped_attributes = 0;
        self.active = None;
        self.rare = None;
    }

    pub(super) fn rare(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }

    #[inline]
    pub(super) fn take_rare(&mut self) -> Option<Box<Rare>> {
        self.rare.take()
    }

    /// The content that nobody has judged yet.
    pub(super) fn take_content(&mut self) -> Vec<KeyValue> {
        self.rare.as_mut().map(|rare| std::mem::take(&mut rare.content)).unwrap_or_default()
    }

    /// The context in which somebody wants it to be.
    pub(super) fn around(&self) -> Option<&OtelContext> {
        self.rare.as_ref()?.around.as_ref()
    }

    /// What `OpenTelemetrySpanExt` sees of it, if it has asked.
    pub(super) fn shadow(&self) -> Option<&Id> {
        self.rare.as_ref()?.shadow.as_ref()
    }

    /// Takes over a field of the vocabulary. The work ends at the moment at which its status is known.
    ///
    /// Inlined, so that the value is made where it stays.
    #[inline(always)]
    pub(super) fn set_field(&mut self, field: Field, value: impl Into<ModelValue>) {
        if field == Field::Status && self.ended.is_none() {
            self.ended = Some(Monotonic::now());
        }
        // Nothing that is not inherited is known before the span has said it.
        let is_new = !self.own.has(field) && (self.around.is_none() || !field.is_inherited());
        self.own = self.own.and(FieldSet::of(field));
        if is_new {
            self.fields.add(field, value);
        } else {
            accounting::set(&mut self.fields, &mut self.fell, field, value.into());
        }
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

    /// Keeps content that somebody has to judge. The last value of a key counts.
    pub(super) fn add_content(&mut self, said: KeyValue) {
        let limit = self.limits.max_attributes_per_span as usize;
        let content = &mut self.rare().content;
        let has_room = content.len() < limit;
        match content.iter_mut().find(|known| known.key == said.key) {
            Some(known) => known.value = said.value,
            None if has_room => content.push(said),
            None => self.dropped_attributes += 1,
        }
    }

    pub(super) fn set_attributes(&mut self, attributes: Vec<KeyValue>) {
        for attribute in attributes {
            self.set_attribute(attribute.key, attribute.value);
        }
    }

    /// Ok is stronger than an error, an error is stronger than nothing.
    pub(super) fn set_status(&mut self, status: Status) {
        if status > self.status {
            self.status = status;
        }
    }

    pub(super) fn add_event(&mut self, mut event: opentelemetry::trace::Event) {
        let limits = self.limits;
        let events = &mut self.rare().events;
        if events.events.len() < limits.max_events_per_span as usize {
            let limit = limits.max_attributes_per_event as usize;
            event.dropped_attributes_count += cut(&mut event.attributes, limit);
            events.events.push(event);
        } else {
            events.dropped_count += 1;
        }
    }

    pub(super) fn add_link(&mut self, context: SpanContext, mut attributes: Vec<KeyValue>) {
        let limits = self.limits;
        let links = &mut self.rare().links;
        if links.links.len() < limits.max_links_per_span as usize {
            let dropped = cut(&mut attributes, limits.max_attributes_per_link as usize);
            links.links.push(Link::new(context, attributes, dropped));
        } else {
            links.dropped_count += 1;
        }
    }

    /// A span of a dialect is work of this kind, as it turns out.
    fn turns_out(&mut self, kind: Kind, plan: &Plan) {
        if plan.foreign.as_ref().is_some_and(|foreign| !foreign.says_span_kind()) {
            self.kind = span_kind(kind);
        }
    }

    /// A span of a dialect is over: what its dialect leaves open is decided. Of one that is no work, what
    /// looked like fields of the vocabulary are attributes like any other.
    pub(super) fn finish(&mut self, kind: Option<Kind>, plan: &Plan) {
        let Some(foreign) = &plan.foreign else { return };
        let is_told_by_key = self.shadow().is_some();
        if is_told_by_key {
            let attributes = std::mem::take(&mut self.attributes);
            foreign.hear(attributes, &mut Recording { state: self, is_recording: true });
        }
        match kind {
            Some(kind) => finish(foreign, kind, &mut Recording { state: self, is_recording: true }),
            None => {
                let own = self.own;
                let fields = std::mem::take(&mut self.fields);
                for (field, value) in fields.iter().filter(|(field, _)| own.has(*field)) {
                    self.set_attribute(Key::from_static_str(field.key()), of_value(field, value));
                }
            }
        }
    }

    /// Forgets what nobody will see.
    pub(super) fn forget_attributes(&mut self) {
        self.attributes = Vec::new();
    }

    /// The work begins: it takes over what the work around it says about everything inside.
    pub(super) fn inherit(&mut self, outer: &State, outer_id: SpanId) {
        for (field, value) in outer.fields.iter().filter(|(field, _)| field.is_inherited()) {
            if !self.own.has(field) {
                self.fields.add_copy(field, value);
            }
        }
        self.around = Some(outer_id);
    }

    /// What is told when the work begins.
    pub(super) fn started(&self, kind: Kind, ids: SpanIds) -> Event {
        Event {
            moment: Moment::Started,
            kind,
            time: self.start.time(),
            ids,
            duration: None,
            fields: self.fields.clone(),
        }
    }

    /// The work is over: what is told, and when it ended. Work that was begun and said nothing about
    /// its end went well; work that was never begun did not happen.
    pub(super) fn ended(&mut self, kind: Kind, ids: SpanIds, begun: bool) -> Event {
        if !self.own.has(Field::Status) {
            let status = if begun { WorkStatus::Success } else { WorkStatus::Cancelled };
            self.fields.add(Field::Status, flowspan_model::Text::from_static(status.as_str()));
        }
        let duration = self.ended.unwrap_or_else(Monotonic::now).since(self.start.monotonic);
        Event {
            moment: Moment::Ended,
            kind,
            time: self.start.time() + duration,
            ids,
            duration: Some(duration),
            fields: std::mem::take(&mut self.fields),
        }
    }
}

/// The state of a span of a dialect, while it is heard.
pub(super) struct Recording<'state> {
    pub(super) state: &'state mut State,
    /// Whether attributes are kept.
    pub(super) is_recording: bool,
}

impl Keep for Recording<'_> {
    fn known(&self, field: Field) -> Option<&ModelValue> {
        self.state.fields.get(field)
    }

    fn field(&mut self, field: Field, value: ModelValue) {
        self.state.set_field(field, value);
    }

    fn text(&mut self, field: Field, text: &str) {
        self.state.set_field(field, words::text(field, text));
    }

    fn attribute(&mut self, key: Key, value: Value) {
        if self.is_recording {
            self.state.set_attribute(key, value);
        }
    }

    fn decide(&mut self, kind: Kind) {
        self.state.decided = Some(kind);
    }

    fn fail(&mut self, description: &str) {
        self.state.set_status(Status::error(description.to_owned()));
    }

    fn has_failed(&self) -> bool {
        matches!(self.state.status, Status::Error { .. })
    }

    fn forget(&mut self, is_wrong: fn(Field) -> bool) {
        let is_known = self.state.fields.iter().any(|(field, _)| is_wrong(field));
        if is_known {
            let fields = std::mem::take(&mut self.state.fields);
            let wrong = fields.iter().map(|(field, _)| field).filter(|field| is_wrong(*field));
            self.state.own = wrong.fold(self.state.own, |own, wrong| own.without(FieldSet::of(wrong)));
            for (field, value) in fields.iter().filter(|(field, _)| !is_wrong(*field)) {
                self.state.fields.add(field, value.clone());
            }
        }
    }
}

/// Makes a list empty which nearly always is.
#[inline]
fn clear(attributes: &mut Vec<KeyValue>) {
    if !attributes.is_empty() {
        attributes.clear();
    }
}

/// Cuts a list of attributes, and gives the number of those that are gone.
pub(super) fn cut(attributes: &mut Vec<KeyValue>, limit: usize) -> u32 {
    let dropped = attributes.len().saturating_sub(limit);
    attributes.truncate(limit);
    u32::try_from(dropped).unwrap_or(u32::MAX)
}
