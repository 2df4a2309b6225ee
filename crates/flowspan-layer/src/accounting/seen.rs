//! Which calls have been counted.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::{Mutex, PoisonError},
};

use super::sums::Counted;

/// Threads that end calls at the same moment rarely meet in one of so many.
const SHARDS: usize = 16;
/// How many calls each of them remembers at least; when there are twice as many, the older half is
/// forgotten. Together they remember the last 32,768, in a megabyte or two.
const REMEMBERED: usize = 2048;

/// The calls that have been counted lately, by trace and identifier of the response.
#[derive(Debug, Default)]
pub(super) struct Seen {
    hasher: RandomState,
    shards: [Mutex<Generations>; SHARDS],
}

#[derive(Debug, Default)]
struct Generations {
    young: HashMap<u64, Counted>,
    old: HashMap<u64, Counted>,
}

impl Seen {
    /// Notes what of a call is counted now, and says what of it was before. A call outside of every trace
    /// is like no other.
    pub(super) fn note(&self, trace: &[u8; 16], id: &str, counts: Counted) -> Counted {
        if *trace == [0; 16] {
            return Counted::default();
        }
        let digest = self.hasher.hash_one((trace, id));
        let shard = &self.shards[usize::try_from(digest % SHARDS as u64).unwrap_or(0)];
        let mut seen = shard.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.young.len() >= REMEMBERED && !seen.young.contains_key(&digest) {
            seen.old = std::mem::take(&mut seen.young);
        }
        let earlier = seen.old.remove(&digest).unwrap_or_default();
        let known = seen.young.entry(digest).or_default();
        let before = known.and(Some(earlier));
        *known = before.and(Some(counts));
        before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let kept: usize = seen
            .shards
            .iter()
            .map(|shard| {
                let shard = shard.lock().expect("nobody panics");
                shard.young.len() + shard.old.len()
            })
            .sum();
        assert!(kept <= 2 * SHARDS * REMEMBERED, "{kept}");
    }
}
