//! What feeds a metric.

use crate::{Event, Field, Kind, Moment};

/// One kind of event that feeds a metric.
#[derive(Clone, Copy, Debug)]
pub struct Source {
    /// The moment of the event.
    pub moment: Moment,
    /// The kind of the event.
    pub kind: Kind,
    /// How much one event adds; what a [`Gauge`](super::Instrument::Gauge) becomes.
    pub amount: Amount,
    /// Which of the events count.
    pub condition: Condition,
    /// A label that this source sets to a fixed value.
    pub fixed: Option<(&'static str, &'static str)>,
}

impl Source {
    /// The number that this event adds, or `None` if it does not count here.
    #[inline]
    pub fn amount_of(&self, event: &Event) -> Option<f64> {
        if self.condition.holds(event) { self.amount.of(event) } else { None }
    }
}

/// Which events of a source count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// All of them.
    Always,
    /// Those that know this field.
    Known(Field),
    /// Those in which this field has this text, or is unknown.
    IsOrUnknown(Field, &'static str),
}

impl Condition {
    /// Whether this event counts.
    #[inline]
    pub fn holds(self, event: &Event) -> bool {
        match self {
            Condition::Always => true,
            Condition::Known(field) => event.fields.get(field).is_some(),
            Condition::IsOrUnknown(field, text) => match event.fields.get(field) {
                Some(value) => value.as_text() == Some(text),
                None => true,
            },
        }
    }
}

/// How much one event adds to a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amount {
    /// One.
    One,
    /// One less.
    MinusOne,
    /// As many as the event speaks of ([`Field::Count`]): one, if it does not say.
    Count,
    /// As many less as the event speaks of.
    MinusCount,
    /// The event's duration in seconds.
    Duration,
    /// The value of a field; nothing if the field is unknown.
    Field(Field),
}

impl Amount {
    /// The number that this event adds, or `None` if it does not know.
    #[inline]
    pub fn of(self, event: &Event) -> Option<f64> {
        match self {
            Amount::One => Some(1.0),
            Amount::MinusOne => Some(-1.0),
            Amount::Count => count(event),
            Amount::MinusCount => count(event).map(|count| -count),
            Amount::Duration => event.duration.map(|duration| duration.as_secs_f64()),
            Amount::Field(field) => event.fields.get(field)?.as_number(),
        }
    }
}

fn count(event: &Event) -> Option<f64> {
    match event.fields.get(Field::Count) {
        Some(count) => count.as_number(),
        None => Some(1.0),
    }
}
