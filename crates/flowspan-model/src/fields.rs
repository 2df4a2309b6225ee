//! What is known of something.

use std::fmt;

use crate::{Field, Text, Value};

/// A small set of fields. Setting a field again replaces its value.
#[derive(Default)]
pub struct Fields {
    /// What is known, and behind it the room for more: places with values that mean nothing and own nothing.
    ///
    /// So that a value is made where it stays. What is pushed onto a list is made on the stack and moved, and
    /// has to wait until it has been written there.
    places: Box<[(Field, Value)]>,
    known: usize,
}

/// For how many fields there is room at least, once there is one.
const FEW: usize = 4;
/// What stands in a place that is empty.
const NOTHING: (Field, Value) = (Field::Status, Value::Boolean(false));

impl Fields {
    /// An empty set with room for `capacity` fields.
    #[inline]
    pub fn with_capacity(capacity: usize) -> Self {
        let mut fields = Fields::default();
        fields.reserve(capacity);
        fields
    }

    /// Sets a field.
    #[inline]
    pub fn set(&mut self, field: Field, value: impl Into<Value>) {
        match self.places[..self.known].iter_mut().find(|(known, _)| *known == field) {
            Some(entry) => entry.1 = value.into(),
            None => self.push(field, value),
        }
    }

    /// Sets a field about which nothing is known yet, without looking whether that is so: the first
    /// value of a field counts.
    #[inline(always)]
    pub fn add(&mut self, field: Field, value: impl Into<Value>) {
        debug_assert!(self.get(field).is_none(), "{field:?} is known already");
        self.push(field, value);
    }

    /// Makes room for so many more fields.
    #[inline]
    pub fn reserve(&mut self, additional: usize) {
        if self.places.len() - self.known < additional {
            self.grow(additional);
        }
    }

    /// For how many fields there is room.
    #[inline]
    pub fn capacity(&self) -> usize {
        self.places.len()
    }

    /// Forgets all fields, and keeps the room that they had.
    #[inline]
    pub fn clear(&mut self) {
        self.truncate(0);
    }

    /// Sets a field only if nothing is known about it yet.
    #[inline]
    pub fn set_default(&mut self, field: Field, value: &Value) {
        if self.get(field).is_none() {
            self.add_copy(field, value);
        }
    }

    /// Sets a field about which nothing is known yet to a value that stands elsewhere, too.
    #[inline]
    pub fn add_copy(&mut self, field: Field, value: &Value) {
        debug_assert!(self.get(field).is_none(), "{field:?} is known already");
        // One by one, so that each is made where it stays.
        match value {
            Value::Text(text) => match text.as_static() {
                Some(text) => self.push(field, Text::from_static(text)),
                None => self.push(field, text.clone()),
            },
            Value::Integer(number) => self.push(field, *number),
            Value::Float(number) => self.push(field, *number),
            Value::Boolean(flag) => self.push(field, *flag),
        }
    }

    /// Forgets the fields for which this is not true.
    pub fn retain(&mut self, mut keep: impl FnMut(Field) -> bool) {
        let mut kept = 0;
        for place in 0..self.known {
            if keep(self.places[place].0) {
                self.places.swap(kept, place);
                kept += 1;
            }
        }
        self.truncate(kept);
    }

    /// The value of a field.
    #[inline]
    pub fn get(&self, field: Field) -> Option<&Value> {
        self.known().iter().find(|(known, _)| *known == field).map(|(_, value)| value)
    }

    /// The value of a field that is a text.
    #[inline]
    pub fn text(&self, field: Field) -> Option<&str> {
        self.get(field).and_then(Value::as_text)
    }

    /// The value of a field that is a whole number.
    #[inline]
    pub fn integer(&self, field: Field) -> Option<i64> {
        self.get(field).and_then(Value::as_integer)
    }

    /// How many fields are known.
    #[inline]
    pub fn len(&self) -> usize {
        self.known
    }

    /// Whether nothing is known.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.known == 0
    }

    /// All fields, in the order in which they were first set.
    #[inline]
    pub fn iter(&self) -> impl Iterator<Item = (Field, &Value)> {
        self.known().iter().map(|(field, value)| (*field, value))
    }

    #[inline]
    pub(crate) fn known(&self) -> &[(Field, Value)] {
        &self.places[..self.known]
    }

    #[inline(always)]
    fn push(&mut self, field: Field, value: impl Into<Value>) {
        if self.known == self.places.len() {
            self.grow(self.known.max(FEW));
        }
        let place = &mut self.places[self.known];
        place.0 = field;
        // What stands in an empty place owns nothing. To drop it would be to look at it first, and it may have been
        // another thread that wrote there last.
        std::mem::forget(std::mem::replace(&mut place.1, value.into()));
        self.known += 1;
    }

    #[cold]
    fn grow(&mut self, additional: usize) {
        let mut places = std::mem::take(&mut self.places).into_vec();
        places.reserve_exact(self.known + additional - places.len());
        places.resize(self.known + additional, NOTHING);
        self.places = places.into_boxed_slice();
    }

    /// Forgets what is known from this place on. Texts that others may share are let go.
    fn truncate(&mut self, left: usize) {
        for (_, value) in &mut self.places[left..self.known] {
            if matches!(value, Value::Text(text) if text.as_static().is_none()) {
                *value = NOTHING.1;
            }
        }
        self.known = left;
    }
}

impl Clone for Fields {
    fn clone(&self) -> Self {
        Fields { places: self.known().into(), known: self.known }
    }
}

impl PartialEq for Fields {
    fn eq(&self, other: &Self) -> bool {
        self.known() == other.known()
    }
}

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn setting_a_field_again_replaces_it() {
        let mut fields = Fields::default();
        fields.set(Field::InputTokens, 1_u64);
        fields.set(Field::InputTokens, 2_u64);
        fields.set_default(Field::InputTokens, &Value::Integer(3));
        assert_eq!(fields.integer(Field::InputTokens), Some(2));
        assert_eq!(fields.iter().count(), 1);
    }

    #[test]
    fn room_that_is_used_again_shows_nothing_of_before() {
        let text = Text::from("shared");
        let mut fields = Fields::with_capacity(2);
        fields.set(Field::StepName, text.clone());
        fields.set(Field::StepIndex, 1_u64);
        fields.set(Field::Attempt, 1_u64);
        fields.retain(|field| field == Field::Attempt);
        assert_eq!(fields.iter().collect::<Vec<_>>(), [(Field::Attempt, &Value::Integer(1))]);
        fields.clear();
        assert!(fields.is_empty() && fields.capacity() >= 3);
        assert_eq!(fields.get(Field::Attempt), None);
        assert_eq!(fields, Fields::default());
        assert_eq!(Arc::strong_count(&text.to_shared()), 2, "nobody else has the text any more");
        fields.add(Field::StepName, "again");
        assert_eq!(fields.clone().iter().collect::<Vec<_>>(), [(Field::StepName, &Value::from("again"))]);
    }
}
