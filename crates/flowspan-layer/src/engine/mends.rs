//! What `tracing-opentelemetry` loses, collected beside it.

use std::fmt;

use opentelemetry::{Key, KeyValue, Value};
use tracing::field::{Field, Visit};

use crate::dialects::is_content;

/// What has to be set on a span again before it ends. Lives among the extensions of its `tracing`
/// span, and only of those that need it.
#[derive(Debug, Default)]
pub(super) struct Mends {
    /// Unsigned numbers, which would have become texts.
    pub(super) integers: Vec<KeyValue>,
    /// A name that came after the span had started, which would have been dropped.
    pub(super) name: Option<String>,
}

impl Mends {
    pub(super) fn is_empty(&self) -> bool {
        self.integers.is_empty() && self.name.is_none()
    }
}

impl Visit for Mends {
    fn record_u64(&mut self, field: &Field, value: u64) {
        if let Ok(value) = i64::try_from(value) {
            self.integers.push(KeyValue::new(field.name(), value));
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "otel.name" {
            self.name = Some(value.to_owned());
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}

/// The attributes of an event, each with its own type. The message is the event's name.
#[derive(Debug, Default)]
pub(super) struct EventVisitor {
    pub(super) message: Option<String>,
    pub(super) attributes: Vec<KeyValue>,
}

impl EventVisitor {
    fn push(&mut self, field: &Field, value: impl Into<Value>) {
        if is_content(field.name()) {
            return;
        }
        self.attributes.push(KeyValue::new(Key::from_static_str(field.name()), value));
    }
}

impl Visit for EventVisitor {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.push(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.push(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        match i64::try_from(value) {
            Ok(value) => self.push(field, value),
            Err(_) => self.push(field, value.to_string()),
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.push(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            self.message = Some(value.to_owned());
        } else {
            self.push(field, value.to_owned());
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.message = Some(format!("{value:?}"));
        } else {
            self.push(field, format!("{value:?}"));
        }
    }
}
