//! An event in which fields are found at once.

use std::time::Duration;

use crate::{Event, Field, Value};

/// An event whose fields are found at once, wherever they stand: for who asks for many of them.
///
/// ```
/// use flowspan_model::{Event, Field, IndexedEvent, Kind, Moment};
///
/// let event = Event::new(Moment::Ended, Kind::Step).with(Field::StepName, "clone");
/// let event = IndexedEvent::of(&event);
/// assert_eq!(event.get(Field::StepName).and_then(|value| value.as_text()), Some("clone"));
/// assert_eq!(event.get(Field::WorkflowName), None);
/// ```
#[derive(Clone, Debug)]
pub struct IndexedEvent<'event> {
    event: &'event Event,
    /// Where each field stands among those of the event.
    places: [u8; Field::ALL.len()],
}

/// The place of a field that the event does not know.
const NOWHERE: u8 = u8::MAX;

impl<'event> IndexedEvent<'event> {
    /// Looks once at each field of an event.
    #[inline]
    pub fn of(event: &'event Event) -> Self {
        const { assert!(Field::ALL.len() < NOWHERE as usize) };
        let mut places = [NOWHERE; Field::ALL.len()];
        for (place, (field, _)) in (0..NOWHERE).zip(event.fields.known()) {
            places[*field as usize] = place;
        }
        IndexedEvent { event, places }
    }

    /// The value of a field.
    #[inline]
    pub fn get(&self, field: Field) -> Option<&'event Value> {
        self.event.fields.known().get(usize::from(self.places[field as usize])).map(|(_, value)| value)
    }

    /// How long the work took; known when it ended.
    #[inline]
    pub const fn duration(&self) -> Option<Duration> {
        self.event.duration
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Kind, Moment};

    #[test]
    fn every_field_is_found_where_it_is() {
        let mut event = Event::new(Moment::Ended, Kind::Step);
        for (number, field) in (0_i64..).zip(Field::ALL).skip(1).step_by(2) {
            event.fields.set(*field, number);
        }
        let indexed = IndexedEvent::of(&event);
        for field in Field::ALL {
            assert_eq!(indexed.get(*field), event.fields.get(*field), "{field:?}");
        }
    }
}
