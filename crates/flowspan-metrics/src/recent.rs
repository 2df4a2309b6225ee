//! The routes that a thread has gone lately.
//!
//! A thread does the same few things again and again. To see that the labels are those of an earlier
//! time costs a few comparisons; to find their series costs a hash and a lock that all threads share.

use std::{
    cell::RefCell,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use flowspan_model::Value;

use crate::routes::Route;

/// How many routes a thread remembers. More take turns.
const PLACES: usize = 128;

/// One route, and whose it is.
#[derive(Debug)]
struct Place {
    trigger: usize,
    route: Option<Arc<Route>>,
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

/// One more label value in a number by which label values are told apart, most of the time. Texts that
/// come again stand in the same place: where they stand is quicker to read than what they say.
#[inline]
pub(crate) fn digest(so_far: u64, value: Option<&Value>) -> u64 {
    let number = match value {
        None => 0,
        Some(Value::Text(text)) => text.as_ptr().addr() as u64,
        Some(Value::Integer(number)) => number.cast_unsigned(),
        Some(Value::Float(number)) => number.to_bits(),
        Some(Value::Boolean(flag)) => u64::from(*flag),
    };
    (so_far ^ number).wrapping_mul(MIXER)
}

/// 2^64 divided by the golden ratio: the upper bits of a product depend on all bits of a number.
const MIXER: u64 = 0x9e37_79b9_7f4a_7c15;

/// Works with the route that this thread went last for a trigger and label values of this digest.
/// `None` if the thread is ending, or is in the middle of this already.
#[inline]
pub(crate) fn with<T>(
    trigger: usize,
    digest: u64,
    work: impl FnOnce(&mut Option<Arc<Route>>) -> T,
) -> Option<T> {
    RECENT
        .try_with(|recent| {
            let mut recent = recent.try_borrow_mut().ok()?;
            let upper_bits = (digest ^ trigger as u64).wrapping_mul(MIXER) >> 32;
            let place = &mut recent[upper_bits as usize % PLACES];
            if place.trigger != trigger {
                *place = Place { trigger, route: None };
            }
            Some(work(&mut place.route))
        })
        .ok()
        .flatten()
}
