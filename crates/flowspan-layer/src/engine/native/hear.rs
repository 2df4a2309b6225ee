//! Fields of `tracing`, heard once.

use std::fmt;

use flowspan_model::{Field, Value as ModelValue};
use opentelemetry::{
    Key, Value,
    trace::{SpanKind, Status},
};
use tracing::field::{Field as TracingField, Visit};

use super::{
    record::{Record, State},
    words,
};
use crate::callsites::{Meaning, Plan};

/// Takes what is recorded on a span into its state.
pub(super) struct Hear<'state> {
    pub(super) plan: &'static Plan,
    /// Whether attributes are kept.
    pub(super) is_recording: bool,
    pub(super) span: Listener<'state>,
}

/// Whose fields are heard.
pub(super) enum Listener<'state> {
    /// Those of a span that is being made.
    New(&'state mut State),
    /// Those of a span that others know. Its state is locked for each value by itself: a value may log
    /// while it is written, and what it logs belongs to the span.
    Open(&'state Record),
}

impl Hear<'_> {
    #[inline]
    fn with<T>(&mut self, action: impl FnOnce(&mut State) -> T) -> T {
        match &mut self.span {
            Listener::New(state) => action(state),
            Listener::Open(record) => action(&mut record.state()),
        }
    }

    fn attribute(&mut self, field: &TracingField, value: impl FnOnce() -> Value) {
        if self.is_recording {
            self.with(|state| state.set_attribute(Key::from_static_str(field.name()), value()));
        }
    }

    /// A value that is no text.
    #[inline]
    fn number(&mut self, field: &TracingField, model: ModelValue, value: impl FnOnce() -> Value) {
        match self.plan.meaning(field) {
            Meaning::Known(known) => self.with(|state| state.set_field(known, model)),
            _ => self.attribute(field, value),
        }
    }
}

impl Visit for Hear<'_> {
    fn record_f64(&mut self, field: &TracingField, value: f64) {
        self.number(field, value.into(), || value.into());
    }

    fn record_i64(&mut self, field: &TracingField, value: i64) {
        self.number(field, value.into(), || value.into());
    }

    fn record_u64(&mut self, field: &TracingField, value: u64) {
        self.number(field, value.into(), || match i64::try_from(value) {
            Ok(value) => value.into(),
            Err(_) => value.to_string().into(),
        });
    }

    fn record_bool(&mut self, field: &TracingField, value: bool) {
        self.number(field, value.into(), || value.into());
    }

    fn record_str(&mut self, field: &TracingField, value: &str) {
        match self.plan.meaning(field) {
            Meaning::Known(known) => {
                let text = words::text(known, value);
                self.with(|state| {
                    if known == Field::ErrorMessage {
                        state.set_status(Status::error(value.to_owned()));
                    }
                    state.set_field(known, ModelValue::Text(text));
                });
            }
            Meaning::Name => self.with(|state| state.rare().name = Some(value.to_owned())),
            Meaning::SpanKind => self.with(|state| state.kind = kind(value)),
            Meaning::StatusCode => self.with(|state| state.set_status(status(value))),
            Meaning::StatusDescription => {
                self.with(|state| state.set_status(Status::error(value.to_owned())));
            }
            Meaning::Attribute => self.attribute(field, || value.to_owned().into()),
        }
    }

    fn record_debug(&mut self, field: &TracingField, value: &dyn fmt::Debug) {
        // Nobody sees it: it need not be written.
        if self.is_recording || self.plan.meaning(field) != Meaning::Attribute {
            self.record_str(field, &format!("{value:?}"));
        }
    }
}

fn kind(text: &str) -> SpanKind {
    let is = |name: &str| text.eq_ignore_ascii_case(name);
    match () {
        () if is("server") => SpanKind::Server,
        () if is("client") => SpanKind::Client,
        () if is("producer") => SpanKind::Producer,
        () if is("consumer") => SpanKind::Consumer,
        () => SpanKind::Internal,
    }
}

fn status(text: &str) -> Status {
    match () {
        () if text.eq_ignore_ascii_case("ok") => Status::Ok,
        () if text.eq_ignore_ascii_case("error") => Status::error(""),
        () => Status::Unset,
    }
}
