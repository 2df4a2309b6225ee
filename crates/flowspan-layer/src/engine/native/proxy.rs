//! The span that the OpenTelemetry API sees.

use std::{borrow::Cow, sync::Arc, time::SystemTime};

use opentelemetry::{
    Context as OtelContext, KeyValue,
    trace::{Event, Span, SpanContext, SpanId, Status, TraceContextExt},
};

use super::record::{Life, Record, State};

/// A `tracing` span as an OpenTelemetry span: what is set here is set there. It ends when the
/// `tracing` span does, and not before.
#[derive(Debug)]
pub(super) struct Proxy {
    context: SpanContext,
    record: Option<Arc<Record>>,
}

impl Proxy {
    pub(super) fn new(record: &Arc<Record>, context: SpanContext) -> Self {
        Proxy { context, record: Some(Arc::clone(record)) }
    }

    /// A span that nobody keeps.
    pub(super) fn of_nobody() -> Self {
        Proxy { context: SpanContext::empty_context(), record: None }
    }

    /// Does something to the span, while it is open and kept.
    fn change(&self, change: impl FnOnce(&mut State)) {
        let Some(record) = &self.record else { return };
        let mut state = record.state();
        if state.is_recording() {
            change(&mut state);
        }
    }
}

impl Record {
    /// Where the span stands. From now on its parent cannot be replaced.
    pub(super) fn fixed(&self) -> SpanContext {
        let mut state = self.state();
        state.life = state.life.max(Life::Fixed);
        state.origin.context.clone()
    }

    /// The context in which this span is the current one, and its number. From now on its parent
    /// cannot be replaced.
    pub(super) fn context(self: &Arc<Self>) -> (OtelContext, SpanId) {
        let mut state = self.state();
        state.life = state.life.max(Life::Fixed);
        let own = state.origin.context.span_id();
        if let Some(active) = &state.active {
            return (active.clone(), own);
        }
        let context = state.origin.context.clone();
        let around = state.around.take().unwrap_or_else(OtelContext::current);
        let active = around.with_span(Proxy::new(self, context));
        if state.life < Life::Closed {
            state.active = Some(active.clone());
        }
        (active, own)
    }
}

impl Span for Proxy {
    fn add_event_with_timestamp<T>(&mut self, name: T, timestamp: SystemTime, attributes: Vec<KeyValue>)
    where
        T: Into<Cow<'static, str>>,
    {
        self.change(|state| state.add_event(Event::new(name, timestamp, attributes, 0)));
    }

    fn span_context(&self) -> &SpanContext {
        &self.context
    }

    fn is_recording(&self) -> bool {
        self.record.as_ref().is_some_and(|record| record.state().is_recording())
    }

    fn set_attribute(&mut self, attribute: KeyValue) {
        self.change(|state| state.set_attribute(attribute.key, attribute.value));
    }

    fn set_status(&mut self, status: Status) {
        self.change(|state| state.set_status(status));
    }

    fn update_name<T: Into<Cow<'static, str>>>(&mut self, name: T) {
        self.change(|state| state.name = Some(name.into().into_owned()));
    }

    fn add_link(&mut self, context: SpanContext, attributes: Vec<KeyValue>) {
        self.change(|state| state.add_link(context, attributes));
    }

    fn end_with_timestamp(&mut self, _: SystemTime) {}
}
