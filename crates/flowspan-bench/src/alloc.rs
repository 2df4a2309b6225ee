//! Counts what is allocated.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    sync::atomic::{AtomicBool, Ordering},
};

/// The system's allocator, with a count of what the current thread asks for.
///
/// It counts only while [`count`] runs, so that it costs a single load while time is taken.
#[derive(Debug)]
pub struct Counting;

/// What was allocated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allocated {
    /// How many times memory was asked for, growing included.
    pub times: u64,
    /// How many bytes were asked for.
    pub bytes: u64,
}

static IS_COUNTING: AtomicBool = AtomicBool::new(false);

thread_local! {
    static ALLOCATED: Cell<Allocated> = const { Cell::new(Allocated { times: 0, bytes: 0 }) };
}

/// What `work` allocates on this thread.
pub fn count(work: impl FnOnce()) -> Allocated {
    ALLOCATED.set(Allocated::default());
    IS_COUNTING.store(true, Ordering::Relaxed);
    work();
    IS_COUNTING.store(false, Ordering::Relaxed);
    ALLOCATED.get()
}

fn note(size: usize) {
    if IS_COUNTING.load(Ordering::Relaxed) {
        // A thread that is ending has no count any more.
        let _ = ALLOCATED.try_with(|allocated| {
            let known = allocated.get();
            allocated.set(Allocated { times: known.times + 1, bytes: known.bytes + size as u64 });
        });
    }
}

#[expect(unsafe_code, reason = "a global allocator is an unsafe trait; this one hands everything on")]
// SAFETY: every method hands its arguments to the system's allocator unchanged, and counting neither
// allocates (the thread's count is a plain cell without a destructor) nor unwinds.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(layout.size());
        // SAFETY: the caller's promise is the one that is asked for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        note(layout.size());
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, known: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note(size);
        // SAFETY: as above.
        unsafe { System.realloc(known, layout, size) }
    }

    unsafe fn dealloc(&self, known: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(known, layout) }
    }
}
