//! Which exporters work, and telling it once when one does not.

use std::fmt;
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

/// The state of every exporter. Clones are the same registry.
#[derive(Clone, Debug, Default)]
pub struct Health {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    reporter: Reporter,
    exporters: Mutex<Vec<Arc<Entry>>>,
    bounded: Mutex<Option<Watch<BoundedLabel>>>,
    unpriced: Mutex<Option<Watch<UnpricedModel>>>,
    counts: Mutex<Vec<(&'static str, Counts)>>,
}

/// Who knows some counts.
#[derive(Clone)]
struct Counts(Arc<dyn Fn() -> Vec<(&'static str, u64)> + Send + Sync>);

impl fmt::Debug for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Counts")
    }
}

/// Who knows what there is to tell.
struct Watch<T>(Arc<dyn Fn() -> Vec<T> + Send + Sync>);

impl<T> Watch<T> {
    fn ask(watch: &Mutex<Option<Self>>) -> Vec<T> {
        // Asked without the lock: whoever is asked may look at the health.
        let source = locked(watch).as_ref().map(|watch| Arc::clone(&watch.0));
        source.map(|source| source()).unwrap_or_default()
    }
}

impl<T> fmt::Debug for Watch<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watch")
    }
}

/// A label of a metric whose values had to be bounded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoundedLabel {
    /// The metric.
    pub metric: String,
    /// The label.
    pub label: String,
    /// How many measurements went to `other`, or to a value that was cut.
    pub measurements: u64,
}

/// A model whose calls have no cost, because no price of it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnpricedModel {
    /// The provider, if the calls named one.
    pub provider: Option<String>,
    /// The model.
    pub model: String,
    /// How many of its calls have no cost.
    pub calls: u64,
}

#[derive(Debug)]
struct Entry {
    name: String,
    advice: String,
    episode: Mutex<Episode>,
}

#[derive(Debug)]
struct Episode {
    status: ExporterStatus,
    is_overflowing: bool,
}

/// How an exporter does.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExporterStatus {
    /// It had nothing to send yet.
    Idle,
    /// What it sent last arrived.
    Ok,
    /// What it sent last did not arrive.
    Failing {
        /// When the first export of this episode failed.
        since: SystemTime,
        /// How many exports failed in a row.
        failures: u64,
        /// Why the last one failed; holds no secrets.
        last_error: String,
    },
}

/// An exporter and how it does.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExporterState {
    /// Its name, such as `otlp.traces`.
    pub name: String,
    /// How it does.
    pub status: ExporterStatus,
}

impl ExporterState {
    /// Whether it does not fail.
    pub fn works(&self) -> bool {
        !matches!(self.status, ExporterStatus::Failing { .. })
    }
}

/// Something that a person should hear about, once.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Report {
    /// An exporter began to fail.
    Failing {
        /// Its name.
        exporter: String,
        /// What is wrong.
        error: String,
        /// What can be done about it.
        advice: String,
    },
    /// An exporter works again.
    Recovered {
        /// Its name.
        exporter: String,
        /// How many exports failed in between.
        failures: u64,
    },
    /// A label had more values than it may have: from now on the others are counted as `other`.
    LabelBounded {
        /// The metric in which it happened first.
        metric: String,
        /// The label.
        label: String,
        /// How many values it may have.
        limit: usize,
    },
    /// Content is wanted, and nobody takes what it may stand on: it goes nowhere.
    ContentUntaken {
        /// What it may stand on: `spans`, `log records` or `spans or log records`.
        carriers: &'static str,
    },
    /// More is produced than an exporter can send, and its queue is full.
    Overflowing {
        /// Its name.
        exporter: String,
        /// How many items were dropped for it so far.
        dropped: u64,
    },
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Report::Failing { exporter, error, advice } => {
                write!(
                    f,
                    "flowspan: {exporter} fails: {error}; the program goes on, what is lost is counted"
                )?;
                if advice.is_empty() { Ok(()) } else { write!(f, " ({advice})") }
            }
            Report::Recovered { exporter, failures } => {
                write!(f, "flowspan: {exporter} works again after {failures} failed exports")
            }
            Report::LabelBounded { metric, label, limit } => write!(
                f,
                "flowspan: values of the label {label} (limit {limit}) are counted as \"other\" from now on, first in \
                 {metric}; a policy or a higher limit for the label would help"
            ),
            Report::ContentUntaken { carriers } => write!(
                f,
                "flowspan: content is wanted on {carriers}, and no output takes {carriers}: it goes nowhere (add one \
                 that does, such as OTLP; or say by content.capture what it shall stand on; or switch content off)"
            ),
            Report::Overflowing { exporter, dropped } => write!(
                f,
                "flowspan: the queue of {exporter} is full, {dropped} items were dropped so far (a larger queue or \
                 a faster receiver would help)"
            ),
        }
    }
}

/// Where reports go. Called on flowspan's thread, once per episode; it must not wait for anything.
#[derive(Clone)]
pub struct Reporter(Option<Arc<Tell>>);

type Tell = dyn Fn(&Report) + Send + Sync;

impl Reporter {
    /// Reports go to this function. If it panics, that report is lost.
    pub fn new(report: impl Fn(&Report) + Send + Sync + 'static) -> Self {
        Reporter(Some(Arc::new(report)))
    }

    /// One line on standard error per report: the default.
    pub fn stderr() -> Self {
        // A closed standard error is no reason to fail.
        Reporter::new(|report| drop(writeln!(std::io::stderr(), "{report}")))
    }

    /// Reports go nowhere; [`Health::exporters`] still tells.
    pub fn silent() -> Self {
        Reporter(None)
    }

    fn report(&self, report: &Report) {
        if let Some(tell) = &self.0 {
            // The program's own function must not stop an exporter.
            let _ = catch_unwind(AssertUnwindSafe(|| tell(report)));
        }
    }
}

impl Default for Reporter {
    fn default() -> Self {
        Reporter::stderr()
    }
}

impl fmt::Debug for Reporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reporter")
    }
}

impl Health {
    /// A registry whose reports go there.
    pub fn new(reporter: Reporter) -> Self {
        Health { inner: Arc::new(Inner { reporter, ..Inner::default() }) }
    }

    /// Adds an exporter. `advice` says what to do when it fails, such as which setting to look at.
    pub fn exporter(&self, name: impl Into<String>, advice: impl Into<String>) -> ExporterHealth {
        let entry = Arc::new(Entry {
            name: name.into(),
            advice: advice.into(),
            episode: Mutex::new(Episode { status: ExporterStatus::Idle, is_overflowing: false }),
        });
        locked(&self.inner.exporters).push(entry.clone());
        ExporterHealth { reporter: self.inner.reporter.clone(), entry }
    }

    /// Every exporter, in the order in which they were added.
    pub fn exporters(&self) -> Vec<ExporterState> {
        locked(&self.inner.exporters)
            .iter()
            .map(|entry| ExporterState {
                name: entry.name.clone(),
                status: locked(&entry.episode).status.clone(),
            })
            .collect()
    }

    /// Says who knows which labels had to be bounded. Default: nobody, and there are none.
    pub fn watch_labels(&self, source: impl Fn() -> Vec<BoundedLabel> + Send + Sync + 'static) {
        *locked(&self.inner.bounded) = Some(Watch(Arc::new(source)));
    }

    /// The labels whose values had to be bounded. They make nothing fail, so they are no part of
    /// [`works`](Health::works).
    pub fn bounded_labels(&self) -> Vec<BoundedLabel> {
        Watch::ask(&self.inner.bounded)
    }

    /// Says who knows which models have no price. Default: nobody, and there are none.
    pub fn watch_prices(&self, source: impl Fn() -> Vec<UnpricedModel> + Send + Sync + 'static) {
        *locked(&self.inner.unpriced) = Some(Watch(Arc::new(source)));
    }

    /// The models whose calls have no cost, because no price of them is known. They make nothing fail, so
    /// they are no part of [`works`](Health::works).
    pub fn unpriced_models(&self) -> Vec<UnpricedModel> {
        Watch::ask(&self.inner.unpriced)
    }

    /// Adds counts that a person may want to see beside the exporters, under the name of what they are
    /// about.
    pub fn watch_counts(
        &self,
        about: &'static str,
        source: impl Fn() -> Vec<(&'static str, u64)> + Send + Sync + 'static,
    ) {
        locked(&self.inner.counts).push((about, Counts(Arc::new(source))));
    }

    /// The counts as they are now, by what they are about.
    pub fn counts(&self) -> Vec<(&'static str, Vec<(&'static str, u64)>)> {
        let sources = locked(&self.inner.counts).clone();
        sources.into_iter().map(|(about, counts)| (about, (counts.0)())).collect()
    }

    /// Tells a person something that is about no exporter.
    pub fn tell(&self, report: &Report) {
        self.inner.reporter.report(report);
    }

    /// Whether no exporter fails.
    pub fn works(&self) -> bool {
        self.exporters().iter().all(ExporterState::works)
    }
}

/// One exporter's hand on the registry.
#[derive(Clone, Debug)]
pub struct ExporterHealth {
    reporter: Reporter,
    entry: Arc<Entry>,
}

impl ExporterHealth {
    /// The exporter's name.
    pub fn name(&self) -> &str {
        &self.entry.name
    }

    /// An export arrived.
    pub fn succeeded(&self) {
        let before = std::mem::replace(&mut locked(&self.entry.episode).status, ExporterStatus::Ok);
        if let ExporterStatus::Failing { failures, .. } = before {
            self.report(&Report::Recovered { exporter: self.entry.name.clone(), failures });
        }
    }

    /// An export did not arrive. Reported if it is the first in a row.
    pub fn failed(&self, error: &str) {
        let is_first = {
            let mut episode = locked(&self.entry.episode);
            if let ExporterStatus::Failing { failures, last_error, .. } = &mut episode.status {
                *failures += 1;
                last_error.clear();
                last_error.push_str(error);
                false
            } else {
                let since = SystemTime::now();
                episode.status = ExporterStatus::Failing { since, failures: 1, last_error: error.to_owned() };
                true
            }
        };
        if is_first {
            let Entry { name, advice, .. } = &*self.entry;
            let (exporter, error, advice) = (name.clone(), error.to_owned(), advice.clone());
            self.report(&Report::Failing { exporter, error, advice });
        }
    }

    /// Items had to be dropped because the queue was full; reported once until [`keeps_up`](Self::keeps_up).
    pub fn overflowing(&self, dropped: u64) {
        if !std::mem::replace(&mut locked(&self.entry.episode).is_overflowing, true) {
            self.report(&Report::Overflowing { exporter: self.entry.name.clone(), dropped });
        }
    }

    /// No item was dropped for a while: the next overflow is news again.
    pub fn keeps_up(&self) {
        locked(&self.entry.episode).is_overflowing = false;
    }

    fn report(&self, report: &Report) {
        self.reporter.report(report);
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listening() -> (Health, Arc<Mutex<Vec<String>>>) {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let reports = heard.clone();
        (Health::new(Reporter::new(move |report| locked(&reports).push(report.to_string()))), heard)
    }

    #[test]
    fn a_failure_is_told_once_and_its_end_once() {
        let (health, heard) = listening();
        let exporter = health.exporter("otlp.traces", "is the collector running?");
        for _ in 0..3 {
            exporter.failed("connection refused");
        }
        assert!(!health.works());
        exporter.succeeded();
        exporter.succeeded();
        assert!(health.works());
        assert_eq!(
            *locked(&heard),
            [
                "flowspan: otlp.traces fails: connection refused; the program goes on, what is lost is counted \
                 (is the collector running?)",
                "flowspan: otlp.traces works again after 3 failed exports",
            ]
        );
    }

    #[test]
    fn an_overflow_is_told_once_until_the_exporter_kept_up() {
        let (health, heard) = listening();
        let exporter = health.exporter("otlp.logs", "");
        exporter.overflowing(1);
        exporter.overflowing(2);
        exporter.keeps_up();
        exporter.overflowing(3);
        assert_eq!(locked(&heard).len(), 2);
        assert_eq!(health.exporters()[0].status, ExporterStatus::Idle);
    }

    #[test]
    fn a_reporter_that_panics_harms_nobody() {
        let health = Health::new(Reporter::new(|_| panic!("reporter")));
        let exporter = health.exporter("x", "");
        exporter.failed("error");
        exporter.succeeded();
        assert!(health.works());
    }
}
