//! The layer itself.

use std::{any::TypeId, fmt, sync::Arc};

use flowspan_content::ContentPolicy;
use flowspan_model::EventSink;
use opentelemetry::Context as OtelContext;
use opentelemetry_sdk::trace::SdkTracer;
use tracing::{
    Dispatch, Event, Level, Metadata, Subscriber,
    level_filters::LevelFilter,
    span::{Attributes, Id, Record},
};
use tracing_subscriber::{Layer, layer::Context, registry::LookupSpan};

use crate::{
    accounting::Accounting,
    caller,
    content::Contents,
    dialects::Dialect,
    engine::{Compatible, Native, SpanEngine, Spans},
};

/// What is more verbose than this is no telemetry, unless [`FlowspanLayer::with_level`] says
/// otherwise.
pub const DEFAULT_LEVEL: Level = Level::INFO;

/// Targets whose events are about telemetry and never part of it.
const OWN_NOISE: &str = "opentelemetry";

/// Listens to `tracing` on behalf of flowspan. See the [crate documentation](crate).
pub struct FlowspanLayer<S> {
    engine: Box<dyn SpanEngine<S>>,
    level: Level,
    caller: Option<OtelContext>,
}

impl<S> FlowspanLayer<S>
where
    S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
{
    /// A layer with the engine [`TracingOpenTelemetry`](crate::Engine::TracingOpenTelemetry): it
    /// starts its spans on this tracer and sends its events to this sink.
    pub fn new(tracer: SdkTracer, events: Arc<dyn EventSink>) -> Self {
        Self::with_engine(Compatible::new(tracer, events))
    }

    /// A layer with the engine [`Native`](crate::Engine::Native): it makes its spans itself and sends
    /// its events to this sink.
    pub fn native(spans: Spans, events: Arc<dyn EventSink>) -> Self {
        Self::with_engine(Native::new(spans, events))
    }

    /// Also listens to spans and events that are more verbose, or to fewer. Default:
    /// [`DEFAULT_LEVEL`]. Spans of flowspan's own vocabulary have level `INFO`.
    #[must_use]
    pub fn with_level(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    /// Also understands this dialect, and asks it before those that it knows by itself.
    #[must_use]
    pub fn with_dialect(mut self, dialect: Dialect) -> Self {
        self.engine.understand(dialect);
        self
    }

    /// Asks this policy what of prompts, answers, tool arguments and results stands on spans. Default:
    /// nothing.
    ///
    /// With the engine [`TracingOpenTelemetry`](crate::Engine::TracingOpenTelemetry), the spans that end at
    /// its tracer have to come through an [`Overheard`](crate::Overheard) that asks the same policy.
    #[must_use]
    pub fn with_content(mut self, policy: Arc<ContentPolicy>) -> Self {
        self.engine.show(Contents::new(policy));
        self
    }

    /// Settles what model calls consumed and cost by this accounting. Default: one of its own, without
    /// prices.
    #[must_use]
    pub fn with_accounting(mut self, accounting: Accounting) -> Self {
        self.engine.account_by(accounting);
        self
    }

    /// Makes the span in this context, usually one of another process, the parent of all spans that
    /// would have none, except those that are made with `parent: None`. Default: nobody's.
    #[must_use]
    pub fn with_caller(mut self, caller: OtelContext) -> Self {
        self.caller = Some(caller);
        self
    }

    fn with_engine(engine: impl SpanEngine<S> + 'static) -> Self {
        FlowspanLayer { engine: Box::new(engine), level: DEFAULT_LEVEL, caller: None }
    }

    fn listens_to(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= self.level
    }
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
        if self.listens_to(attributes.metadata()) {
            let _caller = caller::enter(self.caller.as_ref());
            self.engine.new_span(attributes, id, &context);
        }
    }

    // What is done to a span that was not listened to finds nothing in the engine.

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        self.engine.record(id, values, &context);
    }

    fn on_follows_from(&self, id: &Id, follows: &Id, context: Context<'_, S>) {
        self.engine.follows_from(id, follows, &context);
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let metadata = event.metadata();
        if self.listens_to(metadata) && !metadata.target().starts_with(OWN_NOISE) {
            self.engine.event(event, &context);
        }
    }

    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        let _caller = caller::enter(self.caller.as_ref());
        self.engine.enter(id, &context);
    }

    fn on_exit(&self, id: &Id, context: Context<'_, S>) {
        self.engine.exit(id, &context);
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        self.engine.close(&id, &context);
    }

    #[expect(
        unsafe_code,
        reason = "what the engine offers to extension traits is found by this method alone"
    )]
    unsafe fn downcast_raw(&self, id: TypeId) -> Option<*const ()> {
        if id == TypeId::of::<Self>() {
            return Some(std::ptr::from_ref(self).cast());
        }
        self.engine.interface(id)
    }
}

impl<S> fmt::Debug for FlowspanLayer<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FlowspanLayer").field("level", &self.level).finish_non_exhaustive()
    }
}
