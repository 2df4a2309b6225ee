//! Sums on their way to the span around.

use std::sync::atomic::{AtomicBool, Ordering};

use opentelemetry::trace::SpanId;

use super::{Sums, lately::Lately};

/// For how many spans a part keeps sums at least: together for the last 8,192, in 3 MB at most.
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
    waiting: Lately<SpanId, Sums, KEPT>,
}

impl Passed {
    /// Adds sums to those that wait for this span.
    pub(super) fn pass(&self, to: SpanId, sums: &Sums) {
        self.waiting.change(to, |waiting| waiting.add(sums));
        self.any.store(true, Ordering::Release);
    }

    /// The sums that wait for this span, which is over. Nobody is asked which one it is unless there are any.
    #[inline]
    pub(super) fn take(&self, span: impl FnOnce() -> SpanId) -> Option<Sums> {
        if self.any.load(Ordering::Acquire) { self.waiting.take(&span()) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::lately::SHARDS, *};

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
        let kept = passed.waiting.len();
        assert!(kept <= 2 * SHARDS * KEPT, "{kept}");
    }
}
