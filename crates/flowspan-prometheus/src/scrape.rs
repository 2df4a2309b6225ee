//! Collecting metrics: off the worker's thread, once for all who ask meanwhile.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::body::Bytes;
use flowspan_runtime::ExporterHealth;
use prometheus::proto::MetricFamily;
use tokio::{sync::watch, time::timeout};

use crate::{exposition, stats::Counters};

/// How many scrapes may wait at a time.
pub(crate) const IN_FLIGHT: usize = 8;
/// How long a scrape waits for its metrics.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where the metrics come from.
pub(crate) type Source = Box<dyn Fn() -> Vec<MetricFamily> + Send + Sync>;

/// What became of a scrape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Scrape {
    /// The exposition.
    Metrics(Bytes),
    /// Metrics could not be collected, and why.
    Failed(&'static str),
    /// Not now.
    Refused,
}

pub(crate) struct Scraper {
    source: Source,
    health: ExporterHealth,
    counters: Arc<Counters>,
    in_flight: AtomicUsize,
    // The answer that is being made, if one is.
    under_way: Mutex<Option<watch::Receiver<Option<Scrape>>>>,
    has_panicked: AtomicBool,
    patience: Duration,
}

impl Scraper {
    pub(crate) fn new(source: Source, health: ExporterHealth, counters: Arc<Counters>) -> Self {
        Scraper {
            source,
            health,
            counters,
            in_flight: AtomicUsize::new(0),
            under_way: Mutex::new(None),
            has_panicked: AtomicBool::new(false),
            patience: PATIENCE,
        }
    }

    /// Answers one scrape.
    pub(crate) async fn scrape(self: &Arc<Self>) -> Scrape {
        let answer = match Place::take(&self.in_flight) {
            Some(_place) => self.wait().await,
            None => Scrape::Refused,
        };
        Counters::add(match answer {
            Scrape::Metrics(_) => &self.counters.answered,
            Scrape::Failed(_) => &self.counters.failed,
            Scrape::Refused => &self.counters.refused,
        });
        answer
    }

    async fn wait(self: &Arc<Self>) -> Scrape {
        let mut answer = self.join_or_begin();
        match timeout(self.patience, answer.wait_for(Option::is_some)).await {
            Ok(Ok(answer)) => answer.clone().unwrap_or(Scrape::Refused),
            // Too slow; or nobody will answer any more, because the worker ends.
            _ => Scrape::Refused,
        }
    }

    /// A gathering that is under way is good enough: it is younger than the request is long.
    fn join_or_begin(self: &Arc<Self>) -> watch::Receiver<Option<Scrape>> {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(answer) = &*under_way {
            return answer.clone();
        }
        let (sender, receiver) = watch::channel(None);
        *under_way = Some(receiver.clone());
        let scraper = Arc::clone(self);
        // Ten thousand series take some ten milliseconds, and a callback of the program any time: the
        // worker's thread has exports to attend to.
        tokio::task::spawn_blocking(move || {
            let answer = scraper.gather();
            // First, so that whoever asks from now on gets fresh numbers.
            scraper.under_way.lock().unwrap_or_else(PoisonError::into_inner).take();
            // Those who asked may have gone away.
            let _ = sender.send(Some(answer));
        });
        receiver
    }

    fn gather(&self) -> Scrape {
        let gathered = catch_unwind(AssertUnwindSafe(|| {
            let families = (self.source)();
            (families.is_empty(), exposition::write(families))
        }));
        match gathered {
            Err(_panic) => {
                self.has_panicked.store(true, Ordering::Relaxed);
                self.fail("a callback panicked while metrics were collected")
            }
            // After a panic under its lock the SDK collects nothing any more. Nothing at all, not even
            // the description of the program, would look as if all were well.
            Ok((true, _)) if self.has_panicked.load(Ordering::Relaxed) => {
                self.fail("the OpenTelemetry SDK collects no metrics any more since a callback panicked")
            }
            Ok((_, Err(_))) => self.fail("the metrics cannot be written as text"),
            Ok((_, Ok((text, findings)))) => {
                self.counters.mended.store(findings.mended, Ordering::Relaxed);
                self.counters.dropped.store(findings.dropped, Ordering::Relaxed);
                self.health.succeeded();
                Scrape::Metrics(text.into())
            }
        }
    }

    fn fail(&self, why: &'static str) -> Scrape {
        self.health.failed(why);
        Scrape::Failed(why)
    }
}

/// One of the scrapes that may wait.
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

    use flowspan_runtime::{Health, Reporter};

    use super::*;

    fn family(name: &str) -> Vec<MetricFamily> {
        let registry = prometheus::Registry::new();
        let counter = prometheus::Counter::new(name, "Help.").expect("a good name");
        registry.register(Box::new(counter)).expect("a fresh registry");
        registry.gather()
    }

    fn scraper(source: impl Fn() -> Vec<MetricFamily> + Send + Sync + 'static) -> (Arc<Scraper>, Health) {
        let health = Health::new(Reporter::silent());
        let scraper = Scraper::new(Box::new(source), health.exporter("prometheus", ""), Arc::default());
        (Arc::new(scraper), health)
    }

    #[tokio::test]
    async fn a_panic_costs_one_scrape() {
        let (send, tell) = mpsc::channel::<bool>();
        let tell = Mutex::new(tell);
        let (scraper, health) = scraper(move || {
            let panics = tell.lock().unwrap_or_else(PoisonError::into_inner).recv().expect("the test says");
            assert!(!panics, "on purpose");
            family("fine")
        });
        send.send(true).expect("the source listens");
        assert!(matches!(scraper.scrape().await, Scrape::Failed(_)));
        assert!(!health.works());
        send.send(false).expect("the source listens");
        assert!(matches!(scraper.scrape().await, Scrape::Metrics(_)));
        assert!(health.works());
        let stats = scraper.counters.snapshot();
        assert_eq!((stats.answered, stats.failed), (1, 1));
    }

    #[tokio::test]
    async fn nothing_at_all_after_a_panic_is_a_failure() {
        let first = AtomicBool::new(true);
        let (scraper, _) = scraper(move || {
            assert!(!first.swap(false, Ordering::Relaxed), "on purpose");
            Vec::new()
        });
        assert!(matches!(scraper.scrape().await, Scrape::Failed(_)));
        assert!(matches!(scraper.scrape().await, Scrape::Failed(why) if why.contains("any more")));
    }

    #[tokio::test]
    async fn scrapes_that_come_together_share_one_gathering_and_the_ninth_is_refused() {
        let gate = Arc::new(Barrier::new(2));
        let gathered = Arc::new(AtomicUsize::new(0));
        let (scraper, _) = scraper({
            let (gate, gathered) = (gate.clone(), gathered.clone());
            move || {
                gathered.fetch_add(1, Ordering::Relaxed);
                gate.wait();
                family("fine")
            }
        });
        let waiting: Vec<_> = (0..IN_FLIGHT)
            .map(|_| {
                let scraper = scraper.clone();
                tokio::spawn(async move { scraper.scrape().await })
            })
            .collect();
        while scraper.in_flight.load(Ordering::Relaxed) < IN_FLIGHT {
            tokio::task::yield_now().await;
        }
        assert_eq!(scraper.scrape().await, Scrape::Refused);
        tokio::task::spawn_blocking(move || gate.wait()).await.expect("no panic");
        for answer in waiting {
            assert!(matches!(answer.await.expect("no panic"), Scrape::Metrics(_)));
        }
        assert_eq!(gathered.load(Ordering::Relaxed), 1);
        assert_eq!(scraper.in_flight.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn a_gathering_that_hangs_is_not_waited_for() {
        let gate = Arc::new(Barrier::new(2));
        let hangs = gate.clone();
        let health = Health::new(Reporter::silent());
        let source = move || {
            hangs.wait();
            family("late")
        };
        let mut scraper = Scraper::new(Box::new(source), health.exporter("prometheus", ""), Arc::default());
        scraper.patience = Duration::ZERO;
        assert_eq!(Arc::new(scraper).scrape().await, Scrape::Refused);
        gate.wait();
    }
}
