//! The ways that a thread has gone lately, from label values as they come to the series they belong to.
//!
//! A thread does the same few things again and again. To see that the labels are those of an earlier
//! time costs a few comparisons; to find their series costs hashes, and locks that all threads share.

use std::{
    cell::{OnceCell, RefCell},
    sync::atomic::{AtomicUsize, Ordering},
};

use flowspan_model::{Text, Value};

use crate::{
    family::Way,
    labels::bounded_key,
    texts::{TextId, Texts},
};

/// How many routes a thread remembers. More take turns.
const PLACES: usize = 256;

/// What tells a label value from others without reading its text: where that stands, and how long it is.
/// Texts that come again stand in the same place of the memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    number: u64,
    length: u64,
}

/// The ways from the label values of an event to its series, one for each metric that is fed.
///
/// Each is looked for when it is first needed: a series is exported from its first measurement, and a
/// zero that nobody counted would be a claim that nobody made.
#[derive(Debug, Default)]
pub(crate) struct Route {
    /// Those of the key, which keeps its texts where they are.
    marks: Vec<Mark>,
    key: Vec<Option<Value>>,
    /// The numbers of the texts of the key that were kept when the route began.
    ids: Vec<Option<TextId>>,
    ways: Vec<OnceCell<Way>>,
}

/// One route, and whose it is.
#[derive(Debug)]
struct Place {
    trigger: usize,
    route: Option<Box<Route>>,
}

thread_local! {
    static RECENT: RefCell<[Place; PLACES]> =
        const { RefCell::new([const { Place { trigger: usize::MAX, route: None } }; PLACES]) };
}

static TRIGGERS: AtomicUsize = AtomicUsize::new(0);

/// A number that no other trigger has.
pub(crate) fn number() -> usize {
    TRIGGERS.fetch_add(1, Ordering::Relaxed)
}

/// Works with the route of a trigger and label values with these marks: the one that this thread went before, if it
/// remembers, or one that begins.
#[inline]
pub(crate) fn with(trigger: usize, marks: &[Mark], begin: impl Fn(&mut Route), work: impl Fn(&Route)) {
    let known = RECENT.try_with(|recent| {
        let mut recent = recent.try_borrow_mut().ok()?;
        let place = &mut recent[place(trigger, marks)];
        if let Some(route) = &place.route
            && place.trigger == trigger
            && route.marks == marks
        {
            work(route);
            return Some(());
        }
        place.trigger = trigger;
        let route = place.route.get_or_insert_default();
        begin(route);
        work(route);
        Some(())
    });
    // The thread is ending, or in the middle of this already: what hears of a measurement may make another.
    if !matches!(known, Ok(Some(()))) {
        let mut route = Route::default();
        begin(&mut route);
        work(&route);
    }
}

impl Mark {
    /// That of a value that is not there.
    pub(crate) const NONE: Mark = Mark { number: 0, length: 0 };

    #[inline]
    pub(crate) fn of(value: &Value) -> Self {
        let (number, length) = match value {
            Value::Text(text) => (text.as_ptr().addr() as u64, text.len() as u64),
            // No text is as long as that.
            Value::Integer(number) => (number.cast_unsigned(), u64::MAX),
            Value::Float(number) => (number.to_bits(), u64::MAX - 1),
            Value::Boolean(flag) => (u64::from(*flag), u64::MAX - 2),
        };
        Mark { number, length }
    }
}

impl Route {
    /// One of the label values, and the number of its text if that is known.
    #[inline]
    pub(crate) fn value(&self, position: usize) -> Option<(&Value, Option<TextId>)> {
        self.key[position].as_ref().map(|value| (value, self.ids[position]))
    }

    /// Its ways, in the order of the metrics that are fed.
    #[inline]
    pub(crate) fn ways(&self) -> &[OnceCell<Way>] {
        &self.ways
    }

    /// Makes it that of these label values, with so many ways that nobody has gone.
    #[cold]
    pub(crate) fn begin<'value>(
        &mut self,
        values: impl Iterator<Item = Option<&'value Value>>,
        ways: usize,
        texts: &Texts,
    ) {
        let Route { marks, key, ids, ways: all_ways } = self;
        key.clear();
        key.extend(values.map(|value| value.map(bounded)));
        marks.clear();
        marks.extend(key.iter().map(|value| value.as_ref().map_or(Mark::NONE, Mark::of)));
        let texts = texts.read();
        ids.clear();
        ids.extend(key.iter().map(|value| texts.find(value.as_ref()?.as_text()?)));
        all_ways.clear();
        all_ways.resize_with(ways, OnceCell::new);
    }
}

/// Where a route stands.
#[inline]
fn place(trigger: usize, marks: &[Mark]) -> usize {
    let digest = marks.iter().fold(trigger as u64, |digest, mark| (digest ^ mark.number).wrapping_mul(MIXER));
    (digest >> 32) as usize % PLACES
}

/// 2^64 divided by the golden ratio: the upper bits of a product depend on all bits of a number.
const MIXER: u64 = 0x9e37_79b9_7f4a_7c15;

/// A value that may be kept for a while. A text that is longer than any label value is cut: its mark is
/// that of the copy, so it is never known again.
fn bounded(value: &Value) -> Value {
    match value {
        Value::Text(text) if bounded_key(text).len() < text.len() => {
            Value::Text(Text::from(bounded_key(text)))
        }
        value => value.clone(),
    }
}
