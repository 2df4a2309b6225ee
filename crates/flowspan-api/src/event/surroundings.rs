//! What stands around the work: checkpoints, storage, caches, queues, worktrees, memory.

use tracing::{Level, event};

use super::whole;

/// A checkpoint of this name or version was written.
pub fn checkpoint_created(name: &str) {
    event!(
        name: "checkpoint_created",
        target: "flowspan", Level::INFO,
        flowspan.checkpoint.name = name,
        "checkpoint written"
    );
}

/// A checkpoint of this name or version was read, and the work goes on from there.
pub fn checkpoint_loaded(name: &str) {
    event!(
        name: "checkpoint_loaded",
        target: "flowspan", Level::INFO,
        flowspan.checkpoint.name = name,
        "checkpoint loaded"
    );
}

/// A checkpoint of this name or version could not be written or read. `reason` stays on the span.
pub fn checkpoint_failed(name: &str, reason: &str) {
    event!(
        name: "checkpoint_failed",
        target: "flowspan", Level::INFO,
        flowspan.checkpoint.name = name,
        flowspan.reason = reason,
        "checkpoint failed"
    );
}

/// This many events were written to a store of the program's own.
pub fn storage_written(store: &str, events: u64) {
    event!(
        name: "storage_written",
        target: "flowspan", Level::INFO,
        flowspan.storage.name = store,
        flowspan.count = whole(events),
        "events stored"
    );
}

/// Something was found in the cache of this name. The name becomes a label: keep it to a small set.
pub fn cache_hit(cache: &str) {
    event!(name: "cache_hit", target: "flowspan", Level::INFO, flowspan.cache.name = cache, "cache hit");
}

/// Something was not found in the cache of this name. The name becomes a label: keep it to a small set.
pub fn cache_miss(cache: &str) {
    event!(name: "cache_miss", target: "flowspan", Level::INFO, flowspan.cache.name = cache, "cache miss");
}

/// This many things wait in the queue of this name. The name becomes a label: keep it to a small set.
///
/// [`Queue`](crate::Queue) keeps the number itself and comes back to zero whatever happens.
pub fn queue_depth(queue: &str, depth: u64) {
    event!(
        name: "queue_depth",
        target: "flowspan", Level::INFO,
        flowspan.queue.name = queue,
        flowspan.queue.depth = whole(depth),
        "queue changed"
    );
}

/// The work in the worktree of this name was merged into a branch.
///
/// [`Worktree::merged`](crate::Worktree::merged) says it for a worktree that is observed.
pub fn worktree_merged(worktree: &str, into: &str) {
    event!(
        name: "worktree_merged",
        target: "flowspan", Level::INFO,
        flowspan.worktree.name = worktree,
        flowspan.worktree.branch = into,
        "worktree merged"
    );
}

/// This many worktrees of the pool are free for use.
pub fn worktree_pool(free: u64) {
    event!(
        name: "worktree_pool",
        target: "flowspan", Level::INFO,
        flowspan.worktree.pool.size = whole(free),
        "worktree pool changed"
    );
}

/// Memory becomes short: this many bytes are in use of those that may be.
pub fn memory_pressure(used: u64, limit: u64) {
    event!(
        name: "memory_pressure",
        target: "flowspan", Level::INFO,
        flowspan.memory.used = whole(used),
        flowspan.memory.limit = whole(limit),
        "memory becomes short"
    );
}
