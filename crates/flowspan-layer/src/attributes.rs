//! Fields as attributes.

use flowspan_model::{Field, Value as ModelValue};
use opentelemetry::{StringValue, Value};

use crate::convention::{is_list, list};

/// The value of a field as that of an attribute.
#[inline]
pub(crate) fn of_value(field: Field, value: &ModelValue) -> Value {
    match value {
        ModelValue::Text(text) if is_list(field) => list(field, text),
        ModelValue::Text(text) => Value::String(match text.as_static() {
            Some(text) => StringValue::from(text),
            None => StringValue::from(text.to_shared()),
        }),
        ModelValue::Integer(number) => Value::I64(*number),
        ModelValue::Float(number) => Value::F64(*number),
        ModelValue::Boolean(flag) => Value::Bool(*flag),
    }
}
