//! The program's own function.

use std::{
    cell::Cell,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc::{RecvTimeoutError, SyncSender, TrySendError, sync_channel},
    },
    thread,
};

use super::Deadline;
use crate::Refusal;

/// A function of the program's own, on a thread of its own: nobody waits for it longer than the deadline,
/// and one that never returns costs this thread and nothing else. While it is stuck, everything is refused
/// at once; when it comes back, it is asked again.
///
/// The thread is started with the first value.
pub(super) struct Own {
    redact: Arc<dyn Fn(&str) -> String + Send + Sync>,
    thread: Mutex<Option<Thread>>,
    /// The last job that somebody no longer waits for.
    given_up: AtomicU64,
    /// The last job that is done.
    finished: Arc<AtomicU64>,
}

/// The thread, as those see it who have something for it.
struct Thread {
    jobs: SyncSender<Job>,
    /// How many jobs it was given, and so the number of the last one.
    given: u64,
}

/// How many values may wait for the thread.
const MOST_WAITING: usize = 64;

struct Job {
    number: u64,
    texts: Vec<String>,
    done: SyncSender<Answer>,
}

type Answer = Result<Vec<String>, Refusal>;

thread_local! {
    static IS_OWN_THREAD: Cell<bool> = const { Cell::new(false) };
}

impl Own {
    pub(super) fn new(redact: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        Own {
            redact: Arc::new(redact),
            thread: Mutex::default(),
            given_up: AtomicU64::new(0),
            finished: Arc::default(),
        }
    }

    /// What the function makes of each of these texts.
    pub(super) fn redact(&self, texts: Vec<String>, deadline: &Deadline) -> Result<Vec<String>, Refusal> {
        // A function that itself makes spans with content would wait for itself.
        let waits_for_itself = IS_OWN_THREAD.with(Cell::get);
        if waits_for_itself || self.is_stuck() {
            return Err(Refusal::RedactorTooSlow);
        }
        let left = deadline.left()?;
        let (done, result) = sync_channel(1);
        let number = self.give(texts, done)?;
        result.recv_timeout(left).unwrap_or_else(|error| match error {
            RecvTimeoutError::Timeout => {
                self.given_up.fetch_max(number, Ordering::AcqRel);
                Err(Refusal::RedactorTooSlow)
            }
            RecvTimeoutError::Disconnected => Err(Refusal::RedactorPanicked),
        })
    }

    /// Whether the thread is still at something that nobody waits for.
    fn is_stuck(&self) -> bool {
        self.given_up.load(Ordering::Acquire) > self.finished.load(Ordering::Acquire)
    }

    /// Gives the thread something to do, and says which number it has.
    fn give(&self, texts: Vec<String>, done: SyncSender<Answer>) -> Result<u64, Refusal> {
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        let thread = match &mut *thread {
            Some(thread) => thread,
            none => none.insert(self.start()?),
        };
        let number = thread.given + 1;
        thread.jobs.try_send(Job { number, texts, done }).map_err(|error| match error {
            TrySendError::Full(_) => Refusal::RedactorTooSlow,
            TrySendError::Disconnected(_) => Refusal::RedactorPanicked,
        })?;
        thread.given = number;
        Ok(number)
    }

    fn start(&self) -> Result<Thread, Refusal> {
        let (jobs, receiver) = sync_channel::<Job>(MOST_WAITING);
        let (redact, finished) = (self.redact.clone(), self.finished.clone());
        let work = move || {
            IS_OWN_THREAD.with(|own| own.set(true));
            while let Ok(job) = receiver.recv() {
                let each = || job.texts.iter().map(|text| redact(text)).collect();
                let answer = catch_unwind(AssertUnwindSafe(each)).map_err(|_| Refusal::RedactorPanicked);
                finished.store(job.number, Ordering::Release);
                // Nobody is there any more if the deadline was over.
                let _ = job.done.send(answer);
            }
        };
        // Without a thread there is nobody to ask, so nothing is shown.
        thread::Builder::new()
            .name("flowspan-redact".to_owned())
            .spawn(work)
            .map_err(|_| Refusal::RedactorTooSlow)?;
        Ok(Thread { jobs, given: 0 })
    }
}
