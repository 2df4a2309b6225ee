//! Map-reduce jobs, their dead letters and their worktrees.

use super::row::{counted, counter, ended, gauge, left, running, said, started, taken};
use crate::{
    Field, Kind,
    catalog::{
        Metric,
        labels::{ITEM_STATUS, JOB},
    },
};

pub(super) const ROWS: &[Metric] = &[
    running("mapreduce.jobs_active", "{job}", "Map-reduce jobs that run now.")
        .labels(&[JOB])
        .fed_by(&[started(Kind::MapReduce), left(Kind::MapReduce)])
        .answers(&["003 prodigy_mapreduce_jobs_active"]),
    running("mapreduce.agents_active", "{agent}", "Map-reduce items that are worked on now.")
        .labels(&[JOB])
        .fed_by(&[started(Kind::MapItem), left(Kind::MapItem)])
        .answers(&["003 prodigy_mapreduce_agents_active"]),
    running("mapreduce.worktrees_active", "{worktree}", "Worktrees that exist now.")
        .labels(&[JOB])
        .fed_by(&[started(Kind::Worktree), left(Kind::Worktree)])
        .answers(&["003 prodigy_mapreduce_worktrees_active"]),
    counter(
        "mapreduce.items",
        "{item}",
        "Items that ended, by outcome; dlq is an item that went to the dead-letter queue.",
    )
    .labels(&[JOB, ITEM_STATUS])
    .fed_by(&[ended(Kind::MapItem)])
    .answers(&["003 prodigy_mapreduce_items_total"]),
    running("mapreduce.dlq_items", "{item}", "Items in the dead-letter queue now.")
        .labels(&[JOB])
        .fed_by(&[
            counted(Kind::DeadLetterAdded),
            taken(Kind::DeadLetterRemoved),
            taken(Kind::DeadLetterReprocessed),
            taken(Kind::DeadLetterEvicted),
        ])
        .answers(&["003 prodigy_mapreduce_dlq_items"]),
    gauge(
        "mapreduce.dlq_oldest_age",
        "s",
        "Age of the oldest item in the dead-letter queue when somebody last looked.",
    )
    .labels(&[JOB])
    .fed_by(&[said(Kind::DeadLetterAge, Field::DeadLetterOldestAge)]),
];
