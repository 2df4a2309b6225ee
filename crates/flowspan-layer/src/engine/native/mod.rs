//! The engine of our own: one record for each span, one pass over its fields, no span of the SDK.

mod export;
mod hear;
mod here;
mod open;
mod origin;
mod proxy;
mod record;
mod shadow;
mod spans;
mod wanted;

use std::{
    any::TypeId,
    marker::PhantomData,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use flowspan_clock::{Monotonic, Times};
use flowspan_model::{Event as ModelEvent, EventSink, FieldSet, Kind, Moment, Semconv, TARGET};
use flowspan_span::{EndedSpan, Lent, speak};
use opentelemetry::{
    Context as OtelContext, KeyValue,
    trace::{Event as OtelEvent, SpanContext, SpanId, Status, TraceContextExt},
};
use opentelemetry_sdk::trace::SpanData;
use tracing::{
    Dispatch, Event, Level, Subscriber,
    span::{Attributes, Id, Record as Values},
};
use tracing_subscriber::{layer::Context, registry::LookupSpan};

pub use self::spans::{Spans, Unheard};
use self::{
    hear::{Hear, Listener},
    here::Visible,
    open::Open,
    origin::Traces,
    record::{Life, Record, Shared, State, known_work},
    shadow::Shadows,
    wanted::Wanted,
};
use super::{
    SpanEngine, is_inside,
    mends::{EventVisitor, Judged},
    occurred,
};
use crate::{
    accounting::{self, Accounting, Sums},
    callsites::{self, Plan},
    content::Contents,
    dialects::{Dialect, Dialects},
    lock::Locked,
};

/// Numbers the engines of the process, so that none takes another's spans for its own.
static ENGINES: AtomicU64 = AtomicU64::new(0);

/// The fields that the accounting adds, as a set: what stands in them is the span's own.
const ACCOUNTED: FieldSet = {
    let (mut added, mut list) = (FieldSet::NONE, 0);
    while list < accounting::ADDED.len() {
        let fields = accounting::ADDED[list];
        let mut place = 0;
        while place < fields.len() {
            added = added.and(FieldSet::of(fields[place]));
            place += 1;
        }
        list += 1;
    }
    added
};

/// See the [module](self).
pub(crate) struct Native<S> {
    number: u64,
    traces: Arc<Traces>,
    open: Arc<Open>,
    events: Arc<dyn EventSink>,
    wanted_starts: Wanted,
    wanted_occurrences: Wanted,
    accounting: Accounting,
    shadows: Shadows,
    dialects: Dialects,
    contents: Contents,
    subscriber: PhantomData<fn(S)>,
}

impl<S> Native<S>
where
    S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
{
    pub(crate) fn new(spans: Spans, events: Arc<dyn EventSink>) -> Self {
        let traces = Arc::new(Traces::new(spans));
        let number = ENGINES.fetch_add(1, Ordering::Relaxed);
        // So that no span has to wait for it.
        Monotonic::now();
        let open = Open::of_engine(number);
        Native {
            number,
            shadows: Shadows::new(Arc::clone(&open), Arc::clone(&traces)),
            traces,
            open,
            wanted_starts: Wanted::of(&*events, Moment::Started),
            wanted_occurrences: Wanted::of(&*events, Moment::Occurred),
            events,
            dialects: Dialects::default(),
            contents: Contents::default(),
            accounting: Accounting::default(),
            subscriber: PhantomData,
        }
    }

    /// Looks at an open span.
    #[inline]
    fn look<T>(&self, id: u64, look: impl FnOnce(&Shared) -> T) -> Option<T> {
        here::look(self.number, id, look).map_or_else(|look| self.look_far(id, look), Some)
    }

    /// Looks at an open span that is not at hand, and is from now on.
    #[cold]
    fn look_far<T>(&self, id: u64, look: impl FnOnce(&Shared) -> T) -> Option<T> {
        let record = self.open.find(id)?;
        here::remember(Shared::clone(&record));
        Some(look(&record))
    }

    /// The span that a new span or an event names as its parent, or the nearest one around that.
    fn named(&self, parent: Option<&Id>, context: &Context<'_, S>) -> Option<u64> {
        let is_heard = |id: &u64| self.look(*id, |_| ()).is_some();
        context.span(parent?)?.scope().map(|span| span.id().into_u64()).find(is_heard)
    }

    /// Takes over what `OpenTelemetrySpanExt` has said about a span before it started.
    fn settle(&self, record: &Record) {
        if record.has_shadow.load(Ordering::Acquire) && !record.is(Life::Fixed) {
            self.shadows.settle(record);
        }
    }

    /// The same for a span that is over and has never been entered. It is found once more for that.
    #[cold]
    fn settle_at_last(&self, record: &Shared) {
        if self.open.insert(record) {
            self.settle(record);
            drop(self.open.remove(record.id));
        }
    }

    /// A span of a dialect has said something: it may have turned out to be work.
    fn decide(&self, id: u64) {
        let started = self.look(id, |record| {
            let mut state = record.state();
            let is_new = record.decide(&mut state) && record.is(Life::Begun);
            is_new.then(|| self.begin_work(record, &mut state)).flatten()
        });
        if let Some(kind) = started.flatten().filter(|kind| self.wanted_starts.has(*kind)) {
            self.tell_start(id, kind);
        }
    }

    /// The work of a span begins, unless it has begun. Gives what it is if that is to be told.
    #[inline]
    fn begin(&self, record: &Record, state: &mut State) -> Option<Kind> {
        if record.becomes(Life::Begun, state) { self.begin_work(record, state) } else { None }
    }

    /// What has begun is work.
    fn begin_work(&self, record: &Record, state: &mut State) -> Option<Kind> {
        let kind = record.kind()?;
        if let Some(outer) = record.around() {
            // From the inside outwards, always: two threads cannot wait for each other.
            state.inherit(&outer.state(), outer.origin().context.span_id());
        }
        Some(kind)
    }

    /// Tells of the start of work, while nothing is locked and the thread is not inside the span.
    fn tell_start(&self, id: u64, kind: Kind) {
        if let Some(event) = self.look(id, |record| record.started(kind)) {
            self.events.event(&event);
        }
    }

    /// The thread is inside a span from now on.
    #[inline]
    fn step_into(&self, record: &Record, state: Locked<'_, State>) {
        // Inside a trace that is not kept, nobody misses the spans in it: whatever OpenTelemetry makes here is
        // not kept, either.
        if let Some(visible) = unkept_around(self.number, record) {
            drop(state);
            return here::enter(self.number, record.id, visible, None);
        }
        let visible = visible(record.origin().context.span_id());
        let guard = record.activate(state);
        here::enter(self.number, record.id, visible, Some(guard));
    }

    /// Judges the content that was said through the OpenTelemetry API. Who judges may log, which belongs to
    /// the span, so it is not locked meanwhile.
    fn judge(&self, record: &Record) {
        let said = record.state().take_content();
        for said in said {
            let attributes = self.contents.of_text(said.key.as_str(), &said.value.as_str());
            record.state().set_attributes(attributes);
        }
    }

    /// A span has ended: what model calls in it came to is settled, if it is work, and goes on to the
    /// span around it.
    #[inline]
    fn settle_accounts(&self, record: &Record, state: &mut State, event: Option<&mut ModelEvent>) {
        let passed = self.accounting.passed(|| record.origin().context.span_id());
        if let Some(passed) = &passed {
            state.sums.add(passed);
        } else if !record.plan.may_be_work() {
            return;
        }
        self.accounting.fell(state.fell);
        if let Some(event) = event {
            self.accounting.settle(event, &mut state.sums);
            state.own = state.own.and(ACCOUNTED);
        }
        self.pass_on(record, &state.sums);
    }

    /// Adds sums to those of the nearest span around this one that may be work.
    #[inline]
    fn pass_on(&self, record: &Record, sums: &Sums) {
        let mut outer = record.outer.as_deref();
        // One that is over tells nobody any more.
        while let Some(closed) = outer.filter(|outer| outer.is(Life::Closed)) {
            outer = closed.outer.as_deref();
        }
        if let Some(outer) = outer {
            // From the inside outwards, always.
            outer.state().sums.add(sums);
        }
    }

    #[cold]
    fn settle_question(&self, record: &Record, mut facts: Lent, mut sums: Sums) -> EndedSpan {
        let normalizer = &self.traces.spans.normalizer;
        if let Some(passed) = self.accounting.passed(|| record.origin().context.span_id()) {
            sums.add(&passed);
        }
        // It is understood in the latest generation of the convention, and told in that of the program.
        let semconv = std::mem::replace(&mut facts.semconv, Semconv::Latest);
        let mut data = SpanData::from(EndedSpan::from(facts));
        let event = self.dialects.hear_span(&mut data, None, &self.accounting, &mut sums);
        self.pass_on(record, &sums);
        if let Some(event) = event {
            normalizer.links().add(&mut data);
            self.events.event(&event);
        }
        if semconv != Semconv::Latest {
            speak(&mut data.attributes, semconv);
        }
        data.into()
    }

    /// Lets go of what a span has held while it was open. It may come back to the span when it is dropped, so
    /// nothing is locked meanwhile.
    #[inline]
    fn let_go(&self, left: Left) {
        let Left { active, around, shadow } = left;
        drop((active, around));
        if let Some(shadow) = shadow {
            self.shadows.close(shadow);
        }
    }

    /// Something of the vocabulary happened.
    fn occur(&self, event: &Event<'_>, kind: Kind, plan: &Plan, around: Option<&Record>) {
        if !self.wanted_occurrences.has(kind) {
            return;
        }
        let mut told = occurred(event, kind, plan);
        if let Some(around) = around {
            let state = around.state();
            is_inside(&mut told, &state.fields, around.ids(&state));
        }
        self.events.event(&told);
    }

    fn add_event(&self, event: &Event<'_>, record: &Record) {
        let metadata = event.metadata();
        if !record.is_recording() {
            // How a span of a dialect ended is measured, even if nobody keeps it.
            if *metadata.level() == Level::ERROR && record.plan.foreign.is_some() {
                record.state().set_status(Status::error(""));
            }
            return;
        }
        let is_foreign = metadata.target() != TARGET;
        let mut visitor = EventVisitor::new(&self.contents, Judged::Now);
        if is_foreign {
            visitor.attributes.push(KeyValue::new("level", metadata.level().as_str()));
            visitor.attributes.push(KeyValue::new("target", metadata.target()));
        }
        event.record(&mut visitor);
        let mut state = record.state();
        if *metadata.level() == Level::ERROR {
            state.set_status(Status::error(visitor.message.clone().unwrap_or_default()));
        }
        let name = visitor.message.filter(|_| is_foreign).map_or(metadata.name().into(), Into::into);
        state.add_event(OtelEvent::new::<std::borrow::Cow<'static, str>>(
            name,
            Times::now().time(),
            visitor.attributes,
            0,
        ));
    }
}

impl<S> SpanEngine<S> for Native<S>
where
    S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
{
    fn account_by(&mut self, accounting: Accounting) {
        self.accounting = accounting;
    }

    fn register(&self, dispatch: &Dispatch) {
        self.shadows.register(dispatch);
    }

    fn understand(&mut self, dialect: Dialect) {
        self.dialects = self.dialects.with(dialect);
    }

    fn show(&mut self, contents: Contents) {
        self.contents = contents;
    }

    fn new_span(&self, attributes: &Attributes<'_>, id: &Id, context: &Context<'_, S>) {
        let metadata = attributes.metadata();
        let plan = callsites::plan(metadata, &self.dialects);
        let (parent, visible) = if attributes.is_contextual() {
            here::innermost(self.number).unzip()
        } else {
            (self.named(attributes.parent(), context), None)
        };
        let mut unshared = here::spare();
        unshared.open(self.number, id.into_u64(), plan);
        let inside = parent.and_then(|parent| {
            self.look(parent, |parent| {
                self.decide_inside(attributes, parent, visible, unshared.origin_mut());
                unshared.outer = Record::nearest_work(parent).cloned();
            })
        });
        let mut is_decided = inside.is_some();
        if !is_decided && let Some(origin) = self.decide_early(attributes) {
            *unshared.origin_mut() = origin;
            is_decided = true;
        }
        let is_recording = unshared.is_recording();
        let state = unshared.state_mut();
        state.open(metadata.name(), self.traces.spans.limits, plan);
        let contents = &self.contents;
        attributes.record(&mut Hear { plan, contents, is_recording, span: Listener::New(state) });
        if plan.foreign.is_some() {
            unshared.decide_alone();
        }
        let state = unshared.state_mut();
        if !is_decided {
            let origin = self.decide_late(attributes, state);
            *unshared.origin_mut() = origin;
        }
        let record = unshared.shareable();
        if self.open.insert(&record) {
            here::remember(record);
        } else {
            self.traces.spans.unheard.add();
        }
    }

    fn record(&self, id: &Id, values: &Values<'_>, _: &Context<'_, S>) {
        let may_turn_out = self.look(id.into_u64(), |record| {
            let (plan, is_recording) = (record.plan, record.is_recording());
            let contents = &self.contents;
            values.record(&mut Hear { plan, contents, is_recording, span: Listener::open(record) });
            plan.foreign.is_some()
        });
        if may_turn_out == Some(true) {
            self.decide(id.into_u64());
        }
    }

    fn follows_from(&self, id: &Id, follows: &Id, _: &Context<'_, S>) {
        let followed = self.look(follows.into_u64(), |followed| {
            self.settle(followed);
            followed.fixed().clone()
        });
        let Some(followed) = followed else { return };
        self.look(id.into_u64(), |record| {
            if record.is_recording() {
                record.state().add_link(followed, Vec::new());
            }
        });
    }

    fn event(&self, event: &Event<'_>, context: &Context<'_, S>) {
        let plan = callsites::plan(event.metadata(), &self.dialects);
        let span = match event.is_contextual() {
            true => here::innermost(self.number).map(|(id, _)| id),
            false => self.named(event.parent(), context),
        };
        let around = span.and_then(|span| {
            self.look(span, |record| {
                if !plan.is_repetition {
                    self.add_event(event, record);
                }
                plan.kind.and_then(|_| known_work(Record::nearest_work(record)).cloned())
            })
        });
        if let Some(kind) = plan.kind {
            self.occur(event, kind, plan, around.flatten().as_deref());
        }
    }

    fn enter(&self, id: &Id, _: &Context<'_, S>) {
        let id = id.into_u64();
        let told_first = self.look(id, |record| {
            self.settle(record);
            let mut state = record.state();
            let started = self.begin(record, &mut state);
            let told_first = started.filter(|kind| self.wanted_starts.has(*kind));
            if told_first.is_none() {
                self.step_into(record, state);
            }
            told_first
        });
        if let Some(kind) = told_first.flatten() {
            self.tell_start(id, kind);
            self.look(id, |record| self.step_into(record, record.state()));
        }
    }

    fn exit(&self, id: &Id, _: &Context<'_, S>) {
        here::exit(self.number, id.into_u64());
    }

    fn close(&self, id: &Id, _: &Context<'_, S>) {
        let Some(record) = self.open.remove(id.into_u64()) else { return };
        here::forget(&record);
        if record.has_shadow.load(Ordering::Acquire) && !record.is(Life::Fixed) {
            self.settle_at_last(&record);
        }
        if self.contents.is_wanted() {
            self.judge(&record);
        }
        let begun = record.is(Life::Begun);
        if !begun {
            let started = self.begin(&record, &mut record.state());
            if let Some(kind) = started
                && self.wanted_starts.has(kind)
            {
                self.events.event(&record.started(kind));
            }
        }
        let mut state = record.state();
        record.becomes(Life::Closed, &mut state);
        state.finish(record.kind(), record.plan);
        let mut rare = state.take_rare();
        let left = Left {
            active: state.active.take(),
            around: rare.as_mut().and_then(|rare| rare.around.take()),
            shadow: rare.as_ref().and_then(|rare| rare.shadow.clone()),
        };
        let spans = &self.traces.spans;
        let Some(kind) = record.kind() else {
            // What it is may have been said through `OpenTelemetrySpanExt` alone, and is not known yet.
            let is_open = left.shadow.is_some() && record.is_recording();
            let open_sums = is_open.then_some(state.sums);
            if open_sums.is_none() {
                self.settle_accounts(&record, &mut state, None);
            }
            let facts = record.is_recording().then(|| state.export(None, rare, record.origin(), spans));
            drop(state);
            self.let_go(left);
            let span = match (facts, open_sums) {
                (Some(facts), Some(sums)) => Some(self.settle_question(&record, facts, sums)),
                (facts, _) => facts.map(EndedSpan::from),
            };
            here::give_back(record, None);
            return span.into_iter().for_each(|span| spans.normalizer.take(span));
        };
        let ids = record.ids(&state);
        let mut event = state.ended(kind, ids, begun);
        self.settle_accounts(&record, &mut state, Some(&mut event));
        if !record.is_recording() {
            drop(state);
            self.let_go(left);
            self.events.event(&event);
            return here::give_back(record, Some(&mut event.fields));
        }
        let mut facts = state.export(Some(&event), rare, record.origin(), spans);
        drop(state);
        self.let_go(left);
        self.events.event(&event);
        std::mem::swap(&mut facts.fields, &mut event.fields);
        here::give_back(record, Some(&mut event.fields));
        spans.normalizer.links().add_to(kind, &mut facts);
        spans.normalizer.take(facts.into());
    }

    fn interface(&self, id: TypeId) -> Option<*const ()> {
        self.shadows.interface(id)
    }
}

/// What a span has held while it was open.
struct Left {
    active: Option<OtelContext>,
    around: Option<OtelContext>,
    shadow: Option<Id>,
}

/// The span that OpenTelemetry sees around this one, if that is of this engine, in the same trace, and neither is
/// kept.
#[inline]
fn unkept_around(engine: u64, record: &Record) -> Option<Visible> {
    let own = &record.origin().context;
    if own.is_sampled() || record.is_recording() { None } else { visible_of_unkept(engine, own) }
}

fn visible_of_unkept(engine: u64, own: &SpanContext) -> Option<Visible> {
    // What somebody else shows may be gone while the thread is inside the span: the caller in another process is
    // shown only until the span is entered.
    let (_, shown) = here::innermost(engine)?;
    OtelContext::map_current(|current| {
        let span = current.span();
        let around = span.span_context();
        let is_unkept = around.trace_id() == own.trace_id() && !around.is_sampled();
        (is_unkept && visible(around.span_id()) == shown).then_some(shown)
    })
}

/// The identifier of a span as a number.
#[inline]
fn visible(span: SpanId) -> Visible {
    u64::from_be_bytes(span.to_bytes())
}
