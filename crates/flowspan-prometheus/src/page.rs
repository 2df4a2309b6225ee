//! A page that is made when it is asked for: off the worker's thread, once for all who ask meanwhile.

use std::{
    fmt,
    io::Write,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::body::Bytes;
use flate2::{Compression, write::GzEncoder};
use tokio::{sync::watch, task::spawn_blocking, time::timeout};

/// How many requests for one page may wait at a time.
pub(crate) const IN_FLIGHT: usize = 8;
/// How long a request waits for its page.
const PATIENCE: Duration = Duration::from_secs(10);

/// Makes a page, or says why it cannot be had.
pub(crate) type Make = Box<dyn Fn() -> Result<Bytes, String> + Send + Sync>;

/// What became of a request.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// The page.
    Made(Arc<Body>),
    /// It could not be made, and why.
    Failed(Arc<str>),
    /// Not now.
    Refused,
}

/// A page as it was made, and compressed as soon as somebody asks for that.
#[derive(Debug)]
pub(crate) struct Body {
    plain: Bytes,
    gzip: OnceLock<Bytes>,
}

impl Body {
    pub(crate) fn plain(&self) -> Bytes {
        self.plain.clone()
    }

    /// As gzip, made beside the worker's thread, once for all who share the page. None if it cannot be
    /// had, because the worker ends.
    pub(crate) async fn gzip(self: Arc<Self>) -> Option<Bytes> {
        spawn_blocking(move || self.gzip.get_or_init(|| gzip(&self.plain)).clone()).await.ok()
    }
}

fn gzip(plain: &[u8]) -> Bytes {
    // Expositions repeat themselves so much that the quickest level does nearly as well as the best.
    let mut encoder = GzEncoder::new(Vec::with_capacity(plain.len() / 8), Compression::fast());
    // Nothing can go wrong when bytes are written to memory.
    let _ = encoder.write_all(plain);
    encoder.finish().unwrap_or_default().into()
}

pub(crate) struct Page {
    // Shared with the thread on which it runs.
    shared: Arc<Shared>,
    in_flight: AtomicUsize,
    patience: Duration,
}

struct Shared {
    make: Make,
    // The answer that is being made, if one is.
    under_way: Mutex<Option<watch::Receiver<Option<Answer>>>>,
}

impl Page {
    pub(crate) fn new(make: Make) -> Self {
        let shared = Shared { make, under_way: Mutex::new(None) };
        Page { shared: Arc::new(shared), in_flight: AtomicUsize::new(0), patience: PATIENCE }
    }

    /// Answers one request.
    pub(crate) async fn get(&self) -> Answer {
        let Some(_place) = Place::take(&self.in_flight) else { return Answer::Refused };
        let mut answer = self.shared.join_or_begin();
        match timeout(self.patience, answer.wait_for(Option::is_some)).await {
            Ok(Ok(answer)) => answer.clone().unwrap_or(Answer::Refused),
            // Too slow; or nobody will answer any more, because the worker ends.
            _ => Answer::Refused,
        }
    }
}

impl fmt::Debug for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Page").field("in_flight", &self.in_flight).finish_non_exhaustive()
    }
}

impl Shared {
    /// An answer that is under way is good enough: it is younger than the request is long.
    fn join_or_begin(self: &Arc<Self>) -> watch::Receiver<Option<Answer>> {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(answer) = &*under_way {
            return answer.clone();
        }
        let (sender, receiver) = watch::channel(None);
        *under_way = Some(receiver.clone());
        let shared = Arc::clone(self);
        // Ten thousand series take some milliseconds, and a callback of the program any time: the
        // worker's thread has exports to attend to.
        spawn_blocking(move || {
            let answer = shared.make();
            // First, so that whoever asks from now on gets fresh numbers.
            shared.under_way.lock().unwrap_or_else(PoisonError::into_inner).take();
            // Those who asked may have gone away.
            let _ = sender.send(Some(answer));
        });
        receiver
    }

    fn make(&self) -> Answer {
        match catch_unwind(AssertUnwindSafe(|| (self.make)())) {
            Ok(Ok(plain)) => Answer::Made(Arc::new(Body { plain, gzip: OnceLock::new() })),
            Ok(Err(why)) => Answer::Failed(why.into()),
            Err(_panic) => Answer::Failed("what makes this page panicked".into()),
        }
    }
}

/// One of the requests that may wait.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(in_flight: &'a AtomicUsize) -> Option<Self> {
        let free = |taken| (taken < IN_FLIGHT).then_some(taken + 1);
        in_flight.fetch_update(Ordering::Relaxed, Ordering::Relaxed, free).ok().map(|_| Place(in_flight))
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Barrier, mpsc};

    use super::*;

    fn page(make: impl Fn() -> Result<Bytes, String> + Send + Sync + 'static) -> Page {
        Page::new(Box::new(make))
    }

    #[tokio::test]
    async fn a_panic_costs_one_request() {
        let (send, tell) = mpsc::channel::<bool>();
        let tell = Mutex::new(tell);
        let page = page(move || {
            let panics = tell.lock().unwrap_or_else(PoisonError::into_inner).recv().expect("the test says");
            assert!(!panics, "on purpose");
            Ok("fine".into())
        });
        send.send(true).expect("the page listens");
        assert!(matches!(page.get().await, Answer::Failed(why) if why.contains("panicked")));
        send.send(false).expect("the page listens");
        assert!(matches!(page.get().await, Answer::Made(body) if body.plain() == "fine"));
    }

    #[tokio::test]
    async fn requests_that_come_together_share_one_answer_and_the_ninth_is_refused() {
        let gate = Arc::new(Barrier::new(2));
        let made = Arc::new(AtomicUsize::new(0));
        let page = Arc::new(page({
            let (gate, made) = (gate.clone(), made.clone());
            move || {
                made.fetch_add(1, Ordering::Relaxed);
                gate.wait();
                Ok("fine".into())
            }
        }));
        let waiting: Vec<_> = (0..IN_FLIGHT)
            .map(|_| {
                let page = page.clone();
                tokio::spawn(async move { page.get().await })
            })
            .collect();
        while page.in_flight.load(Ordering::Relaxed) < IN_FLIGHT {
            tokio::task::yield_now().await;
        }
        assert!(matches!(page.get().await, Answer::Refused));
        spawn_blocking(move || gate.wait()).await.expect("no panic");
        let mut compressed = Vec::new();
        for answer in waiting {
            let Answer::Made(body) = answer.await.expect("no panic") else { panic!("it was made") };
            compressed.push(body.gzip().await.expect("the runtime lives").as_ptr());
        }
        assert_eq!(made.load(Ordering::Relaxed), 1);
        assert_eq!(page.in_flight.load(Ordering::Relaxed), 0);
        compressed.dedup();
        assert_eq!(compressed.len(), 1, "they share the compressed form, too");
    }

    #[tokio::test]
    async fn a_page_that_hangs_is_not_waited_for() {
        let gate = Arc::new(Barrier::new(2));
        let hangs = gate.clone();
        let mut page = page(move || {
            hangs.wait();
            Ok("late".into())
        });
        page.patience = Duration::ZERO;
        assert!(matches!(page.get().await, Answer::Refused));
        gate.wait();
    }
}
