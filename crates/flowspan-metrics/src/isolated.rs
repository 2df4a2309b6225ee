//! Code of somebody else's, which may panic.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
};

use crate::outlets::{Listener, Notice};

/// How often in a row a sink has to work before it counts as well again. One that panics every now
/// and then would otherwise be news each time.
const WORKS_AGAIN: u32 = 100;

/// A sink whose panics are counted and told, and stop nothing.
pub(crate) struct Isolated<S: ?Sized> {
    name: String,
    listener: Listener,
    panics: AtomicU64,
    /// How many calls are still to succeed before it is well; zero if it is.
    ill: AtomicU32,
    sink: Arc<S>,
}

impl<S: ?Sized> Isolated<S> {
    pub(crate) fn new((name, listener): (String, Listener), sink: Arc<S>) -> Self {
        Isolated { name, listener, panics: AtomicU64::new(0), ill: AtomicU32::new(0), sink }
    }

    #[inline]
    pub(crate) fn call(&self, work: impl FnOnce(&S)) {
        // A sink that breaks off in the middle breaks nothing but itself.
        if catch_unwind(AssertUnwindSafe(|| work(&self.sink))).is_err() {
            self.panicked();
        } else if self.ill.load(Ordering::Relaxed) > 0 {
            self.recovers();
        }
    }

    pub(crate) fn sink(&self) -> &S {
        &self.sink
    }

    pub(crate) fn panics(&self) -> u64 {
        self.panics.load(Ordering::Relaxed)
    }

    #[cold]
    fn panicked(&self) {
        self.panics.fetch_add(1, Ordering::Relaxed);
        if self.ill.swap(WORKS_AGAIN, Ordering::Relaxed) == 0 {
            (self.listener)(&Notice::SinkPanicked { sink: &self.name });
        }
    }

    #[cold]
    fn recovers(&self) {
        let step = |ill: u32| ill.checked_sub(1);
        if self.ill.fetch_update(Ordering::Relaxed, Ordering::Relaxed, step) == Ok(1) {
            (self.listener)(&Notice::SinkRecovered { sink: &self.name });
        }
    }
}

impl<S: ?Sized> fmt::Debug for Isolated<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Isolated")
            .field("name", &self.name)
            .field("panics", &self.panics)
            .finish_non_exhaustive()
    }
}
