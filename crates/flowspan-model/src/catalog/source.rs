//! What feeds a metric.

use crate::{AskedEvent, Field, Generation, Kind, Moment};

/// One kind of event that feeds a metric.
#[derive(Clone, Copy, Debug)]
pub struct Source {
    /// The moment of the event.
    pub moment: Moment,
    /// The kind of the event.
    pub kind: Kind,
    /// How much one event adds; what a [`Gauge`](super::Instrument::Gauge) becomes.
    pub amount: Amount,
    /// Which of the events count: those for which all of this holds.
    pub conditions: &'static [Condition],
    /// The only generation of the GenAI convention in which it counts; none if it always does.
    pub generation: Option<Generation>,
    /// A label that this source sets to a fixed value.
    pub fixed: Option<(&'static str, &'static str)>,
}

impl Source {
    /// The number that this event adds, or `None` if it does not count here.
    #[inline]
    pub fn amount_of(&self, event: &AskedEvent<'_>) -> Option<f64> {
        if self.counts(event) { self.amount.of(event) } else { None }
    }

    /// Whether this event counts here.
    #[inline]
    pub fn counts(&self, event: &AskedEvent<'_>) -> bool {
        self.conditions.iter().all(|condition| condition.holds(event))
    }
}

/// Which events of a source count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Those that know this field.
    Known(Field),
    /// Those that do not know this field.
    Unknown(Field),
    /// Those in which this field has this text, or is unknown.
    IsOrUnknown(Field, &'static str),
}

impl Condition {
    /// Whether this event counts.
    #[inline]
    pub fn holds(self, event: &AskedEvent<'_>) -> bool {
        match self {
            Condition::Known(field) => event.get(field).is_some(),
            Condition::Unknown(field) => event.get(field).is_none(),
            Condition::IsOrUnknown(field, text) => match event.get(field) {
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
    /// The value of a field, if it is one that a counter would take: not negative, and below 2^53. A
    /// histogram takes any number, and one that is a mistake would spoil its sum for good.
    Countable(Field),
    /// Several numbers that a field lists, each as often as it says: see [`Repeated`](crate::Repeated).
    Each(Field),
}

impl Amount {
    /// Whether an event has to be asked for a field of it.
    pub const fn is_of_a_field(self) -> bool {
        !matches!(self, Amount::One | Amount::MinusOne | Amount::Duration)
    }

    /// The number that this event adds, or `None` if it does not know.
    #[inline]
    pub fn of(self, event: &AskedEvent<'_>) -> Option<f64> {
        match self {
            Amount::One => Some(1.0),
            Amount::MinusOne => Some(-1.0),
            Amount::Count => count(event),
            Amount::MinusCount => count(event).map(|count| -count),
            Amount::Duration => event.duration().map(|duration| duration.as_secs_f64()),
            Amount::Field(field) => event.get(field)?.as_number(),
            Amount::Countable(field) => {
                let number = event.get(field)?.as_number();
                number.filter(|number| (0.0..9_007_199_254_740_992.0).contains(number))
            }
            // No single number; whoever measures asks for all of them.
            Amount::Each(_) => None,
        }
    }
}

fn count(event: &AskedEvent<'_>) -> Option<f64> {
    match event.get(Field::Count) {
        Some(count) => count.as_number(),
        None => Some(1.0),
    }
}
