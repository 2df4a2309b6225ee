//! What a pipeline promises, one claim per test.

use std::future::pending;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use crate::exporters::{Fate, Fated, Gated, LONG, health, patient, worker};
use flowspan_runtime::{
    Deliver, DeliverError, Delivered, DropReason, ExporterStatus, FlushError, Health, Pipeline, Report,
    Reporter,
};

#[test]
fn a_full_batch_goes_out_without_waiting_for_company() {
    let worker = worker();
    let (exporter, gate) = Gated::new();
    let pipeline = Pipeline::start(&worker.handle(), health(), &patient().batch_size(3), exporter);
    for item in 1..=3 {
        assert_eq!(pipeline.offer(item), Ok(()));
    }
    assert_eq!(gate.came.recv_timeout(LONG), Ok(vec![1, 2, 3]));
}

#[test]
fn what_a_full_queue_cannot_take_is_dropped_and_counted() {
    let worker = worker();
    let (exporter, gate) = Gated::new();
    let limits = patient().batch_size(2).queue_capacity(4);
    let pipeline = Pipeline::start(&worker.handle(), health(), &limits, exporter);
    pipeline.offer(1).unwrap();
    pipeline.offer(2).unwrap();
    gate.came.recv_timeout(LONG).unwrap();
    // Two are on their way; there is room for four more.
    for item in 3..=6 {
        assert_eq!(pipeline.offer(item), Ok(()));
    }
    assert_eq!(pipeline.offer(7), Err(DropReason::QueueFull));
    let account = pipeline.account();
    assert_eq!(account.to_string(), "created 7, delivered 0, queued 6, dropped 1 (queue_full 1)");
    assert!(account.is_balanced());
    for _ in 0..3 {
        gate.go.send(()).unwrap();
    }
    let shutdown = pipeline.shutdown(LONG);
    assert_eq!(shutdown.account.to_string(), "created 7, delivered 6, queued 0, dropped 1 (queue_full 1)");
    assert!(shutdown.is_clean(), "what was dropped before the shutdown is not its fault");
}

#[test]
fn a_queue_is_bounded_by_bytes_too_and_half_of_them_go_out_at_once() {
    let worker = worker();
    let (exporter, gate) = Gated::new();
    // Room for five numbers.
    let limits = patient().batch_size(100).queue_bytes(5 * size_of::<u64>());
    let pipeline = Pipeline::start(&worker.handle(), health(), &limits, exporter);
    for item in 1..=3 {
        pipeline.offer(item).unwrap();
    }
    assert_eq!(gate.came.recv_timeout(LONG), Ok(vec![1, 2, 3]));
    assert_eq!(pipeline.offer(4), Ok(()));
    assert_eq!(pipeline.offer(5), Ok(()));
    assert_eq!(pipeline.offer(6), Err(DropReason::QueueFull), "what is on its way takes room, too");
    gate.go.send(()).unwrap();
    let _flush = pipeline.begin_flush();
    assert_eq!(gate.came.recv_timeout(LONG), Ok(vec![4, 5]));
    for item in 7..=9 {
        assert_eq!(pipeline.offer(item), Ok(()));
    }
    assert_eq!(pipeline.offer(10), Err(DropReason::QueueFull));
    assert!(pipeline.account().is_balanced());
    gate.go.send(()).unwrap();
    gate.go.send(()).unwrap();
    let shutdown = pipeline.shutdown(LONG);
    assert_eq!(shutdown.account.to_string(), "created 10, delivered 8, queued 0, dropped 2 (queue_full 2)");
}

#[test]
fn what_the_exporter_has_taken_but_not_begun_still_takes_room() {
    let worker = worker();
    let (exporter, gate) = Gated::new();
    let limits = patient().batch_size(1).queue_capacity(4);
    let pipeline = Pipeline::start(&worker.handle(), health(), &limits, exporter);
    pipeline.offer(1).unwrap();
    gate.came.recv_timeout(LONG).unwrap();
    for item in 2..=4 {
        pipeline.offer(item).unwrap();
    }
    gate.go.send(()).unwrap();
    // Now it has taken three at once, of which one is on its way.
    assert_eq!(gate.came.recv_timeout(LONG), Ok(vec![2]));
    assert_eq!(pipeline.offer(5), Ok(()));
    assert_eq!(pipeline.offer(6), Ok(()));
    assert_eq!(pipeline.offer(7), Err(DropReason::QueueFull));
    drop(gate.go);
    assert_eq!(pipeline.shutdown(Duration::ZERO).account.dropped_for(DropReason::Shutdown), 5);
}

#[test]
fn flush_sends_what_waits_and_says_what_was_lost() {
    let worker = worker();
    let (exporter, arrived) = Fated::new(&[Fate::Arrives, Fate::Fails, Fate::LosesItsFirst]);
    let pipeline = Pipeline::start(&worker.handle(), health(), &patient(), exporter);
    pipeline.offer(1).unwrap();
    assert_eq!(pipeline.flush(LONG), Ok(()));
    assert_eq!(*arrived.lock().unwrap(), [1]);
    pipeline.offer(2).unwrap();
    assert_eq!(pipeline.flush(LONG), Err(FlushError::Lost { items: 1 }));
    pipeline.offer(3).unwrap();
    pipeline.offer(4).unwrap();
    assert_eq!(pipeline.flush(LONG), Err(FlushError::Lost { items: 1 }));
    assert_eq!(pipeline.flush(LONG), Ok(()), "nothing waits");
    assert_eq!(
        pipeline.account().to_string(),
        "created 4, delivered 2, queued 0, dropped 2 (export_failed 1, rejected 1)"
    );
}

#[test]
fn a_panic_in_an_exporter_costs_its_batch_and_nothing_else() {
    let worker = worker();
    let registry = Health::new(Reporter::silent());
    let (exporter, arrived) = Fated::new(&[Fate::Panics, Fate::Arrives]);
    let pipeline = Pipeline::start(&worker.handle(), registry.exporter("test", ""), &patient(), exporter);
    pipeline.offer(1).unwrap();
    assert_eq!(pipeline.flush(LONG), Err(FlushError::Lost { items: 1 }));
    pipeline.offer(2).unwrap();
    assert_eq!(pipeline.flush(LONG), Ok(()));
    assert_eq!(*arrived.lock().unwrap(), [2]);
    assert_eq!(pipeline.account().dropped_for(DropReason::ExporterPanicked), 1);
    assert!(pipeline.shutdown(LONG).is_clean());
    assert_eq!(registry.exporters()[0].status, ExporterStatus::Ok);
}

#[test]
fn an_export_without_an_answer_is_cancelled_and_counted_at_its_timeout() {
    let worker = worker();
    let (exporter, _arrived) = Fated::new(&[Fate::Hangs]);
    let limits = patient().export_timeout(Duration::from_millis(20));
    let pipeline = Pipeline::start(&worker.handle(), health(), &limits, exporter);
    pipeline.offer(1).unwrap();
    assert_eq!(pipeline.flush(LONG), Err(FlushError::Lost { items: 1 }));
    assert_eq!(pipeline.account().dropped_for(DropReason::ExportTimeout), 1);
}

#[test]
fn at_the_deadline_of_a_shutdown_the_export_is_cancelled_and_the_rest_is_counted() {
    let worker = worker();
    let (exporter, gate) = Gated::new();
    let pipeline = Pipeline::start(&worker.handle(), health(), &patient().batch_size(1), exporter);
    for item in 0..3 {
        pipeline.offer(item).unwrap();
    }
    gate.came.recv_timeout(LONG).unwrap();
    let shutdown = pipeline.shutdown(Duration::from_millis(20));
    assert!(shutdown.timed_out && shutdown.lost == 3, "{shutdown:?}");
    assert_eq!(shutdown.account.to_string(), "created 3, delivered 0, queued 0, dropped 3 (shutdown 3)");
    assert_eq!(gate.ended.recv_timeout(LONG), Ok(()), "the export under way was cancelled");
    assert_eq!(pipeline.offer(9), Err(DropReason::AfterShutdown));
    let again = pipeline.shutdown(LONG);
    assert!(!again.timed_out && again.lost == 0, "a second shutdown is harmless: {again:?}");
    assert_eq!(again.account.dropped_for(DropReason::AfterShutdown), 1);
    assert_eq!(pipeline.flush(LONG), Err(FlushError::Closed));
}

#[test]
fn a_shutdown_keeps_its_deadline_even_if_the_exporter_blocks_the_worker() {
    struct Blocks(std::sync::mpsc::Sender<()>, std::sync::mpsc::Receiver<()>);
    impl Deliver<u64> for Blocks {
        async fn deliver(&mut self, _: Vec<u64>) -> Result<Delivered, DeliverError> {
            let _ = self.0.send(());
            let _ = self.1.recv();
            Ok(Delivered::all())
        }
    }
    let worker = worker();
    let (came, has_come) = channel();
    let (go, may_go) = channel();
    let pipeline =
        Pipeline::start(&worker.handle(), health(), &patient().batch_size(1), Blocks(came, may_go));
    pipeline.offer(1).unwrap();
    has_come.recv_timeout(LONG).unwrap();
    let start = Instant::now();
    let shutdown = pipeline.shutdown(Duration::from_millis(20));
    assert!(start.elapsed() < LONG);
    assert_eq!(shutdown.account.to_string(), "created 1, delivered 0, queued 0, dropped 1 (shutdown 1)");
    go.send(()).unwrap();
    assert!(worker.stop(LONG));
    assert_eq!(pipeline.account(), shutdown.account, "an answer that comes too late is not counted twice");
}

#[test]
fn a_worker_that_goes_away_takes_no_item_along_uncounted() {
    let worker = worker();
    let (exporter, gate) = Gated::new();
    let pipeline = Pipeline::start(&worker.handle(), health(), &patient().batch_size(2), exporter);
    for item in 0..5 {
        pipeline.offer(item).unwrap();
    }
    gate.came.recv_timeout(LONG).unwrap();
    let handle = worker.handle();
    assert!(worker.stop(LONG));
    assert_eq!(pipeline.account().to_string(), "created 5, delivered 0, queued 0, dropped 5 (shutdown 5)");

    let (exporter, _gate) = Gated::new();
    let late = Pipeline::start(&handle, health(), &patient(), exporter);
    assert_eq!(late.offer(1), Err(DropReason::AfterShutdown));
    assert!(late.account().is_balanced());
}

#[test]
fn a_queue_that_overflows_is_reported_once() {
    let worker = worker();
    let (said, heard) = channel();
    let registry = Health::new(Reporter::new(move |report| drop(said.send(report.clone()))));
    let (exporter, gate) = Gated::new();
    let limits = patient().batch_size(1).queue_capacity(1);
    let pipeline = Pipeline::start(&worker.handle(), registry.exporter("test", ""), &limits, exporter);
    pipeline.offer(1).unwrap();
    gate.came.recv_timeout(LONG).unwrap();
    pipeline.offer(2).unwrap();
    for item in 3..6 {
        assert_eq!(pipeline.offer(item), Err(DropReason::QueueFull));
    }
    gate.go.send(()).unwrap();
    gate.go.send(()).unwrap();
    pipeline.shutdown(LONG).is_clean().then_some(()).unwrap();
    assert!(worker.stop(LONG));
    drop((pipeline, registry));
    let reports: Vec<Report> = heard.iter().collect();
    assert_eq!(reports, [Report::Overflowing { exporter: "test".into(), dropped: 3 }]);
}

fn flushes_and_ends() {
    let worker = worker();
    let (exporter, arrived) = Fated::new(&[Fate::Arrives]);
    let pipeline = Pipeline::start(&worker.handle(), health(), &patient(), exporter);
    pipeline.offer(1).unwrap();
    assert_eq!(pipeline.flush(LONG), Ok(()));
    pipeline.offer(2).unwrap();
    assert!(pipeline.shutdown(LONG).is_clean());
    assert_eq!(*arrived.lock().unwrap(), [1, 2]);
}

#[test]
fn it_works_without_a_runtime() {
    flushes_and_ends();
}

#[tokio::test(flavor = "current_thread")]
async fn it_works_in_a_task_of_a_current_thread_runtime() {
    tokio::spawn(async { flushes_and_ends() }).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn it_works_in_a_task_of_the_only_worker() {
    tokio::spawn(async { flushes_and_ends() }).await.unwrap();
}

#[tokio::test(flavor = "current_thread")]
async fn the_async_forms_leave_the_executor_free() {
    let worker = worker();
    let (exporter, gate) = Gated::new();
    let pipeline = Pipeline::start(&worker.handle(), health(), &patient(), exporter);
    pipeline.offer(1).unwrap();
    // The only thread of this runtime opens the gate while it waits for the flush.
    let (flushed, ()) = tokio::join!(pipeline.flush_async(LONG), async { gate.go.send(()).unwrap() });
    assert_eq!(flushed, Ok(()));
    pipeline.offer(2).unwrap();
    drop(gate.go);
    let shutdown = pipeline.shutdown_async(Duration::from_millis(20)).await;
    assert!(shutdown.timed_out);
    assert_eq!(shutdown.account.to_string(), "created 2, delivered 1, queued 0, dropped 1 (shutdown 1)");
}

#[test]
fn pipelines_that_end_together_share_one_deadline() {
    struct Hangs;
    impl Deliver<u64> for Hangs {
        async fn deliver(&mut self, _: Vec<u64>) -> Result<Delivered, DeliverError> {
            pending().await
        }
    }
    let worker = worker();
    let (exporter, _arrived) = Fated::new(&[Fate::Arrives]);
    let hangs = Pipeline::start(&worker.handle(), health(), &patient(), Hangs);
    let works = Pipeline::start(&worker.handle(), health(), &patient(), exporter);
    hangs.offer(1).unwrap();
    works.offer(1).unwrap();
    let (hangs, works) = (hangs.begin_shutdown(), works.begin_shutdown());
    assert!(hangs(Duration::from_millis(200)).timed_out);
    assert!(works(LONG).is_clean(), "it went out meanwhile");
}
