//! Things that happen inside the work: retries, validations, dead letters, checkpoints, cache hits.
//!
//! Each function speaks of the handle's span that is current when it is called. They are plain
//! `tracing` events, so the program's own log shows them, too.
//!
//! ```
//! use std::time::Duration;
//! use flowspan_api::{Step, event};
//!
//! # async fn work() -> Result<(), std::io::Error> {
//! Step::shell("fetch").run(async {
//!     event::cache_miss("pages");
//!     event::retry(2, Duration::from_millis(200), "rate limited");
//!     event::checkpoint_created("page-17");
//!     Ok(())
//! }).await
//! # }
//! ```
//!
//! What lasts is a handle, not a pair of events: a [`Worktree`](crate::Worktree), a wait for a person
//! ([`Blocked`](crate::Blocked)), a [`Session`](crate::Session). What is counted while it is there is a
//! guard: a thing in a [`Queue`](crate::Queue).

mod dead_letters;
mod surroundings;
mod work;

pub use dead_letters::{
    dead_letter_added, dead_letter_age, dead_letters_evicted, dead_letters_removed, dead_letters_reprocessed,
    dead_letters_restored,
};
pub use surroundings::{
    cache_hit, cache_miss, checkpoint_created, checkpoint_failed, checkpoint_loaded, memory_pressure,
    queue_depth, storage_written, worktree_merged, worktree_pool,
};
pub use work::{
    Evaluation, Progress, Recovered, Validation, bisect, evaluation, handoff, heal, phase_transition,
    recovery, retry, validation,
};

/// A count in the form in which every back end can carry it.
fn whole(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
