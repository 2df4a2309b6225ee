//! The parts of a session.

use std::{collections::BTreeMap, ops::AddAssign, time::SystemTime};

use flowspan_model::{Event, Field};
use serde::{Deserialize, Serialize};

use crate::{Work, time};

/// One agent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct AgentMetrics {
    /// How often it was invoked, how that ended, and how long it took.
    #[serde(flatten)]
    pub work: Work,
    /// The tools that it called, by name. Their calls are in
    /// [`SessionMetrics::tools`](crate::SessionMetrics::tools), too.
    pub tools: BTreeMap<String, Work>,
}

/// One phase.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "StoredPhase", into = "StoredPhase")]
#[non_exhaustive]
pub struct PhaseMetrics {
    /// How often it ran, how that ended, and how long it took.
    pub work: Work,
    /// How often it was entered.
    pub transitions: u64,
    /// How often it tried to repair its own result.
    pub heals: Progress,
    /// How often it searched for the change that broke it.
    pub bisects: Progress,
}

impl PhaseMetrics {
    /// Whether it ran, and no run of it ended otherwise than well.
    pub fn is_success(&self) -> bool {
        self.work.executions > 0 && self.work.success == self.work.executions
    }
}

impl AddAssign<&PhaseMetrics> for PhaseMetrics {
    fn add_assign(&mut self, other: &PhaseMetrics) {
        self.work += &other.work;
        self.transitions = self.transitions.saturating_add(other.transitions);
        self.heals += &other.heals;
        self.bisects += &other.bisects;
    }
}

/// How far attempts came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Progress {
    /// How many began.
    pub triggered: u64,
    /// How many helped.
    pub succeeded: u64,
    /// How many did not.
    pub failed: u64,
}

impl Progress {
    pub(crate) fn note(&mut self, outcome: Option<&str>) {
        let counter = match outcome {
            Some("triggered") => &mut self.triggered,
            Some("succeeded") => &mut self.succeeded,
            Some("failed") => &mut self.failed,
            _ => return,
        };
        *counter = counter.saturating_add(1);
    }
}

impl AddAssign<&Progress> for Progress {
    fn add_assign(&mut self, other: &Progress) {
        self.triggered = self.triggered.saturating_add(other.triggered);
        self.succeeded = self.succeeded.saturating_add(other.succeeded);
        self.failed = self.failed.saturating_add(other.failed);
    }
}

/// What became of the items of map-reduce jobs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ItemMetrics {
    /// How many the jobs had when they started.
    pub planned: u64,
    /// How many have a result.
    pub success: u64,
    /// How many failed or ran into a time limit.
    pub failed: u64,
    /// How many went to the dead-letter queue.
    pub dlq: u64,
    /// How many were given up before they had finished.
    pub cancelled: u64,
}

impl ItemMetrics {
    pub(crate) fn end(&mut self, event: &Event) {
        let mut work = Work::default();
        work.end(event);
        if event.fields.text(Field::ItemOutcome) == Some("dlq") {
            self.dlq = self.dlq.saturating_add(1);
        } else {
            self.success = self.success.saturating_add(work.success);
            self.failed = self.failed.saturating_add(work.failed + work.timeout);
            self.cancelled = self.cancelled.saturating_add(work.cancelled);
        }
    }
}

impl AddAssign<&ItemMetrics> for ItemMetrics {
    fn add_assign(&mut self, other: &ItemMetrics) {
        self.planned = self.planned.saturating_add(other.planned);
        self.success = self.success.saturating_add(other.success);
        self.failed = self.failed.saturating_add(other.failed);
        self.dlq = self.dlq.saturating_add(other.dlq);
        self.cancelled = self.cancelled.saturating_add(other.cancelled);
    }
}

/// Look-ups in caches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "StoredCache", into = "StoredCache")]
#[non_exhaustive]
pub struct CacheMetrics {
    /// How many found what they asked for.
    pub hits: u64,
    /// How many did not.
    pub misses: u64,
}

impl CacheMetrics {
    /// The part of the look-ups that found something, from 0 to 1; 0 if there was none.
    #[expect(clippy::cast_precision_loss, reason = "a rate is a float anyway")]
    pub fn hit_rate(&self) -> f64 {
        match self.hits.saturating_add(self.misses) {
            0 => 0.0,
            lookups => self.hits as f64 / lookups as f64,
        }
    }
}

impl AddAssign<&CacheMetrics> for CacheMetrics {
    fn add_assign(&mut self, other: &CacheMetrics) {
        self.hits = self.hits.saturating_add(other.hits);
        self.misses = self.misses.saturating_add(other.misses);
    }
}

/// Memory of the program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct MemoryMetrics {
    /// Bytes that were in use when somebody last looked; `None` if nobody did.
    pub used_bytes: Option<u64>,
    /// The most bytes that ever were.
    pub peak_bytes: Option<u64>,
    /// When somebody last looked.
    #[serde(with = "time::optional")]
    pub measured_at: Option<SystemTime>,
}

impl MemoryMetrics {
    /// Somebody looked: so many bytes were in use then, and so many at most so far.
    pub(crate) fn look(&mut self, used: u64, peak: Option<u64>, at: SystemTime) {
        *self += &MemoryMetrics {
            used_bytes: Some(used),
            peak_bytes: Some(used.max(peak.unwrap_or(0))),
            measured_at: Some(at),
        };
    }
}

impl AddAssign<&MemoryMetrics> for MemoryMetrics {
    fn add_assign(&mut self, other: &MemoryMetrics) {
        // Of two looks at the same moment the larger counts, so that their order does not matter.
        if (other.measured_at, other.used_bytes) > (self.measured_at, self.used_bytes) {
            (self.measured_at, self.used_bytes) = (other.measured_at, other.used_bytes);
        }
        self.peak_bytes = self.peak_bytes.max(other.peak_bytes);
    }
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct StoredPhase {
    #[serde(flatten)]
    work: Work,
    transitions: u64,
    heals: Progress,
    bisects: Progress,
    /// For readers alone: it follows from the others.
    is_success: bool,
}

impl From<PhaseMetrics> for StoredPhase {
    fn from(phase: PhaseMetrics) -> Self {
        let is_success = phase.is_success();
        let PhaseMetrics { work, transitions, heals, bisects } = phase;
        StoredPhase { work, transitions, heals, bisects, is_success }
    }
}

impl From<StoredPhase> for PhaseMetrics {
    fn from(stored: StoredPhase) -> Self {
        let StoredPhase { work, transitions, heals, bisects, is_success: _ } = stored;
        PhaseMetrics { work, transitions, heals, bisects }
    }
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct StoredCache {
    hits: u64,
    misses: u64,
    /// For readers alone: it follows from the others.
    hit_rate: f64,
}

impl From<CacheMetrics> for StoredCache {
    fn from(cache: CacheMetrics) -> Self {
        StoredCache { hits: cache.hits, misses: cache.misses, hit_rate: cache.hit_rate() }
    }
}

impl From<StoredCache> for CacheMetrics {
    fn from(stored: StoredCache) -> Self {
        CacheMetrics { hits: stored.hits, misses: stored.misses }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_look_up_the_hit_rate_is_zero() {
        assert_eq!(CacheMetrics::default().hit_rate(), 0.0);
        assert_eq!(CacheMetrics { hits: 3, misses: 1 }.hit_rate(), 0.75);
        assert_eq!(CacheMetrics { hits: u64::MAX, misses: u64::MAX }.hit_rate(), 1.0);
    }
}
