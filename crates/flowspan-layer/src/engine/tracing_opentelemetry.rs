//! The engine that is `tracing-opentelemetry`, with its mistakes mended.

use std::{any::TypeId, sync::OnceLock, time::SystemTime};

use flowspan_model::{Field, SpanIds, TARGET};
use opentelemetry::{
    Context as OtelContext, KeyValue,
    trace::{Status, TraceContextExt},
};
use opentelemetry_sdk::trace::SdkTracer;
use tracing::{
    Dispatch, Event, Level, Subscriber,
    dispatcher::WeakDispatch,
    span::{Attributes, Id, Record},
};
use tracing_opentelemetry::OpenTelemetryLayer;
use tracing_subscriber::{
    Layer,
    layer::Context,
    registry::{LookupSpan, SpanRef},
};

use super::mends::{EventVisitor, Mends};

/// How a span ends.
#[derive(Debug, Default)]
pub(super) struct Ending {
    /// Its final name, if that is not the one it was made with.
    pub(super) name: Option<String>,
    /// The moment of the end; now, if nobody said it before.
    pub(super) time: Option<SystemTime>,
    /// The agent around it, if it shall stand on the span.
    pub(super) agent: Option<String>,
}

/// `tracing-opentelemetry` with its lean settings.
pub(super) struct TracingOpenTelemetry<S> {
    inner: OpenTelemetryLayer<S, SdkTracer>,
    dispatch: OnceLock<WeakDispatch>,
}

impl<S> TracingOpenTelemetry<S>
where
    S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
{
    pub(super) fn new(tracer: SdkTracer) -> Self {
        // Where a span was made, on which thread and how long it was idle: six more attributes on
        // every span, which cost a third of its price.
        let inner = OpenTelemetryLayer::new(tracer)
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false);
        TracingOpenTelemetry { inner, dispatch: OnceLock::new() }
    }

    /// The OpenTelemetry context of a span. Must not be called while its extensions are borrowed.
    fn otel_context(&self, id: &Id) -> Option<OtelContext> {
        let dispatch = self.dispatch.get()?.upgrade()?;
        tracing_opentelemetry::get_otel_context(id, &dispatch)
    }

    /// Tells it by which dispatcher its spans can be found.
    pub(super) fn register(&self, dispatch: &Dispatch) {
        // A layer belongs to one subscriber; if it is asked again, the first answer holds.
        let _ = self.dispatch.set(dispatch.downgrade());
    }

    /// The trace and the span of this `tracing` span, which starts it if need be.
    pub(super) fn ids(&self, id: &Id) -> SpanIds {
        self.otel_context(id).map_or_else(SpanIds::default, |context| {
            let span = context.span();
            let span = span.span_context();
            SpanIds { trace: span.trace_id().to_bytes(), span: span.span_id().to_bytes(), parent: None }
        })
    }

    /// Adds an event to the span in which it happened.
    pub(super) fn add_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let Some(context) = context.event_span(event).and_then(|span| self.otel_context(&span.id())) else {
            return;
        };
        let metadata = event.metadata();
        let mut visitor = EventVisitor::default();
        if metadata.target() != TARGET {
            visitor.attributes.push(KeyValue::new("level", metadata.level().as_str()));
            visitor.attributes.push(KeyValue::new("target", metadata.target()));
        }
        event.record(&mut visitor);
        let span = context.span();
        if *metadata.level() == Level::ERROR {
            span.set_status(Status::error(visitor.message.clone().unwrap_or_default()));
        }
        match visitor.message.filter(|_| metadata.target() != TARGET) {
            Some(message) => span.add_event(message, visitor.attributes),
            None => span.add_event(metadata.name(), visitor.attributes),
        }
    }

    /// Ends the span. `on_close` follows.
    pub(super) fn end(&self, id: &Id, ending: Ending, context: Context<'_, S>) {
        let mends = context.span(id).and_then(|span| span.extensions_mut().remove::<Mends>());
        let Some(otel_context) = self.otel_context(id) else { return };
        let span = otel_context.span();
        let (integers, late_name) = mends.map(|mends| (mends.integers, mends.name)).unwrap_or_default();
        if !integers.is_empty() {
            span.set_attributes(integers);
        }
        if let Some(agent) = ending.agent {
            span.set_attribute(KeyValue::new(Field::AgentName.key(), agent));
        }
        if let Some(name) = late_name.or(ending.name) {
            span.update_name(name);
        }
        // Ended here, because the layer would take the moment of the last exit.
        span.end_with_timestamp(ending.time.unwrap_or_else(SystemTime::now));
    }
}

impl<S> Layer<S> for TracingOpenTelemetry<S>
where
    S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        self.inner.on_new_span(attributes, id, context.clone());
        let mut mends = Mends::default();
        attributes.record(&mut mends);
        // A name that is there from the beginning is heard.
        mends.name = None;
        keep(mends, context.span(id));
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        self.inner.on_record(id, values, context.clone());
        let mut mends = Mends::default();
        values.record(&mut mends);
        keep(mends, context.span(id));
    }

    fn on_follows_from(&self, id: &Id, follows: &Id, context: Context<'_, S>) {
        self.inner.on_follows_from(id, follows, context);
    }

    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        self.inner.on_enter(id, context);
    }

    fn on_exit(&self, id: &Id, context: Context<'_, S>) {
        self.inner.on_exit(id, context);
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        self.inner.on_close(id, context);
    }

    #[expect(unsafe_code, reason = "`OpenTelemetrySpanExt` finds the inner layer by this method alone")]
    unsafe fn downcast_raw(&self, id: TypeId) -> Option<*const ()> {
        // SAFETY: the pointer comes from the inner layer, which lives exactly as long as `self`.
        unsafe { self.inner.downcast_raw(id) }
    }
}

/// Adds to the mends of a span, if there is anything to mend.
fn keep<'span, R: LookupSpan<'span>>(mends: Mends, span: Option<SpanRef<'span, R>>) {
    let Some(span) = span.filter(|_| !mends.is_empty()) else { return };
    let mut extensions = span.extensions_mut();
    match extensions.get_mut::<Mends>() {
        Some(known) => {
            known.integers.extend(mends.integers);
            known.name = mends.name.or(known.name.take());
        }
        None => extensions.insert(mends),
    }
}
