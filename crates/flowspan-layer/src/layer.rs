//! The layer itself.

use std::{any::TypeId, fmt, sync::Arc, time::SystemTime};

use flowspan_model::{Event as ModelEvent, EventSink, Fields, Kind, Moment, SpanIds};
use opentelemetry_sdk::trace::SdkTracer;
use tracing::{
    Dispatch, Event, Level, Metadata, Subscriber,
    level_filters::LevelFilter,
    span::{Attributes, Id, Record},
};
use tracing_subscriber::{
    Layer,
    layer::Context,
    registry::{LookupSpan, SpanRef},
};

use crate::{
    callsites::{Callsites, Plan},
    engine::{Ending, SpanEngine, TracingOpenTelemetry},
    names::span_name,
    observation::{FieldVisitor, Observation},
};

/// What is more verbose than this is no telemetry, unless [`FlowspanLayer::with_level`] says
/// otherwise.
pub const DEFAULT_LEVEL: Level = Level::INFO;

/// Targets whose events are about telemetry and never part of it.
const OWN_NOISE: &str = "opentelemetry";

/// Listens to `tracing` on behalf of flowspan. See the [crate documentation](crate).
pub struct FlowspanLayer<S> {
    engine: Box<dyn SpanEngine<S>>,
    events: Arc<dyn EventSink>,
    callsites: Callsites,
    level: Level,
}

impl<S> FlowspanLayer<S>
where
    S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
{
    /// A layer that starts its spans on this tracer and sends its events to this sink.
    pub fn new(tracer: SdkTracer, events: Arc<dyn EventSink>) -> Self {
        FlowspanLayer {
            engine: Box::new(TracingOpenTelemetry::new(tracer)),
            events,
            callsites: Callsites::default(),
            level: DEFAULT_LEVEL,
        }
    }

    /// Also listens to spans and events that are more verbose, or to fewer. Default:
    /// [`DEFAULT_LEVEL`]. Spans of flowspan's own vocabulary have level `INFO`.
    #[must_use]
    pub fn with_level(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    fn listens_to(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= self.level
    }

    /// Begins the work of a span, if it is one of the vocabulary and has not begun yet.
    fn begin(&self, span: &SpanRef<'_, S>) {
        let waits = |span: &SpanRef<'_, S>| {
            span.extensions().get::<Observation>().is_some_and(|observation| observation.ids().is_none())
        };
        if !waits(span) {
            return;
        }
        let mut ids = self.engine.ids(&span.id());
        let outer = nearest(span.parent());
        let event = {
            let mut extensions = span.extensions_mut();
            let Some(observation) = extensions.get_mut::<Observation>() else { return };
            if let Some((fields, outer_ids)) = outer {
                observation.inherit(&fields);
                ids.parent = Some(outer_ids.span);
            }
            observation.start(ids)
        };
        self.events.event(&event);
    }

    /// Something of the vocabulary happened.
    fn occur(&self, event: &Event<'_>, plan: &Plan, context: &Context<'_, S>) {
        let mut fields = Fields::with_capacity(event.metadata().fields().len());
        event.record(&mut FieldVisitor { plan, fields: &mut fields });
        let mut ids = SpanIds::default();
        if let Some((outer, outer_ids)) = nearest(context.event_span(event)) {
            for (field, value) in outer.iter().filter(|(field, _)| field.is_inherited()) {
                fields.set_default(field, value);
            }
            ids = outer_ids;
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
}

/// The nearest span of the vocabulary, from this one outwards: what it says and where it stands.
fn nearest<'span, R>(from: Option<SpanRef<'span, R>>) -> Option<(Fields, SpanIds)>
where
    R: LookupSpan<'span>,
{
    from?.scope().find_map(|span| {
        let extensions = span.extensions();
        let observation = extensions.get::<Observation>()?;
        Some((observation.fields().clone(), observation.ids().unwrap_or_default()))
    })
}

impl<S> Layer<S> for FlowspanLayer<S>
where
    S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
{
    fn on_register_dispatch(&self, subscriber: &Dispatch) {
        self.engine.register(subscriber);
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::from_level(self.level))
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let metadata = attributes.metadata();
        if !self.listens_to(metadata) {
            return;
        }
        self.engine.on_new_span(attributes, id, context.clone());
        if let (Some(plan), Some(span)) = (self.callsites.plan(metadata), context.span(id)) {
            let mut observation = Observation::new(plan, metadata.fields().len());
            observation.record(|visitor| attributes.record(visitor));
            span.extensions_mut().insert(observation);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id).filter(|span| self.listens_to(span.metadata())) else { return };
        self.engine.on_record(id, values, context.clone());
        if let Some(observation) = span.extensions_mut().get_mut::<Observation>() {
            observation.record(|visitor| values.record(visitor));
        }
    }

    fn on_follows_from(&self, id: &Id, follows: &Id, context: Context<'_, S>) {
        self.engine.on_follows_from(id, follows, context);
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let metadata = event.metadata();
        if !self.listens_to(metadata) || metadata.target().starts_with(OWN_NOISE) {
            return;
        }
        self.engine.add_event(event, context.clone());
        if let Some(plan) = self.callsites.plan(metadata) {
            self.occur(event, &plan, &context);
        }
    }

    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id).filter(|span| self.listens_to(span.metadata())) else { return };
        self.engine.on_enter(id, context.clone());
        self.begin(&span);
    }

    fn on_exit(&self, id: &Id, context: Context<'_, S>) {
        if context.metadata(id).is_some_and(|metadata| self.listens_to(metadata)) {
            self.engine.on_exit(id, context);
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id).filter(|span| self.listens_to(span.metadata())) else { return };
        let begun = span.extensions().get::<Observation>().is_some_and(|known| known.ids().is_some());
        self.begin(&span);
        let observation = span.extensions_mut().remove::<Observation>();
        let mut ending = Ending::default();
        if let Some(observation) = observation {
            let kind: Kind = observation.kind();
            let (event, time) = observation.end(begun);
            ending = Ending { name: span_name(kind, &event.fields), time: Some(time) };
            self.events.event(&event);
        }
        self.engine.end(&id, ending, context.clone());
        self.engine.on_close(id, context.clone());
    }

    #[expect(unsafe_code, reason = "the engine's own extension trait has to find it through this layer")]
    unsafe fn downcast_raw(&self, id: TypeId) -> Option<*const ()> {
        if id == TypeId::of::<Self>() {
            return Some(std::ptr::from_ref(self).cast());
        }
        // SAFETY: the pointer comes from the engine, which lives exactly as long as `self`.
        unsafe { self.engine.downcast_raw(id) }
    }
}

impl<S> fmt::Debug for FlowspanLayer<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FlowspanLayer").field("level", &self.level).finish_non_exhaustive()
    }
}
