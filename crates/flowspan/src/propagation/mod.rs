//! One trace across processes.
//!
//! A run that another tool has started joins its trace, and what this program starts or calls goes on
//! in the same one. Both ways use the propagators that `OTEL_PROPAGATORS` chooses and
//! [`install`](crate::Builder::install) makes global: by default [trace context] and [baggage] of the
//! W3C.
//!
//! | from or to | coming in | going out |
//! |---|---|---|
//! | processes | by itself: [`Builder::caller`](crate::Builder::caller) | [`WithTraceContext`] of `std` commands, with the feature `tokio` also of its |
//! | HTTP, feature `http` | [`Incoming`] for axum, hyper and whatever else is a tower service; [`from_headers`] | [`Outgoing`]; [`headers`] for reqwest and all other clients |
//! | gRPC, feature `http` | [`Incoming`] for tonic's server | [`Outgoing`] for tonic's channel; with the feature `tonic` an [`interceptor`] |
//!
//! ```no_run
//! use flowspan::prelude::*;
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let telemetry = Flowspan::builder("bot").install()?;
//! Step::claude("review").in_scope(|| {
//!     std::process::Command::new("claude").args(["-p", "review this"]).with_trace_context().status()
//! })?;
//! # Ok(())
//! # }
//! ```
//!
//! What comes in is not trusted: a value that is too long or in no valid form is passed over, and the
//! work goes on without it.
//!
//! [trace context]: https://www.w3.org/TR/trace-context/
//! [baggage]: https://www.w3.org/TR/baggage/

mod caller;
mod carried;
mod choice;
mod command;
#[cfg(feature = "http")]
mod header_map;
#[cfg(feature = "tonic")]
mod metadata;
#[cfg(feature = "http")]
mod tower;

use opentelemetry::{Context, trace::TraceContextExt};

pub(crate) use caller::{Caller, install};
pub use carried::{MAX_BAGGAGE, MAX_TRACE_STATE};
pub(crate) use choice::from_environment;
pub use command::WithTraceContext;
#[cfg(feature = "http")]
pub use header_map::{from_headers, headers};
#[cfg(feature = "tonic")]
pub use metadata::interceptor;
#[cfg(feature = "http")]
pub use tower::{Incoming, IncomingService, Outgoing, OutgoingService};

/// What goes along to other processes: the context of the current span, or, outside of all spans, that
/// of the caller who has started this program.
pub fn current() -> Context {
    let current = Context::current();
    let is_outside = !current.span().span_context().is_valid();
    match caller::installed().filter(|_| is_outside) {
        Some(caller) => flowspan_layer::inside(caller, &current),
        None => current,
    }
}

/// Where the program is in its trace, as the value of a `traceparent` header. Store it to name this
/// work later: [`Workflow::resumes`](crate::Workflow::resumes) takes it. `None` outside of all traces.
///
/// ```
/// assert_eq!(flowspan::propagation::traceparent(), None);
/// ```
pub fn traceparent() -> Option<String> {
    let current = current();
    let span = current.span();
    let context = span.span_context();
    context.is_valid().then(|| {
        let [trace, span] = [context.trace_id().to_string(), context.span_id().to_string()];
        format!("00-{trace}-{span}-{:02x}", context.trace_flags() & opentelemetry::TraceFlags::SAMPLED)
    })
}
