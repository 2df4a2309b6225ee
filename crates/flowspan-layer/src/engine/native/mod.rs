//! The engine of our own: one record for each span, one pass over its fields, no span of the SDK.

mod callsite;
mod clock;
mod export;
mod hear;
mod here;
mod origin;
mod proxy;
mod record;
mod shadow;
mod spans;
mod words;

use std::{
    any::TypeId,
    marker::PhantomData,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::SystemTime,
};

use flowspan_model::{Event as ModelEvent, EventSink, Fields, Moment, TARGET};
use opentelemetry::{
    Context as OtelContext, KeyValue,
    trace::{Event as OtelEvent, SpanId, Status, TraceContextExt},
};
use tracing::{
    Dispatch, Event, Level, Subscriber,
    span::{Attributes, Id, Record as Values},
};
use tracing_subscriber::{
    layer::Context,
    registry::{LookupSpan, SpanRef},
};

pub use self::spans::Spans;
use self::{
    hear::Hear,
    origin::Traces,
    record::{Life, Record, State, Work},
    shadow::Shadows,
};
use super::{SpanEngine, mends::EventVisitor};
use crate::{
    callsites::{Callsites, Plan},
    observation::FieldVisitor,
};

/// Numbers the engines of the process, so that none takes another's spans for its own.
static ENGINES: AtomicU64 = AtomicU64::new(0);

/// See the [module](self).
pub(crate) struct Native<S> {
    number: u64,
    traces: Arc<Traces>,
    events: Arc<dyn EventSink>,
    callsites: Callsites,
    shadows: Shadows,
    subscriber: PhantomData<fn(S)>,
}

impl<S> Native<S>
where
    S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
{
    pub(crate) fn new(spans: Spans, events: Arc<dyn EventSink>) -> Self {
        let number = ENGINES.fetch_add(1, Ordering::Relaxed);
        let traces = Arc::new(Traces::new(spans));
        Native {
            number,
            shadows: Shadows::new(number, Arc::clone(&traces), find::<S>),
            traces,
            events,
            callsites: Callsites::default(),
            subscriber: PhantomData,
        }
    }

    fn find(&self, id: &Id, context: &Context<'_, S>) -> Option<Arc<Record>> {
        here::find(self.number, id.into_u64()).or_else(|| record_of(&context.span(id)?))
    }

    /// The span in which an event happened.
    fn span_of(&self, event: &Event<'_>, context: &Context<'_, S>) -> Option<Arc<Record>> {
        if event.is_contextual() {
            return here::innermost(self.number).map(|(record, _)| record);
        }
        context.span(event.parent()?)?.scope().find_map(|span| record_of(&span))
    }

    /// Takes over what `OpenTelemetrySpanExt` has said about a span before it started.
    fn settle(&self, record: &Record) {
        if record.has_shadow.load(Ordering::Acquire) && record.state().life == Life::Open {
            self.shadows.settle(record);
        }
    }

    /// The work of a span begins, if it has not begun yet. Says whether the span is kept.
    fn begin(&self, record: &Record) -> bool {
        self.settle(record);
        let mut state = record.state();
        let is_kept = state.origin.is_recording || state.origin.context.is_sampled();
        if state.life >= Life::Begun {
            return is_kept;
        }
        state.life = Life::Begun;
        if let Some(outer) = record.outer.as_ref().filter(|_| record.is_work) {
            // From the inside outwards, always: two threads cannot wait for each other.
            state.inherit(&outer.state());
        }
        let wanted =
            state.work.as_ref().is_some_and(|work| self.events.wants(Moment::Started, work.plan.kind));
        let event = if wanted { state.started() } else { None };
        drop(state);
        if let Some(event) = event {
            self.events.event(&event);
        }
        is_kept
    }

    /// Something of the vocabulary happened.
    fn occur(&self, event: &Event<'_>, plan: &Plan, around: Option<&Arc<Record>>) {
        let mut fields = Fields::with_capacity(event.metadata().fields().len());
        event.record(&mut FieldVisitor { plan, fields: &mut fields });
        let mut ids = Default::default();
        if let Some(around) = around {
            let state = around.state();
            ids = state.ids();
            let known = state.work.iter().flat_map(|work| work.fields.iter());
            for (field, value) in known.filter(|(field, _)| field.is_inherited()) {
                fields.set_default(field, value);
            }
        }
        self.events.event(&ModelEvent {
            moment: Moment::Occurred,
            kind: plan.kind,
            time: SystemTime::now(),
            ids,
            duration: None,
            fields,
        });
    }

    fn add_event(event: &Event<'_>, record: &Record) {
        if !record.state().is_recording() {
            return;
        }
        let metadata = event.metadata();
        let is_foreign = metadata.target() != TARGET;
        let mut visitor = EventVisitor::default();
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
            SystemTime::now(),
            visitor.attributes,
            0,
        ));
    }
}

impl<S> SpanEngine<S> for Native<S>
where
    S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
{
    fn register(&self, dispatch: &Dispatch) {
        self.shadows.register(dispatch);
    }

    fn new_span(&self, attributes: &Attributes<'_>, id: &Id, context: &Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let metadata = attributes.metadata();
        let (parent, visible) = if attributes.is_contextual() {
            here::innermost(self.number).unzip()
        } else {
            let parent = attributes.parent().and_then(|parent| context.span(parent));
            (parent.and_then(|parent| parent.scope().find_map(|span| record_of(&span))), None)
        };
        let capacity = metadata.fields().len();
        let work = self.callsites.plan(metadata).map(|plan| Work::new(plan, capacity));
        let decided = self.decide_early(attributes, parent.as_ref(), visible);
        let is_decided = decided.is_some();
        let origin = decided.unwrap_or_else(origin::undecided);
        let mut state = State::new(metadata.name(), self.traces.spans.limits, origin, work, capacity);
        attributes.record(&mut Hear(&mut state));
        if !is_decided {
            self.decide_late(attributes, parent.as_ref(), visible, &mut state);
        }
        let outer = parent.as_ref().and_then(Record::nearest_work).cloned();
        let record = Arc::new(Record::new(self.number, id.into_u64(), outer, state));
        here::made(&record);
        span.extensions_mut().replace(record);
    }

    fn record(&self, id: &Id, values: &Values<'_>, context: &Context<'_, S>) {
        if let Some(record) = self.find(id, context) {
            values.record(&mut Hear(&mut record.state()));
        }
    }

    fn follows_from(&self, id: &Id, follows: &Id, context: &Context<'_, S>) {
        let (Some(record), Some(followed)) = (self.find(id, context), self.find(follows, context)) else {
            return;
        };
        self.settle(&followed);
        let followed = followed.fixed();
        let mut state = record.state();
        if state.is_recording() {
            state.add_link(followed, Vec::new());
        }
    }

    fn event(&self, event: &Event<'_>, context: &Context<'_, S>) {
        let span = self.span_of(event, context);
        if let Some(record) = &span {
            Self::add_event(event, record);
        }
        if let Some(plan) = self.callsites.plan(event.metadata()) {
            self.occur(event, &plan, span.as_ref().and_then(Record::nearest_work));
        }
    }

    fn enter(&self, id: &Id, context: &Context<'_, S>) {
        let Some(record) = self.find(id, context) else { return };
        let is_kept = self.begin(&record);
        // Inside a trace that is not kept, nobody misses the spans in it: whatever OpenTelemetry makes
        // here is not kept, either.
        let hidden_in = if is_kept { None } else { unkept_around(&record) };
        match hidden_in {
            Some(visible) => here::enter(record, visible, None),
            None => {
                let (active, own) = record.context();
                here::enter(record, own, Some(active));
            }
        }
    }

    fn exit(&self, id: &Id, _: &Context<'_, S>) {
        here::exit(self.number, id.into_u64());
    }

    fn close(&self, id: &Id, context: &Context<'_, S>) {
        let Some(record) = self.find(id, context) else { return };
        let begun = record.state().life >= Life::Begun;
        if !begun {
            self.begin(&record);
        }
        here::closed(&record);
        record.is_closed.store(true, Ordering::Release);
        let mut state = record.state();
        let is_recording = state.is_recording();
        state.life = Life::Closed;
        let (active, shadow) = (state.active.take(), state.shadow.take());
        let event = state.ended(begun);
        let span = is_recording.then(|| state.export(event.as_ref(), &self.traces.spans.scope));
        drop(state);
        // What is dropped or called from here on may come back to this span.
        drop(active);
        if let Some(shadow) = shadow {
            self.shadows.close(shadow);
        }
        if let Some(event) = &event {
            self.events.event(event);
        }
        if let Some(span) = span {
            self.traces.spans.normalizer.take(span);
        }
    }

    fn interface(&self, id: TypeId) -> Option<*const ()> {
        self.shadows.interface(id)
    }
}

/// The span that OpenTelemetry sees around this one, if that is in the same trace and not kept.
fn unkept_around(record: &Record) -> Option<SpanId> {
    let trace = record.state().origin.context.trace_id();
    OtelContext::map_current(|current| {
        let span = current.span();
        let around = span.span_context();
        (around.trace_id() == trace && !around.is_sampled()).then(|| around.span_id())
    })
}

/// Finds the record of a `tracing` span by its number.
fn find<S>(dispatch: &Dispatch, id: &Id) -> Option<Arc<Record>>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    record_of(&dispatch.downcast_ref::<S>()?.span(id)?)
}

/// The record of a `tracing` span.
fn record_of<'span, R: LookupSpan<'span>>(span: &SpanRef<'span, R>) -> Option<Arc<Record>> {
    span.extensions().get::<Arc<Record>>().cloned()
}
