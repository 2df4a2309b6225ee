//! Room for the fields of spans, used again and again.
//!
//! The fields of a span are filled by a thread of the program and forgotten by the thread that exports it.
//! What one thread takes from the allocator and another gives back costs both of them, so the room goes back
//! the way it came, many at a time.

use std::{
    cell::RefCell,
    ops::{Deref, DerefMut},
    sync::{Mutex, PoisonError},
};

use flowspan_model::Fields;

/// How much room changes hands at a time.
const CRATE: usize = 64;
/// How many times that waits for somebody to take it, at most: together about as much as a queue holds.
const CRATES: usize = 32;
/// Room for more fields than this is not kept.
const LARGE: usize = 48;

static WAITING: Mutex<Vec<Vec<Fields>>> = Mutex::new(Vec::new());

thread_local! {
    static AT_HAND: RefCell<Vec<Fields>> = const { RefCell::new(Vec::new()) };
}

/// Makes an empty set of fields one that has been used before and has room, if there is any.
#[inline]
pub fn take_room(fields: &mut Fields) {
    let _ = AT_HAND.try_with(|at_hand| {
        let mut at_hand = at_hand.borrow_mut();
        if at_hand.is_empty() {
            refill(&mut at_hand);
        }
        if let Some(room) = at_hand.pop() {
            *fields = room;
        }
    });
}

#[cold]
fn refill(at_hand: &mut Vec<Fields>) {
    if let Some(waiting) = WAITING.lock().unwrap_or_else(PoisonError::into_inner).pop() {
        *at_hand = waiting;
    }
}

/// Fields whose room is used again when nobody needs them any more, wherever that is.
#[derive(Clone, Debug, Default)]
pub struct Lent(Fields);

impl From<Fields> for Lent {
    #[inline]
    fn from(fields: Fields) -> Self {
        Lent(fields)
    }
}

impl Deref for Lent {
    type Target = Fields;

    #[inline]
    fn deref(&self) -> &Fields {
        &self.0
    }
}

impl DerefMut for Lent {
    #[inline]
    fn deref_mut(&mut self) -> &mut Fields {
        &mut self.0
    }
}

impl Drop for Lent {
    #[inline]
    fn drop(&mut self) {
        give_back(std::mem::take(&mut self.0));
    }
}

fn give_back(mut fields: Fields) {
    // What they hold is dropped before anything is borrowed.
    fields.clear();
    if fields.capacity() == 0 || fields.capacity() > LARGE {
        return;
    }
    let surplus = AT_HAND.try_with(|at_hand| {
        let mut at_hand = at_hand.borrow_mut();
        at_hand.push(fields);
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
    use flowspan_model::Field;

    use super::*;

    fn taken() -> Fields {
        let mut fields = Fields::default();
        take_room(&mut fields);
        fields
    }

    #[test]
    fn room_that_another_thread_gives_back_is_used_again_and_empty() {
        let used = || {
            let mut fields = Fields::with_capacity(7);
            fields.set(Field::StepName, "clone");
            fields
        };
        let exporter = std::thread::spawn(move || (0..4 * CRATE).for_each(|_| drop(Lent::from(used()))));
        exporter.join().expect("no panic");
        let again = (0..4 * CRATE).map(|_| taken()).inspect(|fields| assert!(fields.is_empty()));
        assert!(again.filter(|fields| fields.capacity() >= 7).count() >= 2 * CRATE);
    }

    #[test]
    fn what_waits_is_bounded() {
        for _ in 0..3 * CRATE * CRATES {
            give_back(Fields::with_capacity(1));
        }
        assert!(WAITING.lock().unwrap_or_else(PoisonError::into_inner).len() <= CRATES);
        give_back(Fields::with_capacity(LARGE + 1));
        assert!(taken().capacity() <= LARGE);
    }
}
