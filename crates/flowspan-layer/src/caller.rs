//! The caller in another process.

use opentelemetry::{
    Context, ContextGuard,
    baggage::{BaggageExt, KeyValueMetadata},
    trace::TraceContextExt,
};

/// What this context becomes if all that is outside of every span is inside what the caller does: the
/// caller's span is the one around, and its baggage is there unless there is other baggage.
pub fn inside(caller: &Context, outside: &Context) -> Context {
    let span = caller.span().span_context().clone();
    let context = if span.is_valid() { outside.with_remote_span_context(span) } else { outside.clone() };
    if !context.baggage().is_empty() || caller.baggage().is_empty() {
        return context;
    }
    let entries = caller.baggage().iter();
    context.with_baggage(
        entries.map(|(key, (value, metadata))| {
            KeyValueMetadata::new(key.clone(), value.clone(), metadata.clone())
        }),
    )
}

/// Whether nothing is around that would be the parent of a new span.
pub(crate) fn is_outside(context: &Context) -> bool {
    !context.span().span_context().is_valid()
}

/// Makes the caller's span the one around, if there is no other, until the guard is dropped.
#[inline]
pub(crate) fn enter(caller: Option<&Context>) -> Option<ContextGuard> {
    let caller = caller?;
    let context = Context::map_current(|current| is_outside(current).then(|| inside(caller, current)))?;
    Some(context.attach())
}
