//! The boundary behind which `tracing` spans become OpenTelemetry spans.
//!
//! Everything else in flowspan knows an engine by this trait alone, so it can be replaced.

mod mends;
mod tracing_opentelemetry;

use std::time::SystemTime;

use flowspan_model::SpanIds;
use tracing::{Dispatch, Event, Subscriber, span::Id};
use tracing_subscriber::{Layer, layer::Context};

pub(crate) use self::tracing_opentelemetry::TracingOpenTelemetry;

/// Makes OpenTelemetry spans of `tracing` spans.
///
/// An engine is a layer that is told more than a layer hears: it gets the callbacks of a span's
/// life, except for events and the end, which come through the methods below.
pub(crate) trait SpanEngine<S: Subscriber>: Layer<S> + Send + Sync {
    /// Tells the engine by which dispatcher its spans can be found.
    fn register(&self, dispatch: &Dispatch);

    /// The trace and the span of this `tracing` span, which starts it if need be.
    fn ids(&self, id: &Id) -> SpanIds;

    /// Adds an event to the span in which it happened.
    fn add_event(&self, event: &Event<'_>, context: Context<'_, S>);

    /// Ends the span. The layer's `on_close` follows.
    fn end(&self, id: &Id, ending: Ending, context: Context<'_, S>);
}

/// How a span ends.
#[derive(Debug, Default)]
pub(crate) struct Ending {
    /// Its final name, if that is not the one it was made with.
    pub(crate) name: Option<String>,
    /// The moment of the end; now, if nobody said it before.
    pub(crate) time: Option<SystemTime>,
}
