//! What is known of a span of a dialect, for who has no record of it.

use flowspan_model::{Field, Fields, Kind, Value as ModelValue};
use opentelemetry::{
    Array, Key, KeyValue, Value,
    trace::{SpanKind, Status},
};

use super::{
    foreign::Foreign,
    reading::{Keep, Said, read},
};
use crate::{accounting::set, callsites::Meaning};

/// What is known of a span of a dialect.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    pub(crate) fields: Fields,
    pub(crate) attributes: Vec<KeyValue>,
    pub(crate) status: Status,
    /// What it has said that it is, and nobody has heard yet.
    pub(crate) decided: Option<Kind>,
    /// The kind of OpenTelemetry span that it has said it is.
    pub(crate) span_kind: Option<SpanKind>,
    /// How many reports of its tokens were less than the one before.
    pub(crate) fell: u32,
}

impl Keep for Notes {
    fn known(&self, field: Field) -> Option<&ModelValue> {
        self.fields.get(field)
    }

    fn field(&mut self, field: Field, value: ModelValue) {
        set(&mut self.fields, &mut self.fell, field, value);
    }

    fn attribute(&mut self, key: Key, value: Value) {
        match self.attributes.iter_mut().find(|known| known.key == key) {
            Some(known) => known.value = value,
            None => self.attributes.push(KeyValue::new(key, value)),
        }
    }

    fn decide(&mut self, kind: Kind) {
        self.decided = Some(kind);
    }

    fn fail(&mut self, description: &str) {
        let status = Status::error(description.to_owned());
        if status > self.status {
            self.status = status;
        }
    }

    fn has_failed(&self) -> bool {
        matches!(self.status, Status::Error { .. })
    }

    fn forget(&mut self, is_wrong: fn(Field) -> bool) {
        let fields = std::mem::take(&mut self.fields);
        for (field, value) in fields.iter().filter(|(field, _)| !is_wrong(*field)) {
            self.fields.add(field, value.clone());
        }
    }
}

impl Foreign {
    /// Takes over what was said through the OpenTelemetry API. Content is kept as it is: whoever calls this
    /// has judged it, or does so afterwards.
    pub(crate) fn hear(&self, attributes: Vec<KeyValue>, keep: &mut impl Keep) {
        for KeyValue { key, value, .. } in attributes {
            match (self.meaning(key.as_str()), &value) {
                (Meaning::Content, _) => keep.attribute(key, value),
                (Meaning::Read(reading), Value::I64(number)) => {
                    read(self, reading, key, Said::Integer(*number), keep);
                }
                (Meaning::Read(reading), Value::F64(number)) => {
                    read(self, reading, key, Said::Float(*number), keep);
                }
                (Meaning::Read(reading), Value::Bool(flag)) => {
                    read(self, reading, key, Said::Boolean(*flag), keep);
                }
                (Meaning::Read(reading), Value::String(text)) => {
                    read(self, reading, key, Said::Text(text.as_str()), keep);
                }
                (_, Value::Array(Array::String(texts))) if key.as_str() == Field::FinishReasons.key() => {
                    let reasons: Vec<_> = texts.iter().map(|text| text.as_str()).collect();
                    keep.text(Field::FinishReasons, &reasons.join(","));
                }
                _ => keep.attribute(key, value),
            }
        }
    }
}
