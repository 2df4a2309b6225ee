//! What is gathered and exported again and again, such as metrics.

use std::fmt;
use std::future::Future;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant as Clock};

use tokio::sync::Notify;

use crate::due::due_in;
use crate::pipeline::{end_unless, tell};
use crate::{
    Account, DeliverError, Delivered, DropReason, ExporterHealth, FlushError, Ledger, Shutdown, WorkerHandle,
    attempt, off_thread,
};

/// Gathers a state and sends it somewhere.
pub trait Gather: Send + 'static {
    /// What was gathered.
    type Batch: Send;

    /// Gathers the state as it is now, and says how many items it is.
    ///
    /// # Errors
    ///
    /// Nothing could be gathered: reported, and nothing counts as created.
    fn gather(&mut self) -> impl Future<Output = Result<(Self::Batch, u64), DeliverError>> + Send;

    /// Sends what was gathered, and answers once it is certain what became of it.
    ///
    /// # Errors
    ///
    /// Nothing of it arrived.
    fn deliver(&mut self, batch: Self::Batch)
    -> impl Future<Output = Result<Delivered, DeliverError>> + Send;

    /// Ends: sends what it still holds back itself. Called once at most, after the last delivery, if the deadline of
    /// the shutdown leaves time for it. Default: nothing is left to do.
    ///
    /// # Errors
    ///
    /// Something that it held back did not arrive, or nobody knows: told, and not counted.
    fn end(&mut self) -> impl Future<Output = Result<(), DeliverError>> + Send {
        async { Ok(()) }
    }
}

/// Gathers and exports on the [`Worker`](crate::Worker): every interval, on `flush`, and once more on
/// `shutdown`. Clones are the same cycle.
#[derive(Clone)]
pub struct Periodic {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    progress: Condvar,
    work: Notify,
    abort: Notify,
}

#[derive(Default)]
struct State {
    /// How many cycles have begun, and how many of them have ended.
    begun: u64,
    ended: u64,
    /// Cycles up to this one are wanted now.
    wanted: u64,
    /// Cycles of which not everything arrived.
    failed: u64,
    in_flight: u64,
    is_draining: bool,
    is_closed: bool,
    ledger: Ledger,
}

impl Periodic {
    /// Starts a cycle on this worker. Gathering and exporting may take `timeout` each.
    pub fn start(
        worker: &WorkerHandle,
        health: ExporterHealth,
        interval: Duration,
        timeout: Duration,
        gatherer: impl Gather,
    ) -> Self {
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            progress: Condvar::new(),
            work: Notify::new(),
            abort: Notify::new(),
        });
        let driver = Driver { closing: CloseOnDrop(shared.clone()), health, interval, timeout, gatherer };
        worker.spawn(driver.run());
        Periodic { shared }
    }

    /// Gathers and exports now. Blocks the calling thread, for `timeout` at most.
    ///
    /// # Errors
    ///
    /// The export failed, the time was too short, or the cycle was shut down before.
    pub fn flush(&self, timeout: Duration) -> Result<(), FlushError> {
        self.begin_flush()(timeout)
    }

    /// Asks for an export, and answers with the wait for it.
    pub fn begin_flush(&self) -> impl FnOnce(Duration) -> Result<(), FlushError> + Send + use<> {
        let shared = self.shared.clone();
        let (target, lost, failed, was_closed) = {
            let mut state = shared.state();
            // A cycle that has begun may have gathered before now: only the next one will do.
            let target = state.begun + 1;
            state.wanted = state.wanted.max(target);
            (target, state.lost(), state.failed, state.is_closed)
        };
        shared.work.notify_one();
        move |timeout| {
            if was_closed {
                return Err(FlushError::Closed);
            }
            if !shared.wait(target, timeout) {
                return Err(FlushError::TimedOut { timeout, waiting: shared.account().queued });
            }
            let state = shared.state();
            if state.failed == failed { Ok(()) } else { Err(FlushError::Lost { items: state.lost() - lost }) }
        }
    }

    /// [`flush`](Self::flush) for async code: blocks no thread of the caller's executor.
    ///
    /// # Errors
    ///
    /// As `flush`.
    pub async fn flush_async(&self, timeout: Duration) -> Result<(), FlushError> {
        let cycle = self.clone();
        off_thread(move || cycle.flush(timeout))
            .await
            .unwrap_or(Err(FlushError::TimedOut { timeout, waiting: self.account().queued }))
    }

    /// Gathers and exports a last time. Blocks the calling thread, for `timeout` at most: then the
    /// export under way is cancelled and counted. A second shutdown changes nothing.
    pub fn shutdown(&self, timeout: Duration) -> Shutdown {
        self.begin_shutdown()(timeout)
    }

    /// Begins the last export, and answers with the wait for it.
    pub fn begin_shutdown(&self) -> impl FnOnce(Duration) -> Shutdown + Send + use<> {
        let shared = self.shared.clone();
        let lost = {
            let mut state = shared.state();
            state.is_draining = true;
            state.lost()
        };
        shared.work.notify_one();
        move |timeout| {
            let timed_out = !shared.wait(u64::MAX, timeout);
            if timed_out {
                shared.close();
            }
            let state = shared.state();
            Shutdown { account: state.ledger.account(state.in_flight), lost: state.lost() - lost, timed_out }
        }
    }

    /// [`shutdown`](Self::shutdown) for async code: blocks no thread of the caller's executor.
    pub async fn shutdown_async(&self, timeout: Duration) -> Shutdown {
        let cycle = self.clone();
        match off_thread(move || cycle.shutdown(timeout)).await {
            Some(shutdown) => shutdown,
            None => self.shutdown(Duration::ZERO),
        }
    }

    /// What became of what was gathered so far. It balances at every moment.
    pub fn account(&self) -> Account {
        self.shared.account()
    }
}

impl fmt::Debug for Periodic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Periodic").field(&self.account()).finish()
    }
}

impl State {
    fn lost(&self) -> u64 {
        DropReason::ALL.iter().map(|reason| self.ledger.dropped_for(*reason)).sum()
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn account(&self) -> Account {
        let state = self.state();
        state.ledger.account(state.in_flight)
    }

    fn wait(&self, target: u64, timeout: Duration) -> bool {
        let start = Clock::now();
        let mut state = self.state();
        while state.ended < target && !state.is_closed {
            let Some(left) = timeout.checked_sub(start.elapsed()).filter(|left| !left.is_zero()) else {
                return false;
            };
            state = self.progress.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    fn begin(&self) {
        self.state().begun += 1;
    }

    fn gathered(&self, items: u64) {
        let mut state = self.state();
        if state.is_closed {
            return;
        }
        state.ledger.created(items);
        state.in_flight = items;
    }

    fn end(&self, result: &Result<Delivered, DeliverError>) {
        let mut state = self.state();
        if state.is_closed {
            return; // It came too late: it is accounted for as dropped at shutdown.
        }
        let items = std::mem::take(&mut state.in_flight);
        match result {
            Ok(delivered) => {
                delivered.enter(items, &mut state.ledger);
                state.failed += u64::from(delivered.lost() > 0);
            }
            Err(error) => {
                state.ledger.dropped(error.reason, items);
                state.failed += 1;
            }
        }
        state.ended = state.begun;
        drop(state);
        self.progress.notify_all();
    }

    fn close(&self) {
        let mut state = self.state();
        let left = std::mem::take(&mut state.in_flight);
        state.ledger.dropped(DropReason::Shutdown, left);
        state.is_closed = true;
        drop(state);
        self.progress.notify_all();
        self.abort.notify_one();
    }
}

struct Driver<G> {
    closing: CloseOnDrop,
    health: ExporterHealth,
    interval: Duration,
    timeout: Duration,
    gatherer: G,
}

impl<G: Gather> Driver<G> {
    async fn run(mut self) {
        let shared = self.closing.0.clone();
        let mut due = due_in(self.interval);
        loop {
            let (is_last, is_wanted) = {
                let state = shared.state();
                if state.is_closed {
                    return;
                }
                (state.is_draining, state.wanted > state.begun)
            };
            if !(is_last || is_wanted) && tokio::time::timeout_at(due, shared.work.notified()).await.is_ok() {
                continue;
            }
            due = due_in(self.interval);
            shared.begin();
            let result = tokio::select! {
                biased;
                () = shared.abort.notified() => return,
                result = self.cycle(&shared) => result,
            };
            // Told first: who waits for the flush then sees how the exporter does. A cycle in which there
            // was nothing to send says nothing about the exporter.
            if !matches!(result, Ok(None)) {
                tell(&self.health, &result.clone().map(Option::unwrap_or_default));
            }
            shared.end(&result.map(Option::unwrap_or_default));
            if is_last {
                let end = attempt(self.timeout, async { self.gatherer.end().await });
                return end_unless(&shared.abort, end, &self.health).await;
            }
        }
    }

    /// `None` if there was nothing to send.
    async fn cycle(&mut self, shared: &Shared) -> Result<Option<Delivered>, DeliverError> {
        let (batch, items) = attempt(self.timeout, async { self.gatherer.gather().await }).await?;
        shared.gathered(items);
        if items == 0 {
            return Ok(None);
        }
        attempt(self.timeout, async { self.gatherer.deliver(batch).await }).await.map(Some)
    }
}

struct CloseOnDrop(Arc<Shared>);

impl Drop for CloseOnDrop {
    fn drop(&mut self) {
        self.0.close();
    }
}
