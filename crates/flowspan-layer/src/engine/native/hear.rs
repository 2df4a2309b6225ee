//! Fields of `tracing`, heard once.

use std::fmt;

use flowspan_model::{Field, Value as ModelValue};
use opentelemetry::{
    Key, Value,
    trace::{SpanKind, Status},
};
use tracing::field::{Field as TracingField, Visit};

use super::{record::State, words};

/// Takes what is recorded on a span into its state.
pub(super) struct Hear<'state>(pub(super) &'state mut State);

impl Hear<'_> {
    fn known(&self, field: &TracingField) -> Option<Field> {
        self.0.work.as_ref()?.plan.field(field)
    }

    fn work(&mut self, field: Field, value: ModelValue) {
        if let Some(work) = &mut self.0.work {
            work.set(field, value);
        }
    }

    fn attribute(&mut self, field: &TracingField, value: impl FnOnce() -> Value) {
        if self.0.is_recording() {
            self.0.set_attribute(Key::from_static_str(field.name()), value());
        }
    }

    /// A value that is no text.
    fn number(&mut self, field: &TracingField, model: ModelValue, value: impl FnOnce() -> Value) {
        match self.known(field) {
            Some(known) => self.work(known, model),
            None => self.attribute(field, value),
        }
    }

    /// The fields by which `tracing` says what is not an attribute.
    fn special(&mut self, field: &TracingField, text: &str) -> bool {
        match field.name().strip_prefix("otel.") {
            Some("name") => self.0.name = Some(text.to_owned()),
            Some("kind") => self.0.kind = kind(text),
            Some("status_code") => self.0.set_status(status(text)),
            Some("status_description") => self.0.set_status(Status::error(text.to_owned())),
            _ => return false,
        }
        true
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
        match self.known(field) {
            Some(known) => {
                if known == Field::ErrorMessage {
                    self.special(field, value);
                }
                self.work(known, ModelValue::Text(words::shared(known, value)));
            }
            None if self.special(field, value) => {}
            None => self.attribute(field, || value.to_owned().into()),
        }
    }

    fn record_debug(&mut self, field: &TracingField, value: &dyn fmt::Debug) {
        // Nobody sees it: it need not be written.
        if self.0.is_recording() || self.known(field).is_some() || field.name().starts_with("otel.") {
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
