//! What a cycle promises, one claim per test.

use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use crate::exporters::{LONG, health, worker};
use flowspan_runtime::{DeliverError, Delivered, DropReason, FlushError, Gather, Periodic, WorkerHandle};

const NEVER: Duration = Duration::from_secs(3600);

/// Gathers so many items at a time, and sends them on a channel.
struct Source {
    items: Vec<Result<u64, &'static str>>,
    sent: Sender<u64>,
    hangs: bool,
}

impl Gather for Source {
    type Batch = u64;

    async fn gather(&mut self) -> Result<(u64, u64), DeliverError> {
        match self.items.pop() {
            Some(Ok(items)) => Ok((items, items)),
            Some(Err("panic")) => panic!("as told"),
            Some(Err(error)) => Err(DeliverError::failed(error)),
            None => Ok((0, 0)),
        }
    }

    async fn deliver(&mut self, batch: u64) -> Result<Delivered, DeliverError> {
        if self.hangs {
            std::future::pending::<()>().await;
        }
        let _ = self.sent.send(batch);
        Ok(Delivered::all())
    }
}

fn start(worker: &WorkerHandle, interval: Duration, timeout: Duration, source: Source) -> Periodic {
    Periodic::start(worker, health(), interval, timeout, source)
}

#[test]
fn it_exports_every_interval_on_flush_and_at_the_end() {
    let worker = worker();
    let (sent, received) = channel();
    let source = Source { items: vec![Ok(3), Ok(2), Ok(1)], sent, hangs: false };
    let cycle = start(&worker.handle(), Duration::from_millis(1), LONG, source);
    assert_eq!(received.recv_timeout(LONG), Ok(1));
    assert_eq!(cycle.flush(LONG), Ok(()));
    assert!(cycle.shutdown(LONG).is_clean());
    assert_eq!(received.iter().sum::<u64>(), 5);
    assert_eq!(cycle.account().to_string(), "created 6, delivered 6, queued 0, dropped 0");
    assert_eq!(cycle.flush(LONG), Err(FlushError::Closed));
    assert!(cycle.shutdown(LONG).is_clean(), "a second shutdown is harmless");
}

#[test]
fn an_interval_without_end_leaves_the_flush_and_the_end() {
    let worker = worker();
    let (sent, received) = channel();
    let source = Source { items: vec![Ok(2), Ok(1)], sent, hangs: false };
    let cycle = start(&worker.handle(), Duration::MAX, LONG, source);
    assert_eq!(cycle.flush(LONG), Ok(()));
    assert!(cycle.shutdown(LONG).is_clean());
    assert_eq!(received.iter().collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn a_gathering_that_fails_or_panics_is_a_failed_flush_and_the_next_one_works() {
    let worker = worker();
    let (sent, received) = channel();
    let source = Source { items: vec![Ok(7), Err("panic"), Err("no")], sent, hangs: false };
    let cycle = start(&worker.handle(), NEVER, LONG, source);
    assert_eq!(cycle.flush(LONG), Err(FlushError::Lost { items: 0 }));
    assert_eq!(cycle.flush(LONG), Err(FlushError::Lost { items: 0 }));
    assert_eq!(cycle.flush(LONG), Ok(()));
    assert_eq!(received.recv_timeout(LONG), Ok(7));
}

#[test]
fn at_the_deadline_of_a_shutdown_what_is_on_its_way_is_counted() {
    let worker = worker();
    let (sent, _received) = channel();
    let cycle = start(&worker.handle(), NEVER, NEVER, Source { items: vec![Ok(4)], sent, hangs: true });
    let shutdown = cycle.shutdown(Duration::from_millis(20));
    assert!(shutdown.timed_out);
    assert!(shutdown.account.is_balanced() && shutdown.account.queued == 0);
    assert!(worker.stop(LONG));
    assert_eq!(cycle.account(), shutdown.account);
}

#[test]
fn an_export_without_an_answer_ends_at_its_timeout() {
    let worker = worker();
    let (sent, _received) = channel();
    let source = Source { items: vec![Ok(4)], sent, hangs: true };
    let cycle = start(&worker.handle(), NEVER, Duration::from_millis(20), source);
    assert_eq!(cycle.flush(LONG), Err(FlushError::Lost { items: 4 }));
    assert_eq!(cycle.account().dropped_for(DropReason::ExportTimeout), 4);
}
