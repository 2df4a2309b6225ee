//! Map-reduce jobs.

use super::{Board, Row, details, row};
use crate::panel::{
    Colour::{Red, Yellow},
    Look, Panel, Tag, Unit, ask, number, panel, text,
};
use flowspan_model::Field;

pub(super) fn board() -> Board {
    Board {
        uid: "flowspan-map-reduce",
        title: "flowspan: map-reduce",
        description: "How fast do items go through, what goes to the dead-letter queues, and is there room for more?",
        time: "now-6h",
        rows: ROWS.to_vec(),
    }
}

const ROWS: [Row; 5] = [
    row("Now", NOW),
    row("Items", ITEMS),
    row("Agents at work", AGENTS),
    row("Storage and queues", SUPPORT),
    details(DETAILS),
];

const OF_JOB: &[Tag] = &[Tag::Is(Field::ItemOutcome, "dlq")];

const NOW: &[Panel] = &[
    panel(
        Look::Gauge,
        "Agents at work",
        "Items that are worked on now. If it is far below the concurrency that you allow, the agents wait for something else.",
    )
    .asks(&[ask("sum(<mapreduce.agents_active>)", "agents")]),
    panel(Look::Stat, "Jobs", "Map-reduce jobs that run now.").asks(&[ask("sum(<mapreduce.jobs_active>)", "jobs")]),
    panel(
        Look::Stat,
        "Dead letters",
        "Items in all dead-letter queues now. Above ten and growing, the alert FlowspanDeadLettersGrowing fires: look at the reasons below, then reprocess or evict them.",
    )
    .asks(&[ask("sum(<mapreduce.dlq_items>) or vector(0)", "items")])
    .worse_from(&[(1.0, Yellow), (10.0, Red)])
    .traces(OF_JOB),
    panel(
        Look::Stat,
        "Oldest dead letter",
        "How long the oldest item had waited when somebody last looked. After an hour the alert FlowspanDeadLetterOld fires.",
    )
    .asks(&[ask("max(<mapreduce.dlq_oldest_age>)", "age")])
    .unit(Unit::Seconds)
    .worse_from(&[(600.0, Yellow), (3600.0, Red)])
    .empty("nobody has looked"),
    panel(Look::Stat, "Worktrees in use", "Worktrees that exist now. It should fall to zero with the last job; what stays is not cleaned up.")
        .asks(&[ask("sum(<mapreduce.worktrees_active>)", "worktrees")])
        .empty("no job uses worktrees"),
    panel(Look::Stat, "Worktrees free", "Worktrees in the pool. At zero, agents wait for one: make the pool as large as the concurrency.")
        .asks(&[ask("sum(<worktree.pool_size>)", "worktrees")])
        .empty("there is no pool"),
];

const ITEMS: &[Panel] = &[
    panel(
        Look::Areas,
        "Items processed",
        "Items each second, by outcome. dlq is an item that went to the dead-letter queue.",
    )
    .asks(&[ask("sum by (status) (rate(<mapreduce.items>[$__rate_interval]))", "{{status}}")])
    .unit(Unit::PerSecond)
    .traces(&[Tag::Of(Field::Status, "status")]),
    panel(
        Look::Lines,
        "Dead letters over time",
        "What waits in each dead-letter queue. It should come down again: a line that only rises needs somebody.",
    )
    .asks(&[ask("sum by (<job>) (<mapreduce.dlq_items>)", "{{<job>}}")])
    .worse_from(&[(10.0, Red)])
    .empty("no item has gone to a dead-letter queue"),
    panel(
        Look::Lines,
        "Throughput by job",
        "Items each second, whatever their outcome. If it falls while the agents are busy, each item takes longer.",
    )
    .asks(&[ask("sum by (<job>) (rate(<mapreduce.items>[$__rate_interval]))", "{{<job>}}")])
    .unit(Unit::PerSecond),
    panel(
        Look::Table(&[
            text("<job>", "job"),
            number("Value #A", "items", Unit::Count),
            number("Value #B", "succeeded", Unit::Share),
            number("Value #C", "dead letters", Unit::Count),
        ]),
        "Jobs",
        "What became of the items of each job in the chosen time.",
    )
    .asks(&[
        ask("sum by (<job>) (%grown(<mapreduce.items>, $__range))", ""),
        ask(
            r#"(sum by (<job>) (%grown(<mapreduce.items>{status="success"}, $__range)) or sum by (<job>) (<mapreduce.items>) * 0) / sum by (<job>) (%grown(<mapreduce.items>, $__range) > 0)"#,
            "",
        ),
        ask("sum by (<job>) (<mapreduce.dlq_items>) or sum by (<job>) (<mapreduce.items>) * 0", ""),
    ]),
];

const AGENTS: &[Panel] = &[
    panel(
        Look::Heatmap,
        "How long agents take",
        "Each column is an interval, each row a range of durations, the colour says how many. Two bands are two kinds of work: look whether the slow one is what you want.",
    )
    .asks(&[ask(
        "sum by (le) (%grown(<agent.duration:bucket>, $__interval))",
        "{{le}}",
    )])
    .unit(Unit::Seconds),
    panel(
        Look::Lines,
        "95th percentile of agents by job",
        "95 % of the agents of a job are faster. Agents outside of jobs have an empty name here.",
    )
    .asks(&[ask(
        "histogram_quantile(0.95, sum by (le, <job>) (rate(<agent.duration:bucket>[$__rate_interval])))",
        "{{<job>}}",
    )])
    .unit(Unit::Seconds),
    panel(
        Look::Lines,
        "Agents and worktrees",
        "How much goes on at once. Worktrees above agents are left over from agents that have ended.",
    )
    .asks(&[
        ask("sum(<mapreduce.agents_active>)", "agents"),
        ask("sum(<mapreduce.worktrees_active>)", "worktrees in use"),
        ask("sum(<worktree.pool_size>)", "worktrees free"),
    ]),
    panel(Look::Stat, "Worktrees merged", "Worktrees whose work was merged in the chosen time.")
        .asks(&[ask("sum(%grown(<worktree.merges>, $__range))", "merged")])
        .width(12)
        .empty("nothing was merged"),
];

const SUPPORT: &[Panel] = &[
    panel(
        Look::Lines,
        "Queues",
        "What waits in the program's own queues. One that grows for long needs more workers, or less work.",
    )
    .asks(&[ask("max by (queue) (<queue.depth>)", "{{queue}}")])
    .width(8)
    .empty("the program has no queues"),
    panel(
        Look::Columns,
        "Checkpoints",
        "Progress that was saved, and runs that went on from there. If some failed, a broken-off run starts over: look at the disk.",
    )
    .asks(&[
        ask("sum(%grown(<checkpoints.created>, $__interval))", "written"),
        ask("sum(%grown(<checkpoints.loaded>, $__interval))", "loaded"),
        ask("sum(%grown(<checkpoints.failed>, $__interval))", "failed"),
    ])
    .width(8)
    .empty("no checkpoints"),
    panel(Look::Lines, "Events stored", "Events that the program wrote to its own stores, each second.")
        .asks(&[ask("sum(rate(<storage.events_written>[$__rate_interval]))", "events")])
        .unit(Unit::PerSecond)
        .width(8)
        .empty("nothing was stored"),
    panel(
        Look::Bars,
        "Cache hits",
        "The share of look-ups that found something, by cache. A cache that seldom does costs memory for nothing.",
    )
    .asks(&[ask(
        "(sum by (cache) (%grown(<cache.hits>, $__range)) or sum by (cache) (<cache.misses>) * 0) / ((sum by (cache) (%grown(<cache.hits>, $__range)) or sum by (cache) (<cache.misses>) * 0) + (sum by (cache) (%grown(<cache.misses>, $__range)) or sum by (cache) (<cache.hits>) * 0))",
        "{{cache}}",
    )])
    .unit(Unit::Share)
    .width(8)
    .empty("no cache was asked"),
    panel(
        Look::Stat,
        "Memory became short",
        "How often the program said so in the chosen time, and how full it was the last time. Lower the concurrency, or give it more.",
    )
    .asks(&[
        ask("sum(%grown(<memory.pressure_events>, $__range))", "times"),
        ask("100 * max(<memory.used> / <memory.limit>)", "percent in use"),
    ])
    .worse_from(&[(1.0, Yellow)])
    .width(8)
    .empty("never"),
];

const DETAILS: &[Panel] = &[
    panel(
        Look::Table(&[]),
        "What waits in the dead-letter queues",
        "Job by job, and when the last item came and left.",
    )
    .of_events()
    .asks(&[ask(
        "SELECT job_name, items, last_added_at, last_removed_at FROM flowspan.dead_letter_queue ORDER BY items DESC",
        "",
    )])
    .empty("all queues are empty"),
    panel(
        Look::Table(&[]),
        "Why items became dead letters",
        "The reasons, most frequent first. One reason for most of them is one fault to mend.",
    )
    .of_events()
    .asks(&[ask(
        "SELECT job_name, reason, count(*) AS items, max(time) AS last FROM flowspan.dead_letters \
         WHERE $__timeFilter(time) AND items > 0 GROUP BY job_name, reason ORDER BY items DESC LIMIT 50",
        "",
    )])
    .empty("no item became a dead letter"),
    panel(Look::Table(&[]), "Last jobs", "The jobs that began last, with their items.")
        .of_events()
        .asks(&[ask(
            "SELECT started_at, job_name, status, duration_ms, total_items, successful_items, failed_items, dlq_items, trace_id \
             FROM flowspan.mapreduce_jobs WHERE $__timeFilter(started_at) ORDER BY started_at DESC LIMIT 50",
            "",
        )])
        .width(24),
];
