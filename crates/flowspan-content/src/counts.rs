//! How often what became of values.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::{Outcome, Refusal};

/// How often what became of the values that a policy was asked about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Values whose size was told.
    pub measured: u64,
    /// Values that were shown, cut ones included.
    pub shown: u64,
    /// Values that were shown in part.
    pub cut: u64,
    refused: [u64; Refusal::ALL.len()],
}

impl Counts {
    /// Values that were refused for this reason.
    pub fn refused(&self, reason: Refusal) -> u64 {
        self.refused[reason as usize]
    }

    /// Values that were refused.
    pub fn all_refused(&self) -> u64 {
        self.refused.iter().sum()
    }
}

/// The counters behind [`Counts`].
#[derive(Debug, Default)]
pub(crate) struct Counters {
    measured: AtomicU64,
    shown: AtomicU64,
    cut: AtomicU64,
    refused: [AtomicU64; Refusal::ALL.len()],
}

impl Counters {
    pub(crate) fn count(&self, outcome: &Outcome) {
        let one_more = |counter: &AtomicU64| counter.fetch_add(1, Ordering::Relaxed);
        match outcome {
            Outcome::Nothing => return,
            Outcome::Measured { .. } => one_more(&self.measured),
            Outcome::Shown { cut: 0, .. } => one_more(&self.shown),
            Outcome::Shown { .. } => {
                one_more(&self.cut);
                one_more(&self.shown)
            }
            Outcome::Refused(reason) => one_more(&self.refused[*reason as usize]),
        };
    }

    pub(crate) fn now(&self) -> Counts {
        let number = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts {
            measured: number(&self.measured),
            shown: number(&self.shown),
            cut: number(&self.cut),
            refused: std::array::from_fn(|reason| number(&self.refused[reason])),
        }
    }
}
