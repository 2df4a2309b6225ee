//! What keeps labels bounded.

use std::{
    collections::HashSet,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// What a label value becomes that is one too many.
pub const OTHER: &str = "other";

/// The longest label value, in bytes. Longer ones are cut at a character.
const MAX_LENGTH: usize = 128;

/// The values that one label has had so far.
///
/// Asked only when a series is seen for the first time, so a lock is good enough.
#[derive(Debug)]
pub(crate) struct LabelLimit {
    limit: usize,
    known: Mutex<HashSet<Box<str>>>,
    collapsed: AtomicU64,
}

impl LabelLimit {
    pub(crate) fn new(limit: usize) -> Self {
        LabelLimit { limit, known: Mutex::default(), collapsed: AtomicU64::new(0) }
    }

    /// The value that the series may carry: this one, a shorter form of it, or [`OTHER`].
    pub(crate) fn admit<'value>(&self, value: &'value str) -> &'value str {
        let value = shorten(value);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.contains(value) {
            return value;
        }
        if known.len() < self.limit {
            known.insert(value.into());
            return value;
        }
        self.collapsed.fetch_add(1, Ordering::Relaxed);
        OTHER
    }

    /// How many times a value has become [`OTHER`].
    pub(crate) fn collapsed(&self) -> u64 {
        self.collapsed.load(Ordering::Relaxed)
    }
}

fn shorten(value: &str) -> &str {
    if value.len() <= MAX_LENGTH {
        return value;
    }
    let end = (0..=MAX_LENGTH).rev().find(|index| value.is_char_boundary(*index)).unwrap_or(0);
    &value[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_beyond_the_limit_becomes_other_and_is_counted() {
        let limit = LabelLimit::new(2);
        assert_eq!(limit.admit("a"), "a");
        assert_eq!(limit.admit("b"), "b");
        assert_eq!(limit.admit("c"), OTHER);
        assert_eq!(limit.admit("a"), "a");
        assert_eq!(limit.collapsed(), 1);
    }

    #[test]
    fn a_long_value_is_cut_at_a_character() {
        let long = "ä".repeat(100_000);
        let limit = LabelLimit::new(1);
        let kept = limit.admit(&long);
        assert!(kept.len() <= MAX_LENGTH);
        assert!(long.starts_with(kept));
    }
}
