//! Which calls have been counted.

use std::hash::{BuildHasher, RandomState};

use super::{lately::Lately, sums::Counted};

/// How many calls a part remembers at least: together the last 32,768, in a megabyte or two.
const REMEMBERED: usize = 2048;

/// The calls that have been counted lately, by trace and identifier of the response.
#[derive(Debug, Default)]
pub(super) struct Seen {
    hasher: RandomState,
    calls: Lately<u64, Counted, REMEMBERED>,
}

impl Seen {
    /// Notes what of a call is counted now, and says what of it was before. A call outside of every trace
    /// is like no other.
    pub(super) fn note(&self, trace: &[u8; 16], id: &str, counts: Counted) -> Counted {
        if *trace == [0; 16] {
            return Counted::default();
        }
        self.calls.change(self.hasher.hash_one((trace, id)), |known| {
            let before = *known;
            *known = before.and(Some(counts));
            before
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{super::lately::SHARDS, *};

    #[test]
    fn a_call_is_known_again_by_its_identifier_in_its_trace() {
        let seen = Seen::default();
        let both = Counted::CALL.and(Some(Counted::INPUT));
        assert_eq!(seen.note(&[1; 16], "r-1", Counted::CALL), Counted::default());
        assert_eq!(seen.note(&[1; 16], "r-1", both), Counted::CALL);
        assert_eq!(seen.note(&[1; 16], "r-1", Counted::CALL), both);
        assert_eq!(seen.note(&[2; 16], "r-1", Counted::CALL), Counted::default());
        assert_eq!(seen.note(&[1; 16], "r-2", Counted::CALL), Counted::default());
        for _ in 0..2 {
            assert_eq!(seen.note(&[0; 16], "r-1", Counted::CALL), Counted::default(), "there is no trace");
        }
    }

    #[test]
    fn the_last_calls_are_remembered_and_memory_is_bounded() {
        let seen = Seen::default();
        for call in 0..100_000 {
            assert_eq!(seen.note(&[1; 16], &format!("r-{call}"), Counted::CALL), Counted::default());
            if call >= 1_000 {
                assert_eq!(seen.note(&[1; 16], &format!("r-{}", call - 1_000), Counted::CALL), Counted::CALL);
            }
        }
        let kept = seen.calls.len();
        assert!(kept <= 2 * SHARDS * REMEMBERED, "{kept}");
    }
}
