//! Into child processes.

use super::{caller::variable, carried};

/// What can take the current trace with it to another process.
///
/// For commands: the variables `TRACEPARENT`, `TRACESTATE` and `BAGGAGE` of the child become those of
/// the current span or, outside of all spans, of the [caller](crate::Builder::caller). If there is
/// neither, the child does not inherit what this process happens to have. Call it where the command is
/// started, inside the span that stands for that.
///
/// For requests of HTTP and gRPC, with the features `http` and `tonic`, the same holds of their headers.
///
/// As long as no telemetry is [installed](crate::Builder::install), or with `OTEL_PROPAGATORS=none`,
/// nothing is changed: what has come in by the environment goes on to the child.
///
/// ```
/// use std::process::Command;
/// use flowspan::prelude::*;
///
/// let mut command = Command::new("claude");
/// command.args(["-p", "review this"]).with_trace_context();
/// ```
pub trait WithTraceContext {
    /// The same, in the trace of the current work.
    fn with_trace_context(self) -> Self;
}

impl WithTraceContext for &mut std::process::Command {
    fn with_trace_context(self) -> Self {
        for (field, value) in carried::current() {
            match value {
                Some(value) => self.env(variable(&field), value),
                None => self.env_remove(variable(&field)),
            };
        }
        self
    }
}

#[cfg(feature = "tokio")]
impl WithTraceContext for &mut tokio::process::Command {
    fn with_trace_context(self) -> Self {
        self.as_std_mut().with_trace_context();
        self
    }
}
