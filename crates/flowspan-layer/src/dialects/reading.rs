//! How a field of a dialect is read.

use flowspan_model::{Field, Kind, Status, Value as ModelValue, ValueType};
use opentelemetry::{Array, Key, StringValue, Value};

use super::{foreign::Foreign, operations, providers};

/// How a field of a dialect is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// It is this field of the vocabulary.
    Field(Field),
    /// It says what the span is.
    Deciding,
    /// It is the title of the span: what it is, and of whom.
    Title,
    /// It is an attribute of another name.
    Renamed,
    /// It is a list, written as JSON.
    List,
    /// It is the text of an error.
    Error,
    /// It is what became of a tool call: success, error, denied or skipped.
    Outcome,
    /// It is the code of the span's status.
    StatusCode,
    /// It is what people and models say to each other.
    Content,
    /// It is nothing for telemetry.
    Ignored,
}

/// What was recorded.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Said<'value> {
    Text(&'value str),
    Integer(i64),
    Unsigned(u64),
    Float(f64),
    Boolean(bool),
}

/// Whoever keeps what a span of a dialect says.
pub(crate) trait Keep {
    /// What is known of a field.
    fn known(&self, field: Field) -> Option<&ModelValue>;

    /// Takes over a field.
    fn field(&mut self, field: Field, value: ModelValue);

    /// Takes over a field that is a text.
    fn text(&mut self, field: Field, text: &str) {
        self.field(field, text.into());
    }

    /// Takes over an attribute.
    fn attribute(&mut self, key: Key, value: Value);

    /// What the span is has become known.
    fn decide(&mut self, kind: Kind);

    /// There is a sign of a failure.
    fn fail(&mut self, description: &str);

    /// Whether there was a sign of a failure.
    fn has_failed(&self) -> bool;

    /// Forgets all fields of which this holds.
    fn forget(&mut self, is_wrong: fn(Field) -> bool);
}

/// Reads what a field of this name says.
pub(crate) fn read(foreign: &Foreign, reading: Reading, key: Key, said: Said<'_>, keep: &mut impl Keep) {
    match (reading, said) {
        (Reading::Field(field), said) => read_field(field, said, keep),
        (Reading::Deciding, Said::Text(value)) => {
            if let Some(kind) = foreign.decided_by(value) {
                keep.decide(kind);
            }
            match foreign.deciding_field() {
                Some(field) => read_field(field, said, keep),
                None if foreign.ignores(key.as_str()) => {}
                None => keep.attribute(key, said.into_value()),
            }
        }
        (Reading::Title, Said::Text(title)) => {
            if let Some((field, subject)) = foreign.titled(title) {
                keep.text(field, subject);
            }
        }
        (Reading::Renamed, said) => {
            let key = foreign.renamed(key.as_str()).map_or(key, Key::from_static_str);
            keep.attribute(key, said.into_value());
        }
        (Reading::List, Said::Text(text)) => match list(text) {
            Some(texts) => keep.attribute(key, texts_value(texts)),
            None => keep.attribute(key, said.into_value()),
        },
        (Reading::Error, said) => {
            let text = said.to_text();
            keep.fail(&text);
            keep.text(Field::ErrorMessage, &text);
        }
        (Reading::Outcome, Said::Text(outcome)) => {
            let status = match outcome {
                "success" => Some(Status::Success),
                "error" => Some(Status::Failed),
                // The tool did not run.
                "denied" | "skipped" => Some(Status::Cancelled),
                _ => None,
            };
            if let Some(status) = status {
                keep.text(Field::Status, status.as_str());
            }
            keep.attribute(key, said.into_value());
        }
        (Reading::StatusCode, Said::Text(code)) => {
            // An explicit `ok` says no more than that nothing failed.
            if code.eq_ignore_ascii_case("error") {
                keep.fail("");
            }
        }
        (Reading::Deciding | Reading::List | Reading::Outcome | Reading::StatusCode, said) => {
            keep.attribute(key, said.into_value());
        }
        (Reading::Content | Reading::Ignored | Reading::Title, _) => {}
    }
}

/// Takes over a field in the type that it has. What cannot be one is no value of it.
fn read_field(field: Field, said: Said<'_>, keep: &mut impl Keep) {
    match (field, said) {
        (Field::Provider, Said::Text(name)) => keep.text(field, providers::standard(name)),
        (Field::FinishReasons, Said::Text(text)) => match list(text) {
            Some(reasons) => keep.text(field, &reasons.join(",")),
            None => keep.text(field, text),
        },
        (Field::Operation, Said::Text(name)) => {
            let (operation, is_streamed) = operations::standard(name);
            keep.text(field, operation);
            if is_streamed && keep.known(Field::Stream).is_none() {
                keep.field(Field::Stream, true.into());
            }
        }
        (_, Said::Text(text)) if field.value_type() == ValueType::Text => keep.text(field, text),
        _ => {
            if let Some(value) = said.as_type(field.value_type()) {
                keep.field(field, value);
            }
        }
    }
}

/// The texts of a list that is written as JSON.
fn list(text: &str) -> Option<Vec<String>> {
    text.trim_start().starts_with('[').then(|| serde_json::from_str(text).ok()).flatten()
}

fn texts_value(texts: Vec<String>) -> Value {
    Value::Array(Array::String(texts.into_iter().map(StringValue::from).collect()))
}

impl Said<'_> {
    fn as_type(self, value_type: ValueType) -> Option<ModelValue> {
        match value_type {
            ValueType::Text => Some(self.to_text().into()),
            ValueType::Integer => self.as_integer(),
            ValueType::Float => self.as_float().map(ModelValue::Float),
            ValueType::Boolean => match self {
                Said::Boolean(flag) => Some(flag.into()),
                Said::Text(text) => text.parse::<bool>().ok().map(ModelValue::Boolean),
                _ => None,
            },
        }
    }

    fn as_integer(self) -> Option<ModelValue> {
        /// Beyond this, not every whole number is a float.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        match self {
            Said::Integer(number) => Some(number.into()),
            Said::Unsigned(number) => Some(number.into()),
            Said::Float(number) if number.fract() == 0.0 && number.abs() <= EXACT =>
            {
                #[expect(clippy::cast_possible_truncation, reason = "it is whole and small enough")]
                Some(ModelValue::Integer(number as i64))
            }
            Said::Text(text) => {
                let text = text.trim();
                text.parse::<i64>()
                    .map(ModelValue::from)
                    .or_else(|_| text.parse::<u64>().map(Into::into))
                    .ok()
            }
            Said::Float(_) | Said::Boolean(_) => None,
        }
    }

    fn as_float(self) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "the field is a float for everybody")]
        let number = match self {
            Said::Float(number) => number,
            Said::Integer(number) => number as f64,
            Said::Unsigned(number) => number as f64,
            Said::Text(text) => text.trim().parse().ok()?,
            Said::Boolean(_) => return None,
        };
        Some(number)
    }

    fn to_text(self) -> String {
        match self {
            Said::Text(text) => text.to_owned(),
            Said::Integer(number) => number.to_string(),
            Said::Unsigned(number) => number.to_string(),
            Said::Float(number) => number.to_string(),
            Said::Boolean(flag) => flag.to_string(),
        }
    }

    /// As the value of an attribute.
    pub(crate) fn into_value(self) -> Value {
        match self {
            Said::Text(text) => text.to_owned().into(),
            Said::Integer(number) => number.into(),
            Said::Unsigned(number) => match i64::try_from(number) {
                Ok(number) => number.into(),
                Err(_) => number.to_string().into(),
            },
            Said::Float(number) => number.into(),
            Said::Boolean(flag) => flag.into(),
        }
    }
}
