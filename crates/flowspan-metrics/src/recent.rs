//! The routes that a thread has gone last.
//!
//! A thread does the same work again and again. To see that the labels are those of the last time
//! costs a few comparisons; to find their series costs a hash and a lock that all threads share.

use std::{
    cell::RefCell,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use crate::routes::Route;

/// How many routes a thread remembers, one for each trigger. More triggers share the places.
const PLACES: usize = 64;

/// The route of one trigger.
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

/// Works with the route that this thread went last for a trigger. `None` if the thread is ending, or
/// is in the middle of this already.
pub(crate) fn with<T>(trigger: usize, work: impl FnOnce(&mut Option<Arc<Route>>) -> T) -> Option<T> {
    RECENT
        .try_with(|recent| {
            let mut recent = recent.try_borrow_mut().ok()?;
            let place = &mut recent[trigger % PLACES];
            if place.trigger != trigger {
                *place = Place { trigger, route: None };
            }
            Some(work(&mut place.route))
        })
        .ok()
        .flatten()
}
