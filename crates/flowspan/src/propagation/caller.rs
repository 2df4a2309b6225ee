//! The one who has started this program.

use std::sync::OnceLock;

use flowspan_runtime::Environment;
use opentelemetry::{
    Context, baggage::BaggageExt, propagation::TextMapCompositePropagator, trace::TraceContextExt,
};

use super::carried;
use crate::{Builder, Telemetry};

/// The caller of the telemetry that is installed.
static INSTALLED: OnceLock<Context> = OnceLock::new();

/// Whose trace the runs of this program belong to.
#[derive(Clone, Debug, Default)]
pub(crate) enum Caller {
    /// That of whom the environment names.
    #[default]
    Environment,
    /// Nobody's.
    Nobody,
    /// That of the span in this context.
    Context(Context),
}

impl Builder {
    /// Makes all that this program does part of the trace in this context. Default: the context that
    /// the environment variables `TRACEPARENT`, `TRACESTATE` and `BAGGAGE` hold when telemetry is
    /// built, so that a run which another tool has started joins its trace. The names are those of the
    /// OpenTelemetry specification, "Environment Variables as Context Propagation Carriers".
    ///
    /// The caller becomes the parent of every span that would have none. A span that is made with
    /// `parent: None` begins a trace of its own, and one that is made in another context, such as that
    /// of a request, belongs there. If the caller does not keep its trace, the default
    /// [sampler](Builder::sampler) does not keep the spans in it, either.
    pub fn caller(mut self, context: Context) -> Self {
        self.caller = Caller::Context(context);
        self
    }

    /// Every run begins a trace of its own, whatever the environment says. For programs that go on
    /// long after their caller has ended, such as servers that are started from a script with a trace.
    /// The variable `OTEL_PROPAGATORS=none` does the same, and ends propagation altogether.
    pub fn without_caller(mut self) -> Self {
        self.caller = Caller::Nobody;
        self
    }
}

impl Telemetry {
    /// The context of the caller, if there is one: see [`Builder::caller`]. Spans of `tracing` need no
    /// help; attach it where a span is made through the OpenTelemetry API outside of all others.
    pub fn caller(&self) -> Option<&Context> {
        self.parts.as_ref()?.caller.as_ref()
    }
}

impl Caller {
    /// The caller's context, if there is a caller.
    pub(crate) fn context(
        self,
        propagator: &TextMapCompositePropagator,
        environment: &Environment,
    ) -> Option<Context> {
        let context = match self {
            Caller::Environment => carried::extract(propagator, &Context::new(), |field, into| {
                into.extend(environment.get(&variable(field)));
            }),
            Caller::Nobody => return None,
            Caller::Context(context) => context,
        };
        (context.span().span_context().is_valid() || !context.baggage().is_empty()).then_some(context)
    }
}

/// The environment variable for a field of a propagator.
pub(super) fn variable(field: &str) -> String {
    field
        .chars()
        .map(|character| if character.is_ascii_alphanumeric() { character.to_ascii_uppercase() } else { '_' })
        .collect()
}

/// From now on [`installed`] gives this caller.
pub(crate) fn install(caller: Context) {
    // Telemetry is installed once; nobody else comes here.
    let _ = INSTALLED.set(caller);
}

pub(super) fn installed() -> Option<&'static Context> {
    INSTALLED.get()
}
