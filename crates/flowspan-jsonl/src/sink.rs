//! The sink that events go into.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use flowspan_model::{Event, EventSink, Value};
use flowspan_runtime::{
    Account, Deliver, DeliverError, Delivered, DropReason, FlushError, Health, Pipeline, Shutdown,
    WorkerHandle,
};

use crate::config::ResolvedJsonl;
use crate::error::JsonlError;
use crate::file::{Files, tidy};

/// Takes events and writes them as lines. Clones are the same sink.
///
/// It is called on the thread on which an event happens: it copies the event and puts it into the
/// queue. Everything else happens on the worker and the threads that it has for files.
#[derive(Clone, Debug)]
pub struct JsonlSink {
    pipeline: Pipeline<Event>,
}

impl JsonlSink {
    /// Opens the file, or makes it, and starts to write, on the worker. It is called `events` in
    /// `health`.
    ///
    /// # Errors
    ///
    /// The path leads to no file that can be written to, or another program writes to it.
    pub fn start(
        resolved: &ResolvedJsonl,
        worker: &WorkerHandle,
        health: &Health,
    ) -> Result<Self, JsonlError> {
        let files = Files::open(resolved)?;
        let advice = format!("is there room for {}, and may it be written to?", resolved.path.display());
        let earlier = files.earlier();
        worker.spawn(async move {
            // An earlier run may have ended before it could. What cannot be done now is tried again.
            let _ = tokio::task::spawn_blocking(move || tidy(&earlier)).await;
        });
        let writer = Writer { files: Arc::new(Mutex::new(files)) };
        let pipeline = Pipeline::start(worker, health.exporter("events", advice), &resolved.limits, writer);
        Ok(JsonlSink { pipeline })
    }

    /// Writes what waits. Blocks the calling thread, for `timeout` at most.
    ///
    /// # Errors
    ///
    /// Something could not be written, or the time was too short.
    pub fn flush(&self, timeout: Duration) -> Result<(), FlushError> {
        self.pipeline.flush(timeout)
    }

    /// Asks for everything to be written, and answers with the wait for it.
    pub fn begin_flush(&self) -> impl FnOnce(Duration) -> Result<(), FlushError> + Send + use<> {
        self.pipeline.begin_flush()
    }

    /// Writes what waits and ends. Blocks the calling thread, for `timeout` at most; what is not
    /// written by then is dropped and counted.
    pub fn shutdown(&self, timeout: Duration) -> Shutdown {
        self.pipeline.shutdown(timeout)
    }

    /// Begins to write what waits, and answers with the wait for it.
    pub fn begin_shutdown(&self) -> impl FnOnce(Duration) -> Shutdown + Send + use<> {
        self.pipeline.begin_shutdown()
    }

    /// What became of the events so far. Delivered are those that the system took.
    pub fn account(&self) -> Account {
        self.pipeline.account()
    }
}

impl EventSink for JsonlSink {
    fn event(&self, event: &Event) {
        // What is refused is counted.
        let _ = self.pipeline.offer(event.clone());
    }
}

struct Writer {
    files: Arc<Mutex<Files>>,
}

impl Deliver<Event> for Writer {
    fn deliver(&mut self, batch: Vec<Event>) -> impl Future<Output = Result<Delivered, DeliverError>> + Send {
        let files = self.files.clone();
        async move {
            let events = batch.len();
            // A disk may be slow, and the worker has others to serve.
            let write =
                move || files.lock().unwrap_or_else(PoisonError::into_inner).write(&batch, SystemTime::now());
            let written = tokio::task::spawn_blocking(write)
                .await
                .map_err(|error| DeliverError::failed(format!("the writing broke off: {error}")))?;
            if let Some(earlier) = written.tidy {
                // Nobody waits for that: it is done again at the next rotation, and at the next start.
                drop(tokio::task::spawn_blocking(move || tidy(&earlier)));
            }
            match written.error {
                None => Ok(Delivered::all()),
                Some(error) => {
                    let lost = u64::try_from(events - written.events).unwrap_or(u64::MAX);
                    Ok(Delivered::all().without(DropReason::ExportFailed, lost, error.to_string()))
                }
            }
        }
    }

    fn bytes(event: &Event) -> usize {
        let text = |value: &Value| value.as_text().map_or(0, str::len);
        let fields =
            event.fields.iter().map(|(field, value)| size_of_val(&field) + size_of_val(value) + text(value));
        size_of_val(event) + fields.sum::<usize>()
    }
}
