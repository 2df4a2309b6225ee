//! The bounded queue and its ledger, under one lock.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::{Account, DeliverError, Delivered, DropReason, Ledger, Limits, MAX_QUEUE_CAPACITY};

/// The queue between those who offer and the one who exports.
///
/// Why a mutex and not a lock-free queue: the queue, the ledger and the phase must change together
/// for the account to balance at every moment. The lock is held for the move of one item, or for
/// the swap of two buffers: never for a copy of a batch, never across I/O, a wake-up or the drop
/// of an item.
pub(crate) struct Queue<T> {
    state: Mutex<State<T>>,
    /// Told when batches finish and when the queue closes.
    progress: Condvar,
    /// Told when there is something for the exporter to do.
    pub(crate) work: Notify,
    /// Told when the export under way is no longer wanted.
    pub(crate) abort: Notify,
    capacity: usize,
    max_bytes: usize,
    batch: usize,
    weigh: fn(&T) -> usize,
}

struct State<T> {
    /// What waits.
    items: VecDeque<T>,
    /// Items that the exporter has taken out of `items` but not begun to export.
    taken: usize,
    /// Items of the export under way.
    in_flight: usize,
    /// How many bytes all of these take.
    bytes: usize,
    /// How many of the bytes are those of the export under way.
    bytes_in_flight: usize,
    phase: Phase,
    /// How many items were ever accepted.
    accepted: u64,
    /// How many of the accepted have met their end. They do so in the order of their acceptance.
    finished: u64,
    /// Export without waiting for company up to this many accepted items.
    wanted: u64,
    ledger: Ledger,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Open,
    /// Offers are refused, what waits goes out.
    Draining,
    Closed,
}

/// What the exporter shall do.
pub(crate) enum Step<T> {
    Export(Vec<T>),
    Wait,
    /// Everything has been exported, and nothing more comes.
    End,
    /// It was closed.
    Stop,
}

/// Where a flush or a shutdown began.
#[derive(Clone, Copy)]
pub(crate) struct Mark {
    target: u64,
    lost_before: u64,
}

impl<T> State<T> {
    fn waiting(&self) -> usize {
        self.items.len() + self.taken
    }

    /// Losses of items that had been accepted.
    fn lost(&self) -> u64 {
        [
            DropReason::ExportFailed,
            DropReason::ExportTimeout,
            DropReason::Rejected,
            DropReason::Shutdown,
            DropReason::ExporterPanicked,
        ]
        .iter()
        .map(|reason| self.ledger.dropped_for(*reason))
        .sum()
    }
}

impl<T> Queue<T> {
    pub(crate) fn new(limits: &Limits, weigh: fn(&T) -> usize) -> Self {
        let capacity = limits.queue_capacity.clamp(1, MAX_QUEUE_CAPACITY);
        Queue {
            state: Mutex::new(State {
                items: VecDeque::with_capacity(capacity),
                taken: 0,
                in_flight: 0,
                bytes: 0,
                bytes_in_flight: 0,
                phase: Phase::Open,
                accepted: 0,
                finished: 0,
                wanted: 0,
                ledger: Ledger::default(),
            }),
            progress: Condvar::new(),
            work: Notify::new(),
            abort: Notify::new(),
            capacity,
            max_bytes: limits.queue_bytes,
            // A batch that the queue cannot hold would never be full.
            batch: limits.batch_size.clamp(1, capacity),
            weigh,
        }
    }

    /// A buffer that holds as much as the queue.
    pub(crate) fn buffer(&self) -> VecDeque<T> {
        VecDeque::with_capacity(self.capacity)
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes an item in, or counts it as dropped.
    pub(crate) fn offer(&self, item: T) -> Result<(), DropReason> {
        let bytes = (self.weigh)(&item);
        let mut state = self.state();
        state.ledger.created(1);
        let has_room = state.waiting() < self.capacity && bytes <= self.max_bytes.saturating_sub(state.bytes);
        let refusal = match state.phase {
            Phase::Open if has_room => None,
            Phase::Open => Some(DropReason::QueueFull),
            Phase::Draining | Phase::Closed => Some(DropReason::AfterShutdown),
        };
        if let Some(reason) = refusal {
            state.ledger.dropped(reason, 1);
            drop(state);
            drop(item);
            return Err(reason);
        }
        state.items.push_back(item);
        state.accepted += 1;
        let was_half_full = state.bytes > self.max_bytes / 2;
        state.bytes += bytes;
        // Few large items are as good a reason to go out as many small ones.
        let is_batch = state.waiting() == self.batch || (!was_half_full && state.bytes > self.max_bytes / 2);
        drop(state);
        if is_batch {
            self.work.notify_one();
        }
        Ok(())
    }

    /// What to do next. `backlog` is the exporter's own buffer, swapped with the queue's.
    pub(crate) fn next(&self, backlog: &mut VecDeque<T>) -> Step<T> {
        let size = {
            let mut state = self.state();
            if state.phase == Phase::Closed {
                return Step::Stop;
            }
            if backlog.is_empty() {
                std::mem::swap(backlog, &mut state.items);
                state.taken = backlog.len();
            }
            if backlog.is_empty() && state.phase == Phase::Draining {
                return Step::End;
            }
            let is_wanted = state.phase == Phase::Draining || state.finished < state.wanted;
            let is_much = state.waiting() >= self.batch || state.bytes > self.max_bytes / 2;
            if backlog.is_empty() || !(is_wanted || is_much) {
                return Step::Wait;
            }
            let size = backlog.len().min(self.batch);
            state.taken -= size;
            state.in_flight = size;
            size
        };
        let batch: Vec<T> = backlog.drain(..size).collect();
        // What waits does not change, so it weighs what it weighed when it came.
        let bytes = batch.iter().map(self.weigh).sum();
        self.state().bytes_in_flight = bytes;
        Step::Export(batch)
    }

    /// The export of a batch ended so.
    pub(crate) fn finish(&self, result: &Result<Delivered, DeliverError>) {
        let mut state = self.state();
        // Nothing, if the queue was closed meanwhile: then the batch is accounted for already.
        let size = std::mem::take(&mut state.in_flight) as u64;
        state.bytes -= std::mem::take(&mut state.bytes_in_flight).min(state.bytes);
        match result {
            Ok(delivered) => delivered.enter(size, &mut state.ledger),
            Err(error) => state.ledger.dropped(error.reason, size),
        }
        state.finished += size;
        drop(state);
        self.progress.notify_all();
    }

    /// Asks for everything accepted so far to go out now.
    pub(crate) fn want_all(&self) -> Mark {
        let mut state = self.state();
        state.wanted = state.accepted;
        let mark = Mark { target: state.accepted, lost_before: state.lost() };
        let is_done = state.finished >= mark.target;
        drop(state);
        if !is_done {
            self.work.notify_one();
        }
        mark
    }

    /// Refuses offers from now on and asks for everything to go out.
    pub(crate) fn drain(&self) -> Mark {
        let mut state = self.state();
        if state.phase == Phase::Open {
            state.phase = Phase::Draining;
        }
        let mark = Mark { target: u64::MAX, lost_before: state.lost() };
        drop(state);
        self.work.notify_one();
        mark
    }

    /// Waits until everything before the mark has met its end, or the queue is closed; `false` if
    /// the timeout comes first.
    pub(crate) fn wait(&self, mark: Mark, timeout: Duration) -> bool {
        let start = Instant::now();
        let mut state = self.state();
        loop {
            if state.finished >= mark.target || state.phase == Phase::Closed {
                return true;
            }
            let Some(left) = timeout.checked_sub(start.elapsed()).filter(|left| !left.is_zero()) else {
                return false;
            };
            state = self.progress.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Ends it: what waits and what is on its way counts as dropped at shutdown.
    pub(crate) fn close(&self) {
        let mut state = self.state();
        let items = std::mem::take(&mut state.items);
        let left = (items.len() + state.taken + state.in_flight) as u64;
        state.taken = 0;
        state.in_flight = 0;
        state.bytes = 0;
        state.bytes_in_flight = 0;
        state.ledger.dropped(DropReason::Shutdown, left);
        state.finished += left;
        state.phase = Phase::Closed;
        self.progress.notify_all();
        drop(state);
        drop(items);
        self.abort.notify_one();
        self.work.notify_one();
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.state().phase == Phase::Closed
    }

    pub(crate) fn account(&self) -> Account {
        let state = self.state();
        state.ledger.account((state.waiting() + state.in_flight) as u64)
    }

    /// How many accepted items were lost since the mark.
    pub(crate) fn lost_since(&self, mark: Mark) -> u64 {
        self.state().lost().saturating_sub(mark.lost_before)
    }

    pub(crate) fn overflowed(&self) -> u64 {
        self.state().ledger.dropped_for(DropReason::QueueFull)
    }
}
