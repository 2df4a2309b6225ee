//! The boundary behind which `tracing` spans become OpenTelemetry spans.
//!
//! Everything else in flowspan knows an engine by this trait alone, so it can be replaced.

mod compatible;
mod mends;
mod native;
mod stand_in;
mod tracing_opentelemetry;

use std::any::TypeId;

use flowspan_clock::Times;
use flowspan_model::{Event as ModelEvent, Fields, Kind, Moment, SpanIds};
use tracing::{
    Dispatch, Event, Subscriber,
    span::{Attributes, Id, Record},
};
use tracing_subscriber::layer::Context;

use crate::{content::Contents, dialects::Dialect};

pub use self::native::{Spans, Unheard};
pub(crate) use self::{compatible::Compatible, native::Native};
use crate::{accounting::Accounting, callsites::Plan, observation::FieldVisitor};

/// Who makes OpenTelemetry spans of `tracing` spans.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Engine {
    /// flowspan's own, which costs a fraction of the other.
    #[default]
    Native,
    /// `tracing-opentelemetry`, with its mistakes mended.
    ///
    /// It cannot stand in a subscriber that has another `tracing-opentelemetry` layer: both would keep
    /// data of the same type with each span, which the registry refuses by a panic.
    TracingOpenTelemetry,
}

/// Makes OpenTelemetry spans of `tracing` spans, and events of those of the vocabulary.
///
/// It hears what the layer hears, without what is too verbose.
pub(crate) trait SpanEngine<S: Subscriber>: Send + Sync {
    /// Settles what its model calls consumed and cost by this accounting.
    fn account_by(&mut self, accounting: Accounting);

    /// Tells the engine by which dispatcher its spans can be found.
    fn register(&self, dispatch: &Dispatch);

    /// Teaches the engine one more dialect, before it hears anything.
    fn understand(&mut self, dialect: Dialect);

    /// Tells the engine what may be shown of content, before it hears anything.
    fn show(&mut self, contents: Contents);

    /// A span was made.
    fn new_span(&self, attributes: &Attributes<'_>, id: &Id, context: &Context<'_, S>);

    /// Values were recorded on a span.
    fn record(&self, id: &Id, values: &Record<'_>, context: &Context<'_, S>);

    /// A span follows from another one.
    fn follows_from(&self, id: &Id, follows: &Id, context: &Context<'_, S>);

    /// Something happened.
    fn event(&self, event: &Event<'_>, context: &Context<'_, S>);

    /// The thread enters a span.
    fn enter(&self, id: &Id, context: &Context<'_, S>);

    /// The thread leaves a span.
    fn exit(&self, id: &Id, context: &Context<'_, S>);

    /// A span is over.
    fn close(&self, id: &Id, context: &Context<'_, S>);

    /// The part of the engine that has this type, if it wants to be found by it. What the pointer
    /// points to has that type and lives as long as the engine.
    fn interface(&self, id: TypeId) -> Option<*const ()>;
}

/// What is told of something of the vocabulary that has happened, as far as it says so itself.
fn occurred(event: &Event<'_>, kind: Kind, plan: &Plan) -> ModelEvent {
    let mut fields = Fields::with_capacity(plan.len());
    event.record(&mut FieldVisitor { plan, fields: &mut fields, fell: &mut 0 });
    ModelEvent {
        moment: Moment::Occurred,
        kind,
        time: Times::now().time(),
        ids: SpanIds::default(),
        duration: None,
        fields,
    }
}

/// It happened in this work, and takes over what that says about everything inside.
fn is_inside(event: &mut ModelEvent, work: &Fields, ids: SpanIds) {
    for (field, value) in work.iter().filter(|(field, _)| field.is_inherited()) {
        event.fields.set_default(field, value);
    }
    event.ids = ids;
}
