//! Places for the facts of spans, used again and again.
//!
//! The facts of a span are filled in by a thread of the program and forgotten by the thread that exports them.
//! What one thread takes from the allocator and another gives back costs both of them, so the places go back
//! the way they came, many at a time.

use std::{
    cell::RefCell,
    ops::{Deref, DerefMut},
    sync::{Mutex, PoisonError},
};

use crate::SpanFacts;

/// How many places change hands at a time.
const CRATE: usize = 64;
/// How many such lots wait for somebody to take them, at most: together about as much as a queue holds.
const CRATES: usize = 32;
/// Room for more fields than this is not kept.
const LARGE: usize = 48;

const GONE: &str = "the place is given back when nobody has the facts any more";

static WAITING: Mutex<Vec<Vec<Place>>> = Mutex::new(Vec::new());

thread_local! {
    static AT_HAND: RefCell<Vec<Place>> = const { RefCell::new(Vec::new()) };
}

/// The facts of a span in a place that is used again when nobody needs them any more, wherever that is.
#[derive(Clone, Debug)]
pub struct Lent(Option<Place>);

impl Lent {
    /// A place to be filled. There are no fields in it, but perhaps room for some, and no attributes; everything
    /// else, its name and status among it, may be that of another span: write down all of it.
    #[inline]
    pub fn take() -> Self {
        let place = AT_HAND.try_with(|at_hand| {
            let mut at_hand = at_hand.borrow_mut();
            if at_hand.is_empty() {
                refill(&mut at_hand);
            }
            at_hand.pop()
        });
        Lent(Some(place.ok().flatten().unwrap_or_default()))
    }
}

impl From<SpanFacts> for Lent {
    fn from(facts: SpanFacts) -> Self {
        Lent(Some(Box::new(facts)))
    }
}

impl Deref for Lent {
    type Target = SpanFacts;

    #[inline]
    fn deref(&self) -> &SpanFacts {
        match &self.0 {
            Some(place) => place,
            None => unreachable!("{GONE}"),
        }
    }
}

impl DerefMut for Lent {
    #[inline]
    fn deref_mut(&mut self) -> &mut SpanFacts {
        match &mut self.0 {
            Some(place) => place,
            None => unreachable!("{GONE}"),
        }
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(place) = self.0.take() {
            give_back(place);
        }
    }
}

/// Where facts stand while they wait, so that they need not be moved from hand to hand.
type Place = Box<SpanFacts>;

#[cold]
fn refill(at_hand: &mut Vec<Place>) {
    if let Some(waiting) = WAITING.lock().unwrap_or_else(PoisonError::into_inner).pop() {
        *at_hand = waiting;
    }
}

fn give_back(mut place: Place) {
    // What is known of the span is dropped before anything is borrowed.
    place.clear();
    if place.fields.capacity() > LARGE {
        return;
    }
    let surplus = AT_HAND.try_with(|at_hand| {
        let mut at_hand = at_hand.borrow_mut();
        at_hand.push(place);
        (at_hand.len() >= 2 * CRATE).then(|| at_hand.split_off(CRATE))
    });
    if let Ok(Some(surplus)) = surplus {
        let mut waiting = WAITING.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() < CRATES {
            waiting.push(surplus);
        }
    }
}

#[cfg(test)]
mod tests {
    use flowspan_model::{Field, FieldSet};
    use opentelemetry::{
        KeyValue,
        trace::{SpanContext, SpanId, Status, TraceFlags, TraceId, TraceState},
    };

    use super::*;

    /// What waits is the same for all tests.
    static ALONE: Mutex<()> = Mutex::new(());

    fn used(capacity: usize) -> Lent {
        let mut facts = Lent::take();
        facts.fields.reserve(capacity);
        facts.fields.set(Field::StepName, "clone");
        facts.own = FieldSet::of(Field::StepName);
        facts
    }

    #[test]
    fn a_place_that_another_thread_gives_back_is_used_again() {
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let exporter = std::thread::spawn(move || {
            let waiting: Vec<_> = (0..4 * CRATE).map(|_| used(7)).collect();
            drop(waiting);
        });
        exporter.join().expect("no panic");
        let again: Vec<_> = (0..4 * CRATE).map(|_| Lent::take()).collect();
        assert!(again.iter().filter(|facts| facts.fields.capacity() >= 7).count() >= 2 * CRATE);
    }

    #[test]
    fn what_stood_in_a_place_is_gone() {
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let mut facts = used(3);
        facts.name = String::from("a name of its own").into();
        facts.status = Status::error("it failed");
        facts.attributes.push(KeyValue::new("own", "y"));
        facts.extras = Some(Box::default());
        facts.context = SpanContext::new(
            TraceId::from(1),
            SpanId::from(1),
            TraceFlags::SAMPLED,
            false,
            TraceState::from_key_value([("vendor", "text")]).expect("valid"),
        );
        let place = facts.0.take().expect("it has one");
        let address = std::ptr::from_ref(&*place).addr();
        give_back(place);
        let again = Lent::take();
        assert_eq!(std::ptr::from_ref(&*again).addr(), address);
        assert!(again.fields.is_empty() && again.attributes.is_empty() && again.extras.is_none());
        assert!(again.name.is_empty() && again.status == Status::Unset);
        assert_eq!(again.context, SpanContext::NONE);
    }

    #[test]
    fn what_waits_is_bounded() {
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let many: Vec<_> = (0..3 * CRATE * CRATES).map(|_| used(1)).collect();
        drop(many);
        assert!(WAITING.lock().unwrap_or_else(PoisonError::into_inner).len() <= CRATES);
        drop(used(LARGE + 1));
        assert!(Lent::take().fields.capacity() <= LARGE);
    }
}
