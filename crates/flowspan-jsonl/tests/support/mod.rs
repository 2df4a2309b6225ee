//! What the tests of files have in common.

pub(crate) mod prodigy;

use std::sync::Mutex;
use std::time::{Duration, UNIX_EPOCH};

use flowspan_model::{Event, EventSink, Field, Fields, Kind, Moment, SpanIds};

/// A sink that keeps what it gets.
#[derive(Default)]
pub(crate) struct Kept(Mutex<Vec<Event>>);

impl EventSink for Kept {
    fn event(&self, event: &Event) {
        self.0.lock().expect("no panic").push(event.clone());
    }
}

impl Kept {
    /// What it has got so far.
    pub(crate) fn events(&self) -> Vec<Event> {
        self.0.lock().expect("no panic").clone()
    }

    /// The numbers of the events that [`numbered`] has made.
    pub(crate) fn numbers(&self) -> Vec<i64> {
        self.events().iter().map(|event| event.fields.integer(Field::Count).expect("a number")).collect()
    }
}

/// An event with a number.
pub(crate) fn numbered(number: i64) -> Event {
    let nanoseconds = 1_767_225_600_000_000_000 + number.unsigned_abs();
    Event {
        moment: Moment::Occurred,
        kind: Kind::StorageWritten,
        time: UNIX_EPOCH + Duration::from_nanos(nanoseconds),
        ids: SpanIds { trace: [7; 16], span: [9; 8], parent: None },
        duration: None,
        fields: Fields::default(),
    }
    .with(Field::StorageName, "a store whose name fills the line")
    .with(Field::Count, number)
}

/// Lines of such events.
pub(crate) fn lines(numbers: impl IntoIterator<Item = i64>) -> Vec<u8> {
    let mut text = Vec::new();
    numbers.into_iter().for_each(|number| flowspan_jsonl::write_line(&numbered(number), &mut text));
    text
}
