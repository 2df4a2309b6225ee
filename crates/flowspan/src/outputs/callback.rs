//! Functions of the user's own that get measurements or events, away from the program's threads.

use std::{future::Future, sync::Arc, time::Duration};

use flowspan_model::{Event, EventSink, Measurement, MetricSink};
use flowspan_runtime::{
    Account, DEFAULT_QUEUE_CAPACITY, Deliver, DeliverError, Delivered, ExporterHealth, Limits, Pipeline,
    attempt,
};

use super::{Assembly, Drain, Output, Wait, own::OWN_CODE};
use crate::{BuildError, Signal};

/// How long one call may take before it is given up.
const CALL_TIMEOUT: Duration = Duration::from_secs(5);
/// How many calls are one export to the pipeline, which reports once for all of them.
const BATCH: usize = 16;
/// How long an item waits for others.
const DELAY: Duration = Duration::from_secs(1);

/// A function that is called on flowspan's thread with every item of a signal.
pub(crate) struct Callback<T, F> {
    name: &'static str,
    signal: Signal,
    /// Makes the queue one of the sinks.
    add: fn(&mut Assembly<'_>, String, Queue<T>),
    call: F,
}

impl<F> Callback<Measurement, F> {
    pub(crate) fn of_measurements(call: F) -> Self {
        let add: fn(&mut Assembly<'_>, _, _) =
            |assembly, name, queue| assembly.metric_sinks.push((name, Arc::new(queue)));
        Callback { name: "on_metric_async", signal: Signal::Metrics, add, call }
    }
}

impl<F> Callback<Event, F> {
    pub(crate) fn of_events(call: F) -> Self {
        let add: fn(&mut Assembly<'_>, _, _) =
            |assembly, name, queue| assembly.event_sinks.push((name, Arc::new(queue)));
        Callback { name: "on_event_async", signal: Signal::Events, add, call }
    }
}

impl<T, F, C> Output for Callback<T, F>
where
    T: Send + 'static,
    F: Fn(T) -> C + Send + Sync + 'static,
    C: Future<Output = ()> + Send,
{
    fn start(self: Box<Self>, assembly: &mut Assembly<'_>) -> Result<(), BuildError> {
        let Callback { name, signal, add, call } = *self;
        let health = assembly.health.exporter(name, OWN_CODE);
        let calls = u32::try_from(BATCH).unwrap_or(u32::MAX);
        let limits = Limits::new()
            .queue_capacity(DEFAULT_QUEUE_CAPACITY)
            .batch_size(BATCH)
            .delay(DELAY)
            // Each call has its own time; the export as a whole must not cut off the last ones.
            .export_timeout(CALL_TIMEOUT * (calls + 1));
        let queue = Queue::start(assembly, health, &limits, signal, Calls(call));
        add(assembly, name.to_owned(), queue);
        Ok(())
    }
}

/// The calls of the function, one after the other.
struct Calls<F>(F);

impl<T, F, C> Deliver<T> for Calls<F>
where
    T: Send + 'static,
    F: Fn(T) -> C + Send + Sync + 'static,
    C: Future<Output = ()> + Send,
{
    async fn deliver(&mut self, batch: Vec<T>) -> Result<Delivered, DeliverError> {
        let mut delivered = Delivered::all();
        for item in batch {
            // The function itself may panic too, not only the future that it returns.
            let call = async {
                (self.0)(item).await;
                Ok(())
            };
            if let Err(error) = attempt(CALL_TIMEOUT, call).await {
                delivered = delivered.without(error.reason(), 1, error.to_string());
            }
        }
        Ok(delivered)
    }
}

/// What waits for code of the program's own.
pub(super) struct Queue<T> {
    pipeline: Pipeline<T>,
    signal: Signal,
}

impl<T: Send + 'static> Queue<T> {
    /// A queue that is flushed, shut down and accounted for with everything else.
    pub(super) fn start(
        assembly: &mut Assembly<'_>,
        health: ExporterHealth,
        limits: &Limits,
        signal: Signal,
        deliver: impl Deliver<T>,
    ) -> Self {
        let pipeline = Pipeline::start(assembly.worker, health, limits, deliver);
        let queue = Queue { pipeline, signal };
        assembly.drains.push(Box::new(queue.clone()));
        queue
    }
}

impl<T> Clone for Queue<T> {
    fn clone(&self) -> Self {
        Queue { pipeline: self.pipeline.clone(), signal: self.signal }
    }
}

impl MetricSink for Queue<Measurement> {
    fn measurement(&self, measurement: &Measurement) {
        // What does not fit is counted by the pipeline.
        let _ = self.pipeline.offer(measurement.clone());
    }
}

impl EventSink for Queue<Event> {
    fn event(&self, event: &Event) {
        // As above.
        let _ = self.pipeline.offer(event.clone());
    }
}

impl<T: Send + 'static> Drain for Queue<T> {
    fn begin_flush(&self) -> Wait {
        let wait = self.pipeline.begin_flush();
        Box::new(move |timeout| drop(wait(timeout)))
    }

    fn begin_shutdown(&self) -> Wait {
        let wait = self.pipeline.begin_shutdown();
        Box::new(move |timeout| drop(wait(timeout)))
    }

    fn accounts(&self) -> Vec<(Signal, Account)> {
        vec![(self.signal, self.pipeline.account())]
    }
}
