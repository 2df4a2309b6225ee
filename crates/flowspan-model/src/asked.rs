//! An event that is asked for its fields.

use std::time::Duration;

use crate::{Event, Field, Value};

/// An event that is asked for its fields. To find a field is to look at those before it; who asks for many of
/// them has them [numbered](AskedEvent::often) first.
///
/// ```
/// use flowspan_model::{AskedEvent, Event, Field, Kind, Moment};
///
/// let event = Event::new(Moment::Ended, Kind::Step).with(Field::StepName, "clone");
/// for event in [AskedEvent::once(&event), AskedEvent::often(&event)] {
///     assert_eq!(event.get(Field::StepName).and_then(|value| value.as_text()), Some("clone"));
///     assert_eq!(event.get(Field::WorkflowName), None);
/// }
/// ```
#[derive(Clone, Debug)]
pub struct AskedEvent<'event> {
    event: &'event Event,
    /// Where each field stands among those of the event.
    places: Option<[u8; Field::ALL.len()]>,
}

/// The place of a field that the event does not know.
const NOWHERE: u8 = u8::MAX;

impl<'event> AskedEvent<'event> {
    /// One that is asked for a few fields.
    #[inline]
    pub const fn once(event: &'event Event) -> Self {
        AskedEvent { event, places: None }
    }

    /// One that is asked for many fields: each is looked at now, and found at once from then on.
    #[inline]
    pub fn often(event: &'event Event) -> Self {
        const { assert!(Field::ALL.len() < NOWHERE as usize) };
        let mut places = [NOWHERE; Field::ALL.len()];
        for (place, (field, _)) in (0..NOWHERE).zip(event.fields.known()) {
            // The first value of a field counts.
            let known = &mut places[*field as usize];
            *known = place.min(*known);
        }
        AskedEvent { event, places: Some(places) }
    }

    /// The value of a field.
    #[inline]
    pub fn get(&self, field: Field) -> Option<&'event Value> {
        match &self.places {
            Some(places) => {
                let known = self.event.fields.known().get(usize::from(places[field as usize]));
                known.map(|(_, value)| value)
            }
            None => self.event.fields.get(field),
        }
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
        let (once, often) = (AskedEvent::once(&event), AskedEvent::often(&event));
        for field in Field::ALL {
            assert_eq!(once.get(*field), event.fields.get(*field), "{field:?}");
            assert_eq!(often.get(*field), event.fields.get(*field), "{field:?}");
        }
    }
}
