//! From an offer to an export.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use crate::due::due_in;
use crate::queue::{Queue, Step};
use crate::{
    Account, Deliver, DeliverError, Delivered, DropReason, ExporterHealth, Limits, WorkerHandle, attempt,
    off_thread,
};

/// A bounded queue whose items are exported in batches on the [`Worker`](crate::Worker).
///
/// Clones are the same pipeline. An export begins when a batch is full, when items have waited for
/// the delay, on `flush` and on `shutdown`; one export at a time, in the order of the offers.
pub struct Pipeline<T> {
    queue: Arc<Queue<T>>,
}

/// A flush that could not send everything.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FlushError {
    /// Items were lost on their way.
    #[error("{items} items were lost while they were flushed")]
    Lost {
        /// How many.
        items: u64,
    },
    /// The timeout passed first.
    #[error("the flush did not end within {timeout:?}, {waiting} items are still waiting")]
    TimedOut {
        /// The timeout that was given.
        timeout: Duration,
        /// How many items wait or are on their way.
        waiting: u64,
    },
    /// It had been shut down before.
    #[error("it was shut down before")]
    Closed,
}

/// How a pipeline ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "it says what was lost"]
#[non_exhaustive]
pub struct Shutdown {
    /// What became of all items. Nothing is queued any more.
    pub account: Account,
    /// How many items had been waiting when the shutdown began and did not arrive.
    pub lost: u64,
    /// Whether the deadline came before everything was sent.
    pub timed_out: bool,
}

impl Shutdown {
    /// Whether everything that had been waiting arrived.
    pub fn is_clean(&self) -> bool {
        self.lost == 0 && !self.timed_out
    }
}

impl<T: Send + 'static> Pipeline<T> {
    /// Starts a pipeline that exports on this worker.
    ///
    /// If the worker has ended, the pipeline is closed from the start and counts what it is offered.
    pub fn start<D: Deliver<T>>(
        worker: &WorkerHandle,
        health: ExporterHealth,
        limits: &Limits,
        exporter: D,
    ) -> Self {
        let queue = Arc::new(Queue::new(limits, D::bytes));
        let driver = Driver {
            backlog: queue.buffer(),
            closing: CloseOnDrop(queue.clone()),
            health,
            limits: limits.clone(),
            exporter,
        };
        worker.spawn(driver.run());
        Pipeline { queue }
    }

    /// Takes an item in. Never waits for an export, and allocates nothing.
    ///
    /// # Errors
    ///
    /// The queue is full or closed: the item was dropped and counted, and this says why.
    pub fn offer(&self, item: T) -> Result<(), DropReason> {
        self.queue.offer(item)
    }

    /// Sends everything that was offered so far. Blocks the calling thread, for `timeout` at most.
    ///
    /// # Errors
    ///
    /// Something was lost on its way, the time was too short, or the pipeline was shut down before.
    pub fn flush(&self, timeout: Duration) -> Result<(), FlushError> {
        self.begin_flush()(timeout)
    }

    /// Asks for everything to be sent, and answers with the wait for it. Several pipelines that are
    /// asked before the first is waited for send side by side.
    pub fn begin_flush(&self) -> impl FnOnce(Duration) -> Result<(), FlushError> + Send + use<T> {
        let queue = self.queue.clone();
        let was_closed = queue.is_closed();
        let mark = queue.want_all();
        move |timeout| {
            if was_closed {
                return Err(FlushError::Closed);
            }
            if !queue.wait(mark, timeout) {
                return Err(FlushError::TimedOut { timeout, waiting: queue.account().queued });
            }
            match queue.lost_since(mark) {
                0 => Ok(()),
                items => Err(FlushError::Lost { items }),
            }
        }
    }

    /// [`flush`](Self::flush) for async code: blocks no thread of the caller's executor.
    ///
    /// # Errors
    ///
    /// As `flush`.
    pub async fn flush_async(&self, timeout: Duration) -> Result<(), FlushError> {
        let pipeline = self.clone();
        let waiting = || self.queue.account().queued;
        off_thread(move || pipeline.flush(timeout))
            .await
            .unwrap_or_else(|| Err(FlushError::TimedOut { timeout, waiting: waiting() }))
    }

    /// Sends what waits and closes the pipeline. Blocks the calling thread, for `timeout` at most:
    /// then the export under way is cancelled, and what did not arrive is dropped and counted. A
    /// second shutdown changes nothing and answers the same account.
    pub fn shutdown(&self, timeout: Duration) -> Shutdown {
        self.begin_shutdown()(timeout)
    }

    /// Refuses offers from now on, begins to send what waits, and answers with the wait for it. If the
    /// wait is never called, the pipeline goes on until everything is sent.
    pub fn begin_shutdown(&self) -> impl FnOnce(Duration) -> Shutdown + Send + use<T> {
        let queue = self.queue.clone();
        let mark = queue.drain();
        move |timeout| {
            let timed_out = !queue.wait(mark, timeout);
            if timed_out {
                queue.close();
            }
            Shutdown { account: queue.account(), lost: queue.lost_since(mark), timed_out }
        }
    }

    /// [`shutdown`](Self::shutdown) for async code: blocks no thread of the caller's executor.
    pub async fn shutdown_async(&self, timeout: Duration) -> Shutdown {
        let pipeline = self.clone();
        match off_thread(move || pipeline.shutdown(timeout)).await {
            Some(shutdown) => shutdown,
            None => self.shutdown(Duration::ZERO),
        }
    }

    /// What became of the items so far. It balances at every moment.
    pub fn account(&self) -> Account {
        self.queue.account()
    }
}

impl<T> Clone for Pipeline<T> {
    fn clone(&self) -> Self {
        Pipeline { queue: self.queue.clone() }
    }
}

impl<T> fmt::Debug for Pipeline<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pipeline").field(&self.queue.account()).finish()
    }
}

/// The exporting end of a pipeline.
struct Driver<T, D> {
    // Before the guard, so that the items are gone when the account is closed.
    backlog: VecDeque<T>,
    closing: CloseOnDrop<T>,
    health: ExporterHealth,
    limits: Limits,
    exporter: D,
}

impl<T: Send + 'static, D: Deliver<T>> Driver<T, D> {
    async fn run(mut self) {
        let queue = self.closing.0.clone();
        let mut due = due_in(self.limits.delay);
        let mut overflowed = 0;
        loop {
            match queue.next(&mut self.backlog) {
                Step::Stop => return,
                // Whoever waits for the shutdown waits until this is done: the queue is closed behind it.
                Step::End => {
                    let end = attempt(self.limits.export_timeout, async { self.exporter.end().await });
                    return end_unless(&queue.abort, end, &self.health).await;
                }
                Step::Export(batch) => {
                    let result = tokio::select! {
                        biased;
                        () = queue.abort.notified() => return,
                        result = attempt(self.limits.export_timeout, async { self.exporter.deliver(batch).await }) => result,
                    };
                    // Told first: who waits for the flush then sees how the exporter does.
                    tell(&self.health, &result);
                    queue.finish(&result);
                }
                Step::Wait => {
                    if tokio::time::timeout_at(due, queue.work.notified()).await.is_err() {
                        // Whatever waits has waited long enough.
                        queue.want_all();
                        due = due_in(self.limits.delay);
                        if overflowed == queue.overflowed() {
                            self.health.keeps_up();
                        }
                    }
                }
            }
            let dropped = queue.overflowed();
            if dropped > overflowed {
                overflowed = dropped;
                self.health.overflowing(dropped);
            }
        }
    }
}

/// Ends an exporter unless it is aborted, and tells if that did not go well: what it may have held back is lost.
pub(crate) async fn end_unless(
    abort: &Notify,
    end: impl Future<Output = Result<(), DeliverError>>,
    health: &ExporterHealth,
) {
    let result = tokio::select! {
        biased;
        () = abort.notified() => {
            Err(DeliverError::failed("the deadline of the shutdown came before it had ended"))
        }
        result = end => result,
    };
    if let Err(error) = result {
        health.failed(&error.message);
    }
}

/// Tells how an export ended.
pub(crate) fn tell(health: &ExporterHealth, result: &Result<Delivered, DeliverError>) {
    match result {
        Ok(delivered) => match delivered.complaint() {
            None => health.succeeded(),
            Some(complaint) => health.failed(&complaint),
        },
        Err(error) => health.failed(&error.message),
    }
}

/// Closes the queue when the driver goes, however it goes: at its end, with the worker, by a panic.
struct CloseOnDrop<T>(Arc<Queue<T>>);

impl<T> Drop for CloseOnDrop<T> {
    fn drop(&mut self) {
        self.0.close();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use tokio::time::Instant;

    use super::*;
    use crate::{Health, Reporter};

    type Exports = Arc<Mutex<Vec<(Duration, Vec<u8>)>>>;

    struct Notes(Exports, Instant);

    impl Deliver<u8> for Notes {
        async fn deliver(&mut self, batch: Vec<u8>) -> Result<Delivered, DeliverError> {
            self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((self.1.elapsed(), batch));
            Ok(Delivered::all())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_item_waits_for_the_delay_at_most() {
        let exports = Exports::default();
        let limits = Limits::new().delay(Duration::from_secs(5)).batch_size(2);
        let health = Health::new(Reporter::silent()).exporter("test", "");
        let exporter = Notes(exports.clone(), Instant::now());
        let pipeline = Pipeline::start(&WorkerHandle::of_this_test(), health, &limits, exporter);
        tokio::time::sleep(Duration::from_secs(1)).await;
        for item in 1..=3 {
            assert_eq!(pipeline.offer(item), Ok(()));
        }
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert_eq!(
            *exports.lock().unwrap_or_else(std::sync::PoisonError::into_inner),
            [(Duration::from_secs(1), vec![1, 2]), (Duration::from_secs(5), vec![3])]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_delay_without_end_leaves_the_flush() {
        let exports = Exports::default();
        let limits = Limits::new().delay(Duration::MAX);
        let health = Health::new(Reporter::silent()).exporter("test", "");
        let exporter = Notes(exports.clone(), Instant::now());
        let pipeline = Pipeline::start(&WorkerHandle::of_this_test(), health, &limits, exporter);
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert_eq!(pipeline.offer(1), Ok(()));
        assert_eq!(pipeline.flush_async(Duration::from_secs(60)).await, Ok(()));
        assert_eq!(exports.lock().unwrap_or_else(std::sync::PoisonError::into_inner).len(), 1);
    }
}
