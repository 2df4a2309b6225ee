//! Functions of the user's own that get measurements, away from the program's threads.

use std::{future::Future, sync::Arc, time::Duration};

use flowspan_model::{Measurement, MetricSink};
use flowspan_runtime::{DEFAULT_QUEUE_CAPACITY, Deliver, DeliverError, Delivered, Limits, Pipeline, attempt};

use super::{Assembly, Drain, Output, Wait};
use crate::{BuildError, Signal};
use flowspan_runtime::Account;

/// How long one call may take before it is given up.
const CALL_TIMEOUT: Duration = Duration::from_secs(5);
/// How many calls are one export to the pipeline, which reports once for all of them.
const BATCH: usize = 16;
/// How long a measurement waits for others.
const DELAY: Duration = Duration::from_secs(1);

/// A function that is called on flowspan's thread.
pub(crate) struct Callback<F>(pub(crate) F);

impl<F, C> Output for Callback<F>
where
    F: Fn(Measurement) -> C + Send + Sync + 'static,
    C: Future<Output = ()> + Send,
{
    fn start(self: Box<Self>, assembly: &mut Assembly<'_>) -> Result<(), BuildError> {
        let health = assembly.health.exporter("on_metric_async", "it is code of the program's own");
        let calls = u32::try_from(BATCH).unwrap_or(u32::MAX);
        let limits = Limits::new()
            .queue_capacity(DEFAULT_QUEUE_CAPACITY)
            .batch_size(BATCH)
            .delay(DELAY)
            // Each call has its own time; the export as a whole must not cut off the last ones.
            .export_timeout(CALL_TIMEOUT * (calls + 1));
        let queue = Queue(Pipeline::start(assembly.worker, health, &limits, *self));
        assembly.metric_sinks.push(("on_metric_async".to_owned(), Arc::new(queue.clone())));
        assembly.drains.push(Box::new(queue));
        Ok(())
    }
}

impl<F, C> Deliver<Measurement> for Callback<F>
where
    F: Fn(Measurement) -> C + Send + Sync + 'static,
    C: Future<Output = ()> + Send,
{
    async fn deliver(&mut self, batch: Vec<Measurement>) -> Result<Delivered, DeliverError> {
        let mut delivered = Delivered::all();
        for measurement in batch {
            // The function itself may panic too, not only the future that it returns.
            let call = async {
                (self.0)(measurement).await;
                Ok(())
            };
            if let Err(error) = attempt(CALL_TIMEOUT, call).await {
                delivered = delivered.without(error.reason(), 1, error.to_string());
            }
        }
        Ok(delivered)
    }
}

/// The measurements that wait for their function.
#[derive(Clone)]
struct Queue(Pipeline<Measurement>);

impl MetricSink for Queue {
    fn measurement(&self, measurement: &Measurement) {
        // What does not fit is counted by the pipeline.
        let _ = self.0.offer(measurement.clone());
    }
}

impl Drain for Queue {
    fn begin_flush(&self) -> Wait {
        let wait = self.0.begin_flush();
        Box::new(move |timeout| drop(wait(timeout)))
    }

    fn begin_shutdown(&self) -> Wait {
        let wait = self.0.begin_shutdown();
        Box::new(move |timeout| drop(wait(timeout)))
    }

    fn accounts(&self) -> Vec<(Signal, Account)> {
        vec![(Signal::Metrics, self.0.account())]
    }
}
