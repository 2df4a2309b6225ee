//! How the endpoint itself does.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

use crate::Findings;

/// How the endpoint itself does. Also in the answer of `/health`, as `scrapes`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Stats {
    /// Scrapes that were answered with metrics.
    pub answered: u64,
    /// Scrapes that were refused with 503, because too many waited or collecting took too long.
    pub refused: u64,
    /// Scrapes that were answered with 500, because metrics could not be collected.
    pub failed: u64,
    /// Connections that were closed to make room for others.
    pub evicted: u64,
    /// Names that were replaced in the last exposition; see [`Findings::mended`].
    pub mended: u64,
    /// Series that were left out of the last exposition; see [`Findings::dropped`].
    pub dropped: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) answered: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) failed: AtomicU64,
    pub(crate) evicted: AtomicU64,
    pub(crate) mended: AtomicU64,
    pub(crate) dropped: AtomicU64,
}

impl Counters {
    pub(crate) fn add(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn found(&self, findings: Findings) {
        self.mended.store(findings.mended, Ordering::Relaxed);
        self.dropped.store(findings.dropped, Ordering::Relaxed);
    }

    pub(crate) fn snapshot(&self) -> Stats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Stats {
            answered: read(&self.answered),
            refused: read(&self.refused),
            failed: read(&self.failed),
            evicted: read(&self.evicted),
            mended: read(&self.mended),
            dropped: read(&self.dropped),
        }
    }
}
