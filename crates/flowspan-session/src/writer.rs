//! A session that is saved again and again.

use std::{fmt, time::Duration};

use flowspan_runtime::{
    Account, DeliverError, Delivered, ExporterHealth, Gather, Health, Periodic, WorkerHandle,
};

use crate::{SessionCollector, SessionSettings};

/// How long one save may take before it counts as failed.
const SAVE_TIMEOUT: Duration = Duration::from_secs(10);

/// Bytes of memory that the program uses, and the most that it ever did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// In use now.
    pub used: u64,
    /// In use at most, if the system knows.
    pub peak: Option<u64>,
}

/// Saves a session on flowspan's worker: at its interval, on a flush, and at the end. Clones are the same.
///
/// A save that fails loses nothing: the file is as it was, the failure shows in the health, and the next
/// save brings everything. Only what the last one could not bring is lost, and counted.
#[derive(Clone)]
pub struct SessionWriter {
    cycle: Periodic,
    collector: SessionCollector,
}

impl SessionWriter {
    /// Starts to save. `memory` is asked before each save; what it does not know is not noted.
    pub fn start(
        settings: SessionSettings,
        worker: &WorkerHandle,
        health: &Health,
        memory: impl Fn() -> Option<Memory> + Send + 'static,
    ) -> Self {
        let SessionSettings { collector, interval } = settings;
        let health: ExporterHealth =
            health.exporter("session", "is the disk full, or the directory gone or not writable?");
        let saver = Saver { collector: collector.clone(), memory };
        let cycle = Periodic::start(worker, health, interval, SAVE_TIMEOUT, saver);
        SessionWriter { cycle, collector }
    }

    /// The session.
    pub fn collector(&self) -> &SessionCollector {
        &self.collector
    }

    /// Asks for a save, and answers with the wait for it: whether it succeeded in time.
    pub fn begin_flush(&self) -> impl FnOnce(Duration) -> bool + Send + use<> {
        let wait = self.cycle.begin_flush();
        move |timeout| wait(timeout).is_ok()
    }

    /// Takes no further event, asks for the last save, and answers with the wait for it: whether it
    /// succeeded in time.
    pub fn begin_shutdown(&self) -> impl FnOnce(Duration) -> bool + Send + use<> {
        self.collector.close();
        let wait = self.cycle.begin_shutdown();
        let collector = self.collector.clone();
        move |timeout| {
            let is_timed_out = wait(timeout).timed_out;
            // A disk that hangs may hold the last save for longer than one is allowed to take.
            if is_timed_out || collector.account().queued > 0 {
                collector.give_up();
            }
            collector.account().lost() == 0
        }
    }

    /// What became of the events: see [`SessionCollector::account`].
    pub fn account(&self) -> Account {
        self.collector.account()
    }
}

impl fmt::Debug for SessionWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SessionWriter").field(&self.collector).finish()
    }
}

struct Saver<M> {
    collector: SessionCollector,
    memory: M,
}

impl<M: Fn() -> Option<Memory> + Send + 'static> Gather for Saver<M> {
    type Batch = ();

    async fn gather(&mut self) -> Result<((), u64), DeliverError> {
        if let Some(Memory { used, peak }) = (self.memory)() {
            self.collector.memory(used, peak);
        }
        Ok(((), 1))
    }

    async fn deliver(&mut self, (): ()) -> Result<Delivered, DeliverError> {
        let collector = self.collector.clone();
        // A disk may take its time, and other exporters live on the worker's thread.
        match tokio::task::spawn_blocking(move || collector.flush()).await {
            Ok(Ok(())) => Ok(Delivered::all()),
            Ok(Err(error)) => Err(DeliverError::failed(chain(&error))),
            Err(error) => Err(DeliverError::failed(error.to_string())),
        }
    }
}

/// An error with what caused it, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |error| error.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
