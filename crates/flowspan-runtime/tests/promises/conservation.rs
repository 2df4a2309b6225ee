//! Whatever happens at the same time, every item is accounted for, exactly.

use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;

use crate::exporters::{Fate, Fated, LONG, health, worker};
use flowspan_runtime::{DropReason, Limits, Pipeline};
use proptest::prelude::*;

fn fates() -> impl Strategy<Value = Vec<Fate>> {
    let fate = prop_oneof![
        4 => Just(Fate::Arrives),
        2 => Just(Fate::Fails),
        2 => Just(Fate::LosesItsFirst),
        1 => Just(Fate::Hangs),
        1 => Just(Fate::Panics),
    ];
    proptest::collection::vec(fate, 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn created_is_delivered_and_dropped(
        fates in fates(),
        threads in 1..5_u64,
        items in 1..400_u64,
        capacity in 1..128_usize,
        batch in 1..64_usize,
        shutdown_after in 0..400_u64,
        deadline in 0..30_u64,
        stops_the_worker in any::<bool>(),
    ) {
        let worker = worker();
        let (exporter, arrived) = Fated::new(&fates);
        let limits = Limits::new()
            .queue_capacity(capacity)
            .batch_size(batch)
            .delay(Duration::from_millis(1))
            .export_timeout(Duration::from_millis(2));
        let pipeline = Pipeline::start(&worker.handle(), health(), &limits, exporter);
        let start = Barrier::new(threads as usize + 2);
        let offered = AtomicU64::new(0);
        let (time_to_end, is_time_to_end) = channel();
        let ends_after = shutdown_after.clamp(1, threads * items);
        let shutdown = std::thread::scope(|scope| {
            for thread in 0..threads {
                let (pipeline, start, offered, time_to_end) = (&pipeline, &start, &offered, time_to_end.clone());
                scope.spawn(move || {
                    start.wait();
                    for item in 0..items {
                        let _ = pipeline.offer(thread * items + item);
                        if offered.fetch_add(1, Ordering::Relaxed) + 1 == ends_after {
                            let _ = time_to_end.send(());
                        }
                        assert!(pipeline.account().is_balanced(), "at every moment");
                    }
                });
            }
            scope.spawn(|| {
                start.wait();
                for _ in 0..3 {
                    let _ = pipeline.flush(Duration::from_millis(3));
                }
            });
            let (pipeline, start, worker) = (&pipeline, &start, &worker);
            let ends = scope.spawn(move || {
                start.wait();
                let _ = is_time_to_end.recv_timeout(LONG);
                if stops_the_worker {
                    worker.stop(LONG);
                }
                pipeline.shutdown(Duration::from_millis(deadline))
            });
            ends.join().expect("no panic")
        });
        prop_assert!(shutdown.account.is_balanced());
        prop_assert_eq!(shutdown.account.queued, 0);
        let account = pipeline.account();
        prop_assert!(worker.stop(LONG));
        prop_assert_eq!(&pipeline.account(), &account, "it is final");
        prop_assert_eq!(account.created, threads * items);
        prop_assert_eq!(account.queued, 0);
        prop_assert_eq!(account.delivered + account.lost(), account.created);

        let mut arrived = std::mem::take(&mut *arrived.lock().expect("not poisoned"));
        // A batch that arrives while the deadline passes counts as lost: never the other way round.
        prop_assert!(arrived.len() as u64 >= account.delivered);
        if account.dropped_for(DropReason::Shutdown) == 0 {
            prop_assert_eq!(arrived.len() as u64, account.delivered);
        }
        arrived.sort_unstable();
        arrived.dedup();
        prop_assert!(arrived.len() as u64 >= account.delivered, "nothing arrived twice");
    }
}
