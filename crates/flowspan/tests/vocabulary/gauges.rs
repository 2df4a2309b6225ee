//! What counts the running comes back to zero, whatever happens.

use std::{
    future::pending,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    task::{Context, Waker},
    thread,
};

use flowspan::{Agent, Blocked, MapReduce, Queue, Worktree};
use tracing::dispatcher;

use crate::support::Bench;

/// The gauges of everything that the work below has running.
const RUNNING: [&str; 5] = [
    "mapreduce.jobs_active",
    "mapreduce.agents_active",
    "mapreduce.worktrees_active",
    "agent.blocked_active",
    "queue.depth",
];

/// Work that has one of everything running, and never ends by itself.
async fn work(queue: &Queue) {
    let _waiting = queue.wait();
    let job = MapReduce::new("files", 1);
    job.clone()
        .watch(async {
            job.item("a.rs")
                .watch(async {
                    let _worktree = Worktree::new("w").hold();
                    Agent::new("auditor").watch(Blocked::on("approval").watch(pending::<()>())).await;
                })
                .await;
        })
        .await;
}

#[track_caller]
fn assert_all(bench: &Bench, expected: f64) {
    for name in RUNNING {
        assert_eq!(bench.total(name), Some(expected), "{name}");
    }
}

#[test]
fn work_that_is_dropped_leaves_nothing_running() {
    let bench = Bench::new();
    let queue = Queue::new("files");
    {
        let work = pin!(work(&queue));
        assert!(work.poll(&mut Context::from_waker(Waker::noop())).is_pending());
        assert_all(&bench, 1.0);
    }
    assert_all(&bench, 0.0);
}

#[test]
fn work_that_is_dropped_by_a_panic_leaves_nothing_running() {
    let bench = Bench::new();
    let unwound = catch_unwind(AssertUnwindSafe(|| {
        let queue = Queue::new("files");
        let work = pin!(work(&queue));
        assert!(work.poll(&mut Context::from_waker(Waker::noop())).is_pending());
        panic!("on purpose");
    }));
    assert!(unwound.is_err());
    assert_all(&bench, 0.0);
}

#[test]
fn what_begins_on_one_thread_and_ends_on_another_leaves_nothing_running() {
    let bench = Bench::new();
    let worktrees: Vec<_> = (0..10).map(|number| Worktree::new(&number.to_string()).hold()).collect();
    assert_eq!(bench.total("mapreduce.worktrees_active"), Some(10.0));
    let dispatch = &dispatcher::get_default(Clone::clone);
    thread::scope(|scope| {
        for worktree in worktrees {
            scope.spawn(|| dispatcher::with_default(dispatch, || worktree.end()));
        }
    });
    assert_eq!(bench.total("mapreduce.worktrees_active"), Some(0.0));
}
