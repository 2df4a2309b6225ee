//! The sink that events go into.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use flowspan_model::{Event, EventSink};
use flowspan_runtime::{Account, DropReason, Health, Pipeline, WorkerHandle};
use uuid::Uuid;

use crate::config::ResolvedPostgres;
use crate::id::event_id;
use crate::place::Places;
use crate::row::Recorded;
use crate::writer::{Counts, Writer};

/// Takes events and stores them. Clones are the same store.
///
/// It is called on the thread on which an event happens: it copies the event, gives it its
/// identifier, and puts it into the queue. Everything else happens on the worker.
#[derive(Clone, Debug)]
pub struct PostgresStore {
    pipeline: Pipeline<Recorded>,
    places: Arc<Places>,
    counts: Arc<Counts>,
}

impl PostgresStore {
    /// Starts to store, on the worker. Connects to nobody before there is something to store: a
    /// server that is away is no error, but shows in `health`, where this is called `postgres`.
    pub fn start(resolved: &ResolvedPostgres, worker: &WorkerHandle, health: &Health) -> Self {
        let counts = Arc::new(Counts::default());
        let health = health.exporter("postgres", resolved.advice());
        let writer = Writer::new(resolved, health.clone(), counts.clone());
        // The writer has its own limit for an attempt; a batch is kept for as long as it takes.
        let limits = resolved.limits.clone().export_timeout(Duration::MAX);
        let pipeline = Pipeline::start(worker, health, &limits, writer);
        PostgresStore { pipeline, places: Arc::default(), counts }
    }

    /// Stores an event under an identifier that its source gave to it, so that what is imported
    /// twice is stored once. Make the identifier of the event's time, as [`event_id`] does.
    ///
    /// # Errors
    ///
    /// The queue is full or closed: the event was dropped and counted.
    pub fn record(&self, id: Uuid, event: Event) -> Result<(), DropReason> {
        let place = self.places.of(&event);
        self.pipeline.offer(Recorded { id, place, event })
    }

    /// Stores what waits. Blocks the calling thread, for `timeout` at most.
    ///
    /// # Errors
    ///
    /// Something could not be stored, or the time was too short.
    pub fn flush(&self, timeout: Duration) -> Result<(), flowspan_runtime::FlushError> {
        self.pipeline.flush(timeout)
    }

    /// Asks for everything to be stored, and answers with the wait for it.
    pub fn begin_flush(
        &self,
    ) -> impl FnOnce(Duration) -> Result<(), flowspan_runtime::FlushError> + Send + use<> {
        self.pipeline.begin_flush()
    }

    /// Stores what waits and ends. Blocks the calling thread, for `timeout` at most; what is not
    /// stored by then is dropped and counted.
    pub fn shutdown(&self, timeout: Duration) -> flowspan_runtime::Shutdown {
        self.pipeline.shutdown(timeout)
    }

    /// Begins to store what waits, and answers with the wait for it.
    pub fn begin_shutdown(&self) -> impl FnOnce(Duration) -> flowspan_runtime::Shutdown + Send + use<> {
        self.pipeline.begin_shutdown()
    }

    /// What became of the events so far. Delivered are those of which the server said that they are
    /// stored; what it cannot store is dropped as `rejected`.
    pub fn account(&self) -> Account {
        self.pipeline.account()
    }

    /// In how many texts NUL, which PostgreSQL cannot hold, became U+FFFD.
    pub fn sanitised(&self) -> u64 {
        self.counts.sanitised.load(Ordering::Relaxed)
    }

    /// How many texts were longer than the limit and were cut.
    pub fn shortened(&self) -> u64 {
        self.counts.shortened.load(Ordering::Relaxed)
    }
}

impl EventSink for PostgresStore {
    fn event(&self, event: &Event) {
        // What is refused is counted.
        let _ = self.record(event_id(event.time), event.clone());
    }
}
