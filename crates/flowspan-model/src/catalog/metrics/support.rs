//! What stands around the work: checkpoints, storage, caches, queues, worktrees, memory.

use super::row::{counted, counter, gauge, occurred, said};
use crate::{
    Field, Kind,
    catalog::{
        Metric,
        labels::{CACHE, QUEUE},
    },
};

pub(super) const ROWS: &[Metric] = &[
    counter("checkpoints.created", "{checkpoint}", "Checkpoints that were written.")
        .fed_by(&[occurred(Kind::CheckpointCreated)])
        .answers(&["003 prodigy_checkpoints_created_total"]),
    counter("checkpoints.loaded", "{checkpoint}", "Checkpoints that were read to go on from there.")
        .fed_by(&[occurred(Kind::CheckpointLoaded)]),
    counter("checkpoints.failed", "{checkpoint}", "Checkpoints that could not be written or read.")
        .fed_by(&[occurred(Kind::CheckpointFailed)]),
    counter("storage.events_written", "{event}", "Events that were written to the program's own stores.")
        .fed_by(&[counted(Kind::StorageWritten)])
        .answers(&["003 prodigy_storage_events_written_total"]),
    counter("cache.hits", "{hit}", "Look-ups that found something in a cache.")
        .labels(&[CACHE])
        .fed_by(&[occurred(Kind::CacheHit)])
        .answers(&["001 crew_cache_hits_total"]),
    counter("cache.misses", "{miss}", "Look-ups that found nothing in a cache.")
        .labels(&[CACHE])
        .fed_by(&[occurred(Kind::CacheMiss)])
        .answers(&["001 crew_cache_misses_total"]),
    gauge("queue.depth", "{item}", "Things that wait in a queue.")
        .labels(&[QUEUE])
        .fed_by(&[said(Kind::QueueDepth, Field::QueueDepth)]),
    gauge("worktree.pool_size", "{worktree}", "Worktrees that are free for use.")
        .fed_by(&[said(Kind::WorktreePool, Field::WorktreePoolSize)])
        .answers(&["003 prodigy_worktree_pool_size"]),
    counter("worktree.merges", "{worktree}", "Worktrees whose work was merged.")
        .fed_by(&[occurred(Kind::WorktreeMerged)]),
    counter("memory.pressure_events", "{event}", "Times that the program noticed that memory becomes short.")
        .fed_by(&[occurred(Kind::MemoryPressure)]),
    gauge("memory.used", "By", "Memory in use when it last became short.")
        .fed_by(&[said(Kind::MemoryPressure, Field::MemoryUsed)]),
    gauge("memory.limit", "By", "Memory that might be in use when it last became short.")
        .fed_by(&[said(Kind::MemoryPressure, Field::MemoryLimit)]),
];
