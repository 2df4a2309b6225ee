//! One observed fact.

use std::time::{Duration, SystemTime};

use crate::{Field, Kind, Moment, Status, Usage, Value};

/// Where in a trace an event stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SpanIds {
    /// The trace, or zeros if there is none.
    pub trace: [u8; 16],
    /// The span that the event speaks of, or in which it occurred.
    pub span: [u8; 8],
    /// The span around that one, if it is known.
    pub parent: Option<[u8; 8]>,
}

/// One observed fact: the only thing that flows from the hearing side to the counting side.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// When in the life of the thing.
    pub moment: Moment,
    /// What it is about.
    pub kind: Kind,
    /// When it happened by the clock on the wall.
    pub time: SystemTime,
    /// Where in a trace it stands.
    pub ids: SpanIds,
    /// How long the work took; set when it ended.
    pub duration: Option<Duration>,
    /// What is known about it, inherited fields included.
    pub fields: Fields,
}

impl Event {
    /// An event of this moment, now, outside every trace.
    pub fn new(moment: Moment, kind: Kind) -> Self {
        Event {
            moment,
            kind,
            time: SystemTime::now(),
            ids: SpanIds::default(),
            duration: None,
            fields: Fields::default(),
        }
    }

    /// Sets a field.
    #[must_use]
    pub fn with(mut self, field: Field, value: impl Into<Value>) -> Self {
        self.fields.set(field, value);
        self
    }

    /// How the work ended, if the event says so.
    pub fn status(&self) -> Option<Status> {
        self.fields.text(Field::Status).and_then(|text| text.parse().ok())
    }

    /// The tokens that the event speaks of.
    pub fn usage(&self) -> Usage {
        let tokens = |field| self.fields.integer(field).and_then(|n| u64::try_from(n).ok());
        Usage {
            input: tokens(Field::InputTokens),
            output: tokens(Field::OutputTokens),
            cache_read: tokens(Field::CacheReadTokens),
            cache_write: tokens(Field::CacheWriteTokens),
            reasoning: tokens(Field::ReasoningTokens),
        }
    }
}

/// A small set of fields. Setting a field again replaces its value.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fields(Vec<(Field, Value)>);

impl Fields {
    /// An empty set with room for `capacity` fields.
    #[inline]
    pub fn with_capacity(capacity: usize) -> Self {
        Fields(Vec::with_capacity(capacity))
    }

    /// Sets a field.
    #[inline]
    pub fn set(&mut self, field: Field, value: impl Into<Value>) {
        let value = value.into();
        match self.0.iter_mut().find(|(known, _)| *known == field) {
            Some(entry) => entry.1 = value,
            None => self.0.push((field, value)),
        }
    }

    /// Sets a field about which nothing is known yet, without looking whether that is so: the first
    /// value of a field counts.
    #[inline(always)]
    pub fn add(&mut self, field: Field, value: impl Into<Value>) {
        debug_assert!(self.get(field).is_none(), "{field:?} is known already");
        self.0.push((field, value.into()));
    }

    /// Makes room for so many more fields.
    #[inline]
    pub fn reserve(&mut self, additional: usize) {
        self.0.reserve(additional);
    }

    /// For how many fields there is room.
    #[inline]
    pub fn capacity(&self) -> usize {
        self.0.capacity()
    }

    /// Forgets all fields, and keeps the room that they had.
    #[inline]
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Sets a field only if nothing is known about it yet.
    #[inline]
    pub fn set_default(&mut self, field: Field, value: &Value) {
        if self.get(field).is_none() {
            self.0.push((field, value.clone()));
        }
    }

    /// Forgets the fields for which this is not true.
    pub fn retain(&mut self, mut keep: impl FnMut(Field) -> bool) {
        self.0.retain(|(field, _)| keep(*field));
    }

    /// The value of a field.
    #[inline]
    pub fn get(&self, field: Field) -> Option<&Value> {
        self.0.iter().find(|(known, _)| *known == field).map(|(_, value)| value)
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
        self.0.len()
    }

    /// Whether nothing is known.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All fields, in the order in which they were first set.
    #[inline]
    pub fn iter(&self) -> impl Iterator<Item = (Field, &Value)> {
        self.0.iter().map(|(field, value)| (*field, value))
    }
}

#[cfg(test)]
mod tests {
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
}
