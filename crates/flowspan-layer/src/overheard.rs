//! Spans that are made through the OpenTelemetry API, heard.

use std::{fmt, sync::Arc, time::Duration};

use flowspan_content::ContentPolicy;
use flowspan_model::{Event, EventSink};
use opentelemetry::Context;
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{Span, SpanData, SpanProcessor},
};

use crate::{
    Accounting, Normalizer,
    content::Contents,
    dialects::{Dialect, Dialects, is_content},
};

/// Hears spans that a program makes through the OpenTelemetry API, past `tracing`, and hands them to a
/// [`Normalizer`].
///
/// A span whose attributes say that it is a model call, an agent's run, a tool call or other work of the
/// vocabulary (`gen_ai.operation.name`, `openinference.span.kind`) gets the form of such a span, and its
/// end is told, so that it feeds all metrics, and adds to the roll-ups of the work around it. Nothing is told of
/// its start, and it takes nothing over from the spans around it. What is not kept by the sampler is not heard: the SDK tells nobody of it.
///
/// It stands in a provider in the place of the normalizer.
pub struct Overheard {
    normalizer: Normalizer,
    events: Arc<dyn EventSink>,
    dialects: Dialects,
    contents: Contents,
    accounting: Accounting,
    own_scope: &'static str,
}

impl Overheard {
    /// Tells this sink what is heard. Spans of the instrumentation scope `own_scope` are those of a
    /// layer, which has told of them itself: they are handed on as they are.
    pub fn new(normalizer: Normalizer, events: Arc<dyn EventSink>, own_scope: &'static str) -> Self {
        let (dialects, contents, accounting) =
            (Dialects::default(), Contents::default(), Accounting::default());
        Overheard { normalizer, events, dialects, contents, accounting, own_scope }
    }

    /// Settles what model calls consumed and cost by this accounting, which should be the layer's, so that
    /// a call is counted once among both, and is in the roll-ups of the layer's spans around it. Default: one
    /// of its own, without prices.
    #[must_use]
    pub fn with_accounting(mut self, accounting: Accounting) -> Self {
        self.accounting = accounting;
        self
    }

    /// Also understands this dialect, as far as it goes by attributes and not by targets or names of
    /// `tracing`.
    #[must_use]
    pub fn with_dialect(mut self, dialect: Dialect) -> Self {
        self.dialects = self.dialects.with(dialect);
        self
    }

    /// Asks this policy what of prompts, answers, tool arguments and results stays on spans. Default: none.
    #[must_use]
    pub fn with_content(mut self, policy: Arc<ContentPolicy>) -> Self {
        self.contents = Contents::new(policy);
        self
    }
}

impl Overheard {
    /// What is to be told of the end of a span, if it is work. What ended in it, and the span itself, are on
    /// the account of the span around it.
    fn hear(&self, span: &mut SpanData) -> Option<Event> {
        let mut sums = self.accounting.passed(|| span.span_context.span_id()).unwrap_or_default();
        let event = self.dialects.hear_span(span, Some(&self.contents), &self.accounting, &mut sums);
        if !span.parent_span_is_remote {
            self.accounting.pass(span.parent_span_id, &sums);
        }
        event
    }
}

impl SpanProcessor for Overheard {
    fn on_start(&self, span: &mut Span, context: &Context) {
        self.normalizer.on_start(span, context);
    }

    fn on_end(&self, mut span: SpanData) {
        let event = match span.instrumentation_scope.name() == self.own_scope {
            true => None,
            false => self.hear(&mut span),
        };
        if event.is_none() {
            self.contents.sweep(&mut span.attributes, is_content);
        }
        for event in &mut span.events.events {
            self.contents.sweep(&mut event.attributes, is_content);
        }
        if let Some(event) = event {
            self.events.event(&event);
        }
        self.normalizer.on_end(span);
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.normalizer.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.normalizer.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.normalizer.set_resource(resource);
    }
}

impl fmt::Debug for Overheard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Overheard").field("own_scope", &self.own_scope).finish_non_exhaustive()
    }
}
