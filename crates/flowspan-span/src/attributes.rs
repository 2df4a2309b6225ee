//! Fields as attributes, and lists of attributes.

use flowspan_model::{Field, FieldSet, Fields, Value as ModelValue};
use opentelemetry::{Key, KeyValue, StringValue, Value};

use crate::convention::{is_list, list};

/// How many attributes a span may have, if nobody says otherwise: the default of the specification.
pub const MAX_ATTRIBUTES: u32 = 128;

/// The value of a field as that of an attribute.
#[inline]
pub fn of_value(field: Field, value: &ModelValue) -> Value {
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

/// Fields of a set as attributes, in a list with room for others. The text of an error is none.
pub fn own_attributes(own: FieldSet, fields: &Fields, others: usize) -> Vec<KeyValue> {
    // It is the description of the span's status.
    let own = own.without(FieldSet::of(Field::ErrorMessage));
    // What is own need not be there: the accounting may add some fields, and takes others away.
    let mut attributes = Vec::with_capacity(own.len().min(fields.len()) + others);
    let said = fields.iter().filter(|(field, _)| own.has(*field));
    attributes.extend(
        said.map(|(field, value)| KeyValue::new(Key::from_static_str(field.key()), of_value(field, value))),
    );
    attributes
}

/// Keeps the last value of each key, at the place of the first, and no more than so many keys. Gives the
/// number of attributes that found no place.
///
/// The lists are short, so comparing is cheaper than hashing; the limit keeps it so.
pub fn keep_last(attributes: &mut Vec<KeyValue>, most: u32) -> u32 {
    let (mut kept, mut dropped) = (0, 0);
    for index in 0..attributes.len() {
        let (before, rest) = attributes.split_at_mut(index);
        match before[..kept].iter_mut().find(|earlier| earlier.key == rest[0].key) {
            Some(earlier) => std::mem::swap(&mut earlier.value, &mut rest[0].value),
            None if kept < most as usize => {
                attributes.swap(kept, index);
                kept += 1;
            }
            None => dropped += 1,
        }
    }
    attributes.truncate(kept);
    dropped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_value_of_a_key_stands_at_the_place_of_the_first() {
        let mut attributes =
            vec![KeyValue::new("a", 1), KeyValue::new("b", 1), KeyValue::new("a", 2), KeyValue::new("c", 3)];
        keep_last(&mut attributes, MAX_ATTRIBUTES);
        assert_eq!(attributes, [KeyValue::new("a", 2), KeyValue::new("b", 1), KeyValue::new("c", 3)]);
    }

    #[test]
    fn what_is_beyond_the_limit_is_dropped_and_counted() {
        let many = (0..10_000).map(|index| KeyValue::new(format!("key {}", index % 5_000), index));
        let mut attributes: Vec<KeyValue> = many.collect();
        assert_eq!(keep_last(&mut attributes, MAX_ATTRIBUTES), 2 * (5_000 - 128));
        assert_eq!(attributes.len(), 128);
        assert_eq!(attributes[0], KeyValue::new("key 0", 5_000));
    }
}
