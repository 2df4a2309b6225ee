//! The engine on top of `tracing-opentelemetry`, with the observations beside its spans.

use std::{any::TypeId, sync::Arc, time::SystemTime};

use flowspan_model::{Event as ModelEvent, EventSink, Field, Fields, Kind, Moment, SpanIds};
use opentelemetry_sdk::trace::SdkTracer;
use tracing::{
    Dispatch, Event, Subscriber,
    span::{Attributes, Id, Record},
};
use tracing_subscriber::{
    Layer,
    layer::Context,
    registry::{LookupSpan, SpanRef},
};

use super::{
    SpanEngine,
    tracing_opentelemetry::{Ending, TracingOpenTelemetry},
};
use crate::{
    callsites::{self, Plan},
    convention::names_its_agent,
    names::span_name,
    observation::{FieldVisitor, Observation},
};

/// See the [module](self).
pub(crate) struct Compatible<S> {
    spans: TracingOpenTelemetry<S>,
    events: Arc<dyn EventSink>,
}

impl<S> Compatible<S>
where
    S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
{
    pub(crate) fn new(tracer: SdkTracer, events: Arc<dyn EventSink>) -> Self {
        Compatible { spans: TracingOpenTelemetry::new(tracer), events }
    }

    /// Begins the work of a span, if it is one of the vocabulary and has not begun yet.
    fn begin(&self, span: &SpanRef<'_, S>) {
        let waits = |span: &SpanRef<'_, S>| {
            span.extensions().get::<Observation>().is_some_and(|observation| observation.ids().is_none())
        };
        if !waits(span) {
            return;
        }
        let mut ids = self.spans.ids(&span.id());
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
    fn occur(&self, event: &Event<'_>, kind: Kind, plan: &Plan, context: &Context<'_, S>) {
        let mut fields = Fields::with_capacity(plan.len());
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
            kind,
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

impl<S> SpanEngine<S> for Compatible<S>
where
    S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
{
    fn register(&self, dispatch: &Dispatch) {
        self.spans.register(dispatch);
    }

    fn new_span(&self, attributes: &Attributes<'_>, id: &Id, context: &Context<'_, S>) {
        self.spans.on_new_span(attributes, id, context.clone());
        let metadata = attributes.metadata();
        let plan = callsites::plan(metadata);
        if let (Some(kind), Some(span)) = (plan.kind, context.span(id)) {
            let mut observation = Observation::new(kind, plan);
            observation.record(|visitor| attributes.record(visitor));
            span.extensions_mut().insert(observation);
        }
    }

    fn record(&self, id: &Id, values: &Record<'_>, context: &Context<'_, S>) {
        self.spans.on_record(id, values, context.clone());
        let Some(span) = context.span(id) else { return };
        if let Some(observation) = span.extensions_mut().get_mut::<Observation>() {
            observation.record(|visitor| values.record(visitor));
        }
    }

    fn follows_from(&self, id: &Id, follows: &Id, context: &Context<'_, S>) {
        self.spans.on_follows_from(id, follows, context.clone());
    }

    fn event(&self, event: &Event<'_>, context: &Context<'_, S>) {
        self.spans.add_event(event, context.clone());
        let plan = callsites::plan(event.metadata());
        if let Some(kind) = plan.kind {
            self.occur(event, kind, plan, context);
        }
    }

    fn enter(&self, id: &Id, context: &Context<'_, S>) {
        self.spans.on_enter(id, context.clone());
        if let Some(span) = context.span(id) {
            self.begin(&span);
        }
    }

    fn exit(&self, id: &Id, context: &Context<'_, S>) {
        self.spans.on_exit(id, context.clone());
    }

    fn close(&self, id: &Id, context: &Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let begun = span.extensions().get::<Observation>().is_some_and(|known| known.ids().is_some());
        self.begin(&span);
        let observation = span.extensions_mut().remove::<Observation>();
        let mut ending = Ending::default();
        if let Some(observation) = observation {
            let kind: Kind = observation.kind();
            let (event, time) = observation.end(begun);
            let agent = event.fields.text(Field::AgentName).filter(|_| names_its_agent(kind));
            ending = Ending {
                name: span_name(kind, &event.fields),
                time: Some(time),
                agent: agent.map(str::to_owned),
            };
            self.events.event(&event);
        }
        self.spans.end(id, ending, context.clone());
        self.spans.on_close(id.clone(), context.clone());
    }

    #[expect(unsafe_code, reason = "`OpenTelemetrySpanExt` finds the inner layer by this method alone")]
    fn interface(&self, id: TypeId) -> Option<*const ()> {
        // SAFETY: nothing is required of the caller but to take the pointer for what it is.
        unsafe { self.spans.downcast_raw(id) }
    }
}
