//! What `tracing-opentelemetry` loses, collected beside it.

use std::fmt;

use opentelemetry::{Key, KeyValue, Value};
use tracing::field::{Field, Visit};

use crate::{
    content::{Contents, written},
    dialects::is_content,
};

/// What has to be set on a span again before it ends. Lives among the extensions of its `tracing`
/// span, and only of those that need it.
#[derive(Debug, Default)]
pub(super) struct Mends {
    /// Unsigned numbers, which would have become texts, and content, which would have stayed sealed.
    pub(super) attributes: Vec<KeyValue>,
    /// A name that came after the span had started, which would have been dropped.
    pub(super) name: Option<String>,
    /// Who judges content, if anybody wants it.
    contents: Option<Contents>,
}

impl Mends {
    pub(super) fn listening(contents: &Contents) -> Self {
        let contents = contents.is_wanted().then(|| contents.clone());
        Mends { contents, ..Mends::default() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.attributes.is_empty() && self.name.is_none()
    }
}

impl Visit for Mends {
    fn record_u64(&mut self, field: &Field, value: u64) {
        if let Ok(value) = i64::try_from(value) {
            self.attributes.push(KeyValue::new(field.name(), value));
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "otel.name" {
            self.name = Some(value.to_owned());
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if let Some(contents) = &self.contents
            && is_content(field.name())
        {
            self.attributes.extend(unjudged(contents, field, value));
        }
    }
}

/// The attributes of an event, each with its own type. The message is the event's name.
#[derive(Debug)]
pub(super) struct EventVisitor<'visit> {
    pub(super) message: Option<String>,
    pub(super) attributes: Vec<KeyValue>,
    contents: &'visit Contents,
    judged: Judged,
}

/// When it is decided what of content may be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Judged {
    /// At once.
    Now,
    /// When the span is over, by somebody else.
    Later,
}

impl<'visit> EventVisitor<'visit> {
    pub(super) fn new(contents: &'visit Contents, judged: Judged) -> Self {
        EventVisitor { message: None, attributes: Vec::new(), contents, judged }
    }

    fn push(&mut self, field: &Field, value: impl Into<Value>) {
        match (is_content(field.name()), self.judged) {
            (true, _) if !self.contents.is_wanted() => {}
            (true, Judged::Now) => {
                self.attributes.extend(self.contents.of_text(field.name(), &value.into().as_str()));
            }
            _ => self.attributes.push(KeyValue::new(Key::from_static_str(field.name()), value)),
        }
    }

    /// Content that may be sealed.
    fn push_content(&mut self, field: &Field, value: &dyn fmt::Debug) {
        match self.judged {
            _ if !self.contents.is_wanted() => {}
            Judged::Now => self.attributes.extend(self.contents.of_value(field.name(), value)),
            Judged::Later => self.attributes.extend(unjudged(self.contents, field, value)),
        }
    }
}

impl Visit for EventVisitor<'_> {
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
        } else if is_content(field.name()) {
            self.push_content(field, value);
        } else {
            self.push(field, format!("{value:?}"));
        }
    }
}

/// Content as it is, for who judges it later; that it is refused, if it could not be written down.
fn unjudged(contents: &Contents, field: &Field, value: &dyn fmt::Debug) -> Vec<KeyValue> {
    match written(value) {
        Ok(text) => vec![KeyValue::new(Key::from_static_str(field.name()), text)],
        Err(reason) => contents.of_refused(field.name(), reason),
    }
}
