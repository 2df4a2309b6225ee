//! The span that the OpenTelemetry API sees.

use std::{borrow::Cow, time::SystemTime};

use opentelemetry::{
    Context as OtelContext, ContextGuard, KeyValue,
    trace::{Event, Span, SpanContext, Status, TraceContextExt},
};

use super::{
    open::find_of_engine,
    record::{Life, Record, Shared, State},
};
use crate::{dialects::is_content, lock::Locked};

/// A `tracing` span as an OpenTelemetry span: what is set here is set there. It ends when the
/// `tracing` span does, and not before.
#[derive(Debug)]
pub(super) struct Proxy {
    context: SpanContext,
    /// The engine and the number of the span. A reference to its record would be counted with every context
    /// that is made, and is hardly ever followed.
    engine: u64,
    id: u64,
}

impl Proxy {
    pub(super) fn new(record: &Record) -> Self {
        Proxy { context: record.origin().context.clone(), engine: record.engine, id: record.id }
    }

    /// A span that nobody keeps.
    pub(super) fn of_nobody() -> Self {
        Proxy { context: SpanContext::empty_context(), engine: u64::MAX, id: 0 }
    }

    /// The record of the span, while it is open. Numbers are used again, identifiers of spans are not.
    fn record(&self) -> Option<Shared> {
        let is_it = |record: &Shared| record.origin().context.span_id() == self.context.span_id();
        find_of_engine(self.engine, self.id).filter(is_it)
    }

    /// Does something to the span, while it is open and kept.
    fn change(&self, change: impl FnOnce(&mut State)) {
        let Some(record) = self.record() else { return };
        let mut state = record.state();
        if record.is_recording() && !record.is(Life::Closed) {
            change(&mut state);
        }
    }
}

impl Record {
    /// Makes this span the current one of the thread, and lets go of its state first: to attach a context is to
    /// run code that is not ours.
    #[inline]
    pub(super) fn activate(&self, mut state: Locked<'_, State>) -> ContextGuard {
        // A poll finds it here, without a call.
        let active = match &state.active {
            Some(active) => active.clone(),
            None => self.context(&mut state),
        };
        drop(state);
        active.attach()
    }

    /// The context in which this span is the current one. From now on its parent cannot be replaced.
    pub(super) fn context(&self, state: &mut State) -> OtelContext {
        if let Some(active) = &state.active {
            return active.clone();
        }
        self.becomes(Life::Fixed, state);
        #[expect(
            clippy::needless_borrows_for_generic_args,
            reason = "what is not lent is moved as soon as it is made"
        )]
        let active = match state.around() {
            Some(around) => around.with_span(Proxy::new(self)),
            None => {
                OtelContext::map_current(&mut |current: &OtelContext| current.with_span(Proxy::new(self)))
            }
        };
        if !self.is(Life::Closed) {
            state.active = Some(active.clone());
        }
        active
    }
}

impl Span for Proxy {
    fn add_event_with_timestamp<T>(&mut self, name: T, timestamp: SystemTime, mut attributes: Vec<KeyValue>)
    where
        T: Into<Cow<'static, str>>,
    {
        attributes.retain(|attribute| !is_content(attribute.key.as_str()));
        self.change(|state| state.add_event(Event::new(name, timestamp, attributes, 0)));
    }

    fn span_context(&self) -> &SpanContext {
        &self.context
    }

    fn is_recording(&self) -> bool {
        self.record().is_some_and(|record| record.is_recording() && !record.is(Life::Closed))
    }

    fn set_attribute(&mut self, attribute: KeyValue) {
        self.change(|state| match is_content(attribute.key.as_str()) {
            true => state.add_content(attribute),
            false => state.set_attribute(attribute.key, attribute.value),
        });
    }

    fn set_status(&mut self, status: Status) {
        self.change(|state| state.set_status(status));
    }

    fn update_name<T: Into<Cow<'static, str>>>(&mut self, name: T) {
        self.change(|state| state.rare().name = Some(name.into().into_owned()));
    }

    fn add_link(&mut self, context: SpanContext, attributes: Vec<KeyValue>) {
        self.change(|state| state.add_link(context, attributes));
    }

    fn end_with_timestamp(&mut self, _: SystemTime) {}
}
