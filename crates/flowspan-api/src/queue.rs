//! Queues, and what waits in them.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use crate::event;

/// The depth of one queue of the program, as a gauge that comes back to zero whatever happens.
///
/// Clones stand for the same queue. When the last clone and everything that waits are gone, the depth
/// is said to be zero.
///
/// ```
/// use flowspan_api::Queue;
///
/// let queue = Queue::new("files");
/// let waiting = queue.wait_many(2);
/// assert_eq!(queue.depth(), 2);
/// for (file, waiting) in ["a.rs", "b.rs"].iter().zip(waiting) {
///     drop(waiting); // its turn has come
///     println!("{file}");
/// }
/// assert_eq!(queue.depth(), 0);
/// ```
#[derive(Clone, Debug)]
pub struct Queue(Arc<Depth>);

#[derive(Debug)]
struct Depth {
    name: Box<str>,
    depth: AtomicU64,
}

impl Queue {
    /// The queue of this name. The name becomes a label: keep it to a small set.
    pub fn new(name: &str) -> Self {
        Queue(Arc::new(Depth { name: name.into(), depth: AtomicU64::new(0) }))
    }

    /// One more thing waits, until the guard is dropped: keep it with the thing.
    pub fn wait(&self) -> Waiting {
        self.0.change(|depth| depth.saturating_add(1));
        Waiting(Arc::clone(&self.0))
    }

    /// So many more things wait, each until its guard is dropped. The depth is said once for all.
    pub fn wait_many(&self, count: usize) -> Vec<Waiting> {
        let more = u64::try_from(count).unwrap_or(u64::MAX);
        self.0.change(|depth| depth.saturating_add(more));
        (0..count).map(|_| Waiting(Arc::clone(&self.0))).collect()
    }

    /// Sets the depth, for queues that know it themselves.
    pub fn set(&self, depth: u64) {
        self.0.change(|_| depth);
    }

    /// How many things wait.
    pub fn depth(&self) -> u64 {
        self.0.depth.load(Ordering::SeqCst)
    }
}

/// A thing that waits in a [`Queue`]. Dropped when it waits no longer.
#[must_use = "what waits has left the queue when the guard is dropped"]
#[derive(Debug)]
pub struct Waiting(Arc<Depth>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.change(|depth| depth.saturating_sub(1));
    }
}

impl Depth {
    fn change(&self, change: impl Fn(u64) -> u64) {
        let changed = |depth| Some(change(depth));
        let _ = self.depth.fetch_update(Ordering::SeqCst, Ordering::SeqCst, changed);
        // Another thread may have said a newer number in between: whoever finds that its own is not the
        // last one says it again, so that the last word is the truth.
        let mut said = self.depth.load(Ordering::SeqCst);
        loop {
            event::queue_depth(&self.name, said);
            let now = self.depth.load(Ordering::SeqCst);
            if now == said {
                return;
            }
            said = now;
        }
    }
}

impl Drop for Depth {
    fn drop(&mut self) {
        if *self.depth.get_mut() != 0 {
            event::queue_depth(&self.name, 0);
        }
    }
}
