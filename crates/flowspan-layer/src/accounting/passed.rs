//! Sums on their way to the span around.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use opentelemetry::trace::SpanId;

use super::Sums;

/// Threads that end spans at the same moment rarely meet in one of so many.
const SHARDS: usize = 16;
/// For how many spans each of them keeps sums at least; when there are twice as many, the older half is
/// forgotten. Together they keep them for the last 8,192, in 3 MB at most.
const KEPT: usize = 512;

/// The sums of spans that know the span around them by its identifier alone, until that ends: those that
/// are made through the OpenTelemetry API.
///
/// A span may end later than the one around it, or be inside one that nobody here hears of. Its sums wait
/// in vain, until they are forgotten.
#[derive(Debug, Default)]
pub(super) struct Passed {
    /// Whether there has ever been any: most programs never have some, and pay for this look alone.
    any: AtomicBool,
    hasher: RandomState,
    shards: [Mutex<Generations>; SHARDS],
}

#[derive(Debug, Default)]
struct Generations {
    young: HashMap<SpanId, Sums>,
    old: HashMap<SpanId, Sums>,
}

impl Passed {
    /// Adds sums to those that wait for this span.
    pub(super) fn pass(&self, to: SpanId, sums: &Sums) {
        self.with_shard(to, |shard| {
            if let Some(waiting) = shard.old.get_mut(&to) {
                waiting.add(sums);
                return;
            }
            if shard.young.len() >= KEPT && !shard.young.contains_key(&to) {
                shard.old = std::mem::take(&mut shard.young);
            }
            shard.young.entry(to).or_default().add(sums);
        });
        self.any.store(true, Ordering::Release);
    }

    /// The sums that wait for this span, which is over. Nobody is asked which one it is unless there are any.
    #[inline]
    pub(super) fn take(&self, span: impl FnOnce() -> SpanId) -> Option<Sums> {
        if self.any.load(Ordering::Acquire) { self.look(span()) } else { None }
    }

    #[cold]
    fn look(&self, span: SpanId) -> Option<Sums> {
        self.with_shard(span, |shard| shard.young.remove(&span).or_else(|| shard.old.remove(&span)))
    }

    fn with_shard<T>(&self, span: SpanId, action: impl FnOnce(&mut Generations) -> T) -> T {
        let shard = self.hasher.hash_one(span) % SHARDS as u64;
        let shard = &self.shards[usize::try_from(shard).unwrap_or(0)];
        action(&mut shard.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(number: u64) -> SpanId {
        SpanId::from_bytes(number.to_be_bytes())
    }

    fn steps(count: usize) -> Sums {
        let mut sums = Sums::default();
        (0..count).for_each(|_| sums.step());
        sums
    }

    #[test]
    fn sums_are_added_up_and_taken_once() {
        let passed = Passed::default();
        let (one, other) = (span(1), span(2));
        assert_eq!(passed.take(|| unreachable!("there are none")), None);
        for (to, count) in [(one, 1), (other, 5), (one, 2)] {
            passed.pass(to, &steps(count));
        }
        assert_eq!(
            [one, one, other].map(|span| passed.take(|| span)),
            [Some(steps(3)), None, Some(steps(5))]
        );
    }

    #[test]
    fn the_last_ones_are_kept_and_memory_is_bounded() {
        let passed = Passed::default();
        for number in 1..=100_000 {
            passed.pass(span(number), &steps(1));
            if number > 500 {
                let waiting = span(number - 500);
                passed.pass(waiting, &steps(1));
                if number % 2 == 0 {
                    assert_eq!(passed.take(|| waiting), Some(steps(2)), "{number}");
                }
            }
        }
        let kept: usize = passed
            .shards
            .iter()
            .map(|shard| {
                let shard = shard.lock().expect("nobody panics");
                shard.young.len() + shard.old.len()
            })
            .sum();
        assert!(kept <= 2 * SHARDS * KEPT, "{kept}");
    }
}
