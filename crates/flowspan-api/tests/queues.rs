//! Queues say their depth, and come back to zero.

mod support;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Barrier,
    thread,
};

use flowspan_api::Queue;
use support::Recording;
use tracing::dispatcher;

fn depths(heard: &Recording) -> Vec<String> {
    let depth =
        |event: &support::Heard| event.get("flowspan.queue.depth").expect("it says the depth").to_owned();
    heard.events().iter().filter(|event| event.name == "queue_depth").map(depth).collect()
}

#[test]
fn what_waits_is_counted_until_it_is_gone() {
    let (heard, _guard) = Recording::start();
    let queue = Queue::new("files");
    let waiting = (queue.wait(), queue.wait());
    assert_eq!(queue.depth(), 2);
    drop(waiting);
    assert_eq!(depths(&heard), ["1", "2", "1", "0"]);
    assert_eq!(heard.events()[0].get("flowspan.queue.name"), Some("files"));
}

#[test]
fn many_that_come_together_are_said_once_and_go_one_by_one() {
    let (heard, _guard) = Recording::start();
    drop(Queue::new("files").wait_many(3));
    assert_eq!(depths(&heard), ["3", "2", "1", "0"]);
}

#[test]
fn a_panic_empties_the_queue() {
    let (heard, _guard) = Recording::start();
    let unwound = catch_unwind(AssertUnwindSafe(|| {
        let _waiting = Queue::new("files").wait();
        panic!("on purpose");
    }));
    assert!(unwound.is_err());
    assert_eq!(depths(&heard), ["1", "0"]);
}

#[test]
fn a_queue_that_is_gone_is_empty() {
    let (heard, _guard) = Recording::start();
    Queue::new("files").set(7);
    assert_eq!(depths(&heard), ["7", "0"]);
}

#[test]
fn the_last_word_of_many_threads_is_the_truth() {
    let (heard, _guard) = Recording::start();
    let queue = Queue::new("files");
    let (threads, barrier) = (4, Barrier::new(4));
    dispatcher::get_default(|dispatch| {
        thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    dispatcher::with_default(dispatch, || {
                        barrier.wait();
                        let waiting: Vec<_> = (0..50).map(|_| queue.wait()).collect();
                        drop(waiting.into_iter().skip(10).collect::<Vec<_>>());
                        std::mem::forget(queue.wait());
                    });
                });
            }
        });
    });
    assert_eq!(queue.depth(), threads);
    assert_eq!(depths(&heard).last(), Some(&threads.to_string()));
}
