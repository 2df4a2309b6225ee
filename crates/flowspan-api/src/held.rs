//! What lasts across awaits and threads.

use std::{fmt, fmt::Display, thread::panicking};

use flowspan_model::Status;

use crate::{Handle, Verdict, handle};

impl<K> Handle<K> {
    /// Begins the work now and keeps it open until the guard is ended or dropped.
    ///
    /// For what is not the run of one piece of code: a worktree, a session, a wait. The guard may be
    /// held across an `.await` and dropped on another thread; what happens in the meantime does not
    /// become part of it. Where the work is one future, [`run`](Handle::run) is the better choice.
    pub fn hold(self) -> Held<K> {
        // What is never entered has never begun.
        self.span().in_scope(|| {});
        Held { handle: self, is_over: false, began_panicking: panicking() }
    }
}

/// Keeps something open; it is over when the guard is ended or dropped, whatever happens.
///
/// Returned by [`Handle::hold`]. Dropped without an end, it counts as cancelled; dropped by a panic, as
/// failed.
///
/// ```
/// use flowspan_api::Worktree;
///
/// # async fn work() {}
/// # async fn run() {
/// let worktree = Worktree::new("agent-7").branch("fix/7").hold();
/// work().await;
/// worktree.handle().merged("main");
/// worktree.end();
/// # }
/// ```
#[must_use = "what is held is over when the guard is dropped"]
pub struct Held<K> {
    handle: Handle<K>,
    is_over: bool,
    // What is held while a panic passes, and dropped by it, has not panicked.
    began_panicking: bool,
}

impl<K> Held<K> {
    /// The handle of what is held.
    pub const fn handle(&self) -> &Handle<K> {
        &self.handle
    }

    /// It is over, and all is well.
    pub fn end(self) {
        self.finish(&Verdict::success());
    }

    /// It is over because of this error.
    pub fn fail<E: Display + 'static>(self, error: &E) {
        self.finish(&Verdict::of_error(error));
    }

    /// It is over with this verdict.
    pub fn finish(mut self, verdict: &Verdict) {
        self.is_over = true;
        handle::finish(self.handle.span(), verdict);
    }
}

impl<K> Drop for Held<K> {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        let panicked = panicking() && !self.began_panicking;
        let verdict = if panicked { Verdict::panicked() } else { Verdict::ended(Status::Cancelled) };
        handle::finish(self.handle.span(), &verdict);
    }
}

impl<K> fmt::Debug for Held<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Held").field(&self.handle).finish()
    }
}
