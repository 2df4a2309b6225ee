//! Who takes spans that are over.

use std::{fmt, time::Duration};

use opentelemetry::Context;
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{Span, SpanData, SpanProcessor},
};

use crate::EndedSpan;

/// A processor that takes spans in the form in which they wait, too.
///
/// Spans of the SDK come by [`on_end`](SpanProcessor::on_end), those of flowspan's own engine by
/// [`take`](SpanSink::take). Any other processor becomes a sink as [`Made`].
pub trait SpanSink: SpanProcessor {
    /// Whether it wants this span. One that does not is not copied for it; whoever needs no copy for it may
    /// hand it over without asking. Default: every span.
    fn wants(&self, _: &EndedSpan) -> bool {
        true
    }

    /// A span is over. Called on the thread that has ended it: do nothing here that lasts.
    fn take(&self, span: EndedSpan);
}

/// What stands before a sink, and keeps spans back or changes them.
pub trait Filter: fmt::Debug + Send + Sync + 'static {
    /// Whether it may let this span pass, as it is now. Default: every span.
    fn wants(&self, _: &EndedSpan) -> bool {
        true
    }

    /// The span as it goes on, if it does. Called on the thread that has ended it.
    fn pass(&self, span: EndedSpan) -> Option<EndedSpan>;
}

/// A sink behind a filter.
#[derive(Debug)]
pub struct Filtered<F> {
    filter: F,
    sink: Box<dyn SpanSink>,
}

impl<F: Filter> Filtered<F> {
    /// Hands to this sink what the filter lets pass.
    pub fn new(filter: F, sink: Box<dyn SpanSink>) -> Self {
        Filtered { filter, sink }
    }
}

impl<F: Filter> SpanSink for Filtered<F> {
    fn wants(&self, span: &EndedSpan) -> bool {
        self.filter.wants(span) && self.sink.wants(span)
    }

    fn take(&self, span: EndedSpan) {
        if let Some(span) = self.filter.pass(span) {
            self.sink.take(span);
        }
    }
}

impl<F: Filter> SpanProcessor for Filtered<F> {
    fn on_start(&self, span: &mut Span, context: &Context) {
        self.sink.on_start(span, context);
    }

    fn on_end(&self, span: SpanData) {
        self.take(span.into());
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.sink.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.sink.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.sink.set_resource(resource);
    }
}

/// A processor that wants spans in the SDK's form, and gets each as soon as it is over.
#[derive(Debug)]
pub struct Made(pub Box<dyn SpanProcessor>);

impl SpanSink for Made {
    fn take(&self, span: EndedSpan) {
        self.0.on_end(span.into());
    }
}

impl SpanProcessor for Made {
    fn on_start(&self, span: &mut Span, context: &Context) {
        self.0.on_start(span, context);
    }

    fn on_end(&self, span: SpanData) {
        self.0.on_end(span);
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.0.set_resource(resource);
    }
}
