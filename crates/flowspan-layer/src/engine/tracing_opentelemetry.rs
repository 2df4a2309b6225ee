//! The engine that is `tracing-opentelemetry`, with its mistakes mended.

use std::{any::TypeId, sync::OnceLock, time::SystemTime};

use flowspan_model::{Field, SpanIds, TARGET};
use opentelemetry::{
    Context as OtelContext, KeyValue,
    trace::{SpanKind, Status, TraceContextExt},
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

use super::{
    mends::{EventVisitor, Judged, Mends},
    stand_in::FOREIGN,
};
use crate::{attributes::word_of, content::Contents, normalizer::withdrawn};

/// How a span ends.
#[derive(Debug, Default)]
pub(super) struct Ending {
    /// Its final name, if that is not the one it was made with.
    pub(super) name: Option<String>,
    /// The moment of the end; now, if nobody said it before.
    pub(super) time: Option<SystemTime>,
    /// What a span of a dialect has said.
    pub(super) attributes: Vec<KeyValue>,
    /// Its final status, if it is of a dialect.
    pub(super) status: Status,
    /// What holds in the end, whatever was recorded.
    pub(super) settled: Vec<KeyValue>,
    /// What was recorded and does not hold.
    pub(super) withdrawn: Vec<Field>,
}

/// `tracing-opentelemetry` with its lean settings.
pub(super) struct TracingOpenTelemetry<S> {
    inner: OpenTelemetryLayer<S, SdkTracer>,
    dispatch: OnceLock<WeakDispatch>,
    pub(super) contents: Contents,
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
        TracingOpenTelemetry { inner, dispatch: OnceLock::new(), contents: Contents::default() }
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

    /// A span of a dialect was made, whose fields are heard elsewhere.
    pub(super) fn new_foreign_span(
        &self,
        attributes: &Attributes<'_>,
        id: &Id,
        kind: &SpanKind,
        context: Context<'_, S>,
    ) {
        FOREIGN.saying(&word_of(kind), |metadata, values| {
            let attributes = match attributes.parent() {
                Some(parent) => Attributes::child_of(parent.clone(), metadata, values),
                None if attributes.is_root() => Attributes::new_root(metadata, values),
                None => Attributes::new(metadata, values),
            };
            self.inner.on_new_span(&attributes, id, context);
        });
    }

    /// A span of a dialect is of this kind, as has become known. Too late if it has started.
    pub(super) fn set_span_kind(&self, id: &Id, kind: &SpanKind, context: Context<'_, S>) {
        FOREIGN.saying(&word_of(kind), |_, values| {
            self.inner.on_record(id, &Record::new(values), context);
        });
    }

    /// Adds an event to the span in which it happened.
    pub(super) fn add_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let Some(context) = context.event_span(event).and_then(|span| self.otel_context(&span.id())) else {
            return;
        };
        let metadata = event.metadata();
        // What ends at the tracer is judged there.
        let mut visitor = EventVisitor::new(&self.contents, Judged::Later);
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
        let (attributes, late_name) = mends.map(|mends| (mends.attributes, mends.name)).unwrap_or_default();
        if !attributes.is_empty() {
            span.set_attributes(attributes);
        }
        if let Some(name) = late_name.or(ending.name) {
            span.update_name(name);
        }
        if !ending.attributes.is_empty() {
            span.set_attributes(ending.attributes);
        }
        if !ending.settled.is_empty() {
            span.set_attributes(ending.settled);
        }
        if !ending.withdrawn.is_empty() {
            span.set_attribute(withdrawn(&ending.withdrawn));
        }
        if ending.status != Status::Unset {
            span.set_status(ending.status);
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
        let mut mends = Mends::listening(&self.contents);
        attributes.record(&mut mends);
        // A name that is there from the beginning is heard.
        mends.name = None;
        keep(mends, context.span(id));
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        self.inner.on_record(id, values, context.clone());
        let mut mends = Mends::listening(&self.contents);
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
            known.attributes.extend(mends.attributes);
            known.name = mends.name.or(known.name.take());
        }
        None => extensions.insert(mends),
    }
}
