//! What keeps labels bounded.

use std::{
    borrow::Cow,
    collections::HashSet,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use flowspan_model::{LabelPolicy, MAX_LABEL_LENGTH, OTHER};

use crate::schema::LabelShape;

/// One label of a metric, with the values that it has had so far.
///
/// Asked only when a series is looked for the first time, so a lock is good enough.
#[derive(Debug)]
pub(crate) struct Label {
    shape: LabelShape,
    other: Arc<str>,
    known: Mutex<HashSet<Arc<str>>>,
    collapsed: AtomicU64,
}

/// What a value has become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Admitted {
    /// This value.
    Value(Arc<str>),
    /// `other`, or a part of what it was, because of a bound: to be counted.
    Bounded(Arc<str>),
    /// The series does not have the label.
    Missing,
    /// The metric does not count what has this value.
    Omitted,
}

impl Label {
    pub(crate) fn new(shape: LabelShape, other: Arc<str>) -> Self {
        Label { shape, other, known: Mutex::default(), collapsed: AtomicU64::new(0) }
    }

    /// Its name on the series.
    pub(crate) fn name(&self) -> &Arc<str> {
        &self.shape.name
    }

    pub(crate) fn limit(&self) -> usize {
        self.shape.limit
    }

    /// The value that the series may carry.
    ///
    /// Nothing of the label's own is held while the program's function is asked what class an error
    /// is.
    pub(crate) fn admit(&self, value: &str) -> Admitted {
        // Prometheus cannot tell an empty value from a label that is not there.
        if value.is_empty() {
            return Admitted::Missing;
        }
        let change = self.shape.values.iter().find(|change| change.from == value);
        let shown: Cow<'_, str> = match (change, &self.shape.errors) {
            (Some(change), _) => match &change.to {
                Some(to) => Cow::Borrowed(to),
                None => return Admitted::Omitted,
            },
            (None, Some(classes)) => classes.of(value),
            (None, None) => Cow::Borrowed(value),
        };
        let Some(applied) = self.shape.policy.apply(&shown) else { return Admitted::Missing };
        if applied == OTHER {
            let is_wanted = value == OTHER || change.is_some() || self.shape.policy == LabelPolicy::Collapse;
            let other = Arc::clone(&self.other);
            return if is_wanted { Admitted::Value(other) } else { Admitted::Bounded(other) };
        }
        self.within_limit(&applied)
    }

    fn within_limit(&self, value: &str) -> Admitted {
        let kept = cut(value, MAX_LABEL_LENGTH);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let admitted = match known.get(kept) {
            Some(known) => Arc::clone(known),
            None if known.len() < self.shape.limit => {
                let value: Arc<str> = kept.into();
                known.insert(Arc::clone(&value));
                value
            }
            None => return Admitted::Bounded(Arc::clone(&self.other)),
        };
        if kept.len() < value.len() { Admitted::Bounded(admitted) } else { Admitted::Value(admitted) }
    }

    /// Counts a measurement whose value had to be bounded. `true` for the first one.
    pub(crate) fn count_collapsed(&self) -> bool {
        self.collapsed.fetch_add(1, Ordering::Relaxed) == 0
    }

    /// How many measurements had a value that had to be bounded.
    pub(crate) fn collapsed(&self) -> u64 {
        self.collapsed.load(Ordering::Relaxed)
    }
}

/// The longest part of a text that is at most so many bytes long and ends at a character.
fn cut(text: &str, length: usize) -> &str {
    let end = (0..=length.min(text.len())).rev().find(|index| text.is_char_boundary(*index)).unwrap_or(0);
    &text[..end]
}

/// A part of a value that is long enough to show that it is too long. What identifies a series must
/// not be as long as whatever a program puts into a label.
pub(crate) fn bounded_key(value: &str) -> &str {
    // A character has four bytes at most, so this is longer than the longest value that is kept.
    cut(value, MAX_LABEL_LENGTH + 4)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{LabelPolicies, schema::label_shape};

    fn label(policies: LabelPolicies) -> Label {
        Label::new(label_shape("m", "l".into(), &policies), OTHER.into())
    }

    fn value(text: &str) -> Admitted {
        Admitted::Value(text.into())
    }

    #[test]
    fn a_value_beyond_the_limit_becomes_other() {
        let label = label(LabelPolicies::new().limit("l", 2));
        assert_eq!(label.admit("a"), value("a"));
        assert_eq!(label.admit("b"), value("b"));
        assert_eq!(label.admit("c"), Admitted::Bounded(OTHER.into()));
        assert_eq!(label.admit("a"), value("a"));
        assert_eq!(label.admit(OTHER), value(OTHER), "who says other means other");
        assert_eq!(label.admit(""), Admitted::Missing);
    }

    #[test]
    fn the_limit_holds_for_what_a_policy_makes() {
        let label = label(LabelPolicies::new().limit("l", 1).policy("l", LabelPolicy::First(2)));
        assert_eq!(label.admit("abc"), value("ab"));
        assert_eq!(label.admit("abd"), value("ab"));
        assert_eq!(label.admit("xyz"), Admitted::Bounded(OTHER.into()));
    }

    #[test]
    fn only_what_was_not_wanted_is_bounded() {
        let allowed = label(LabelPolicies::new().policy("l", LabelPolicy::allow(["a"])));
        assert_eq!(allowed.admit("a"), value("a"));
        assert_eq!(allowed.admit("b"), Admitted::Bounded(OTHER.into()));
        let collapsed = label(LabelPolicies::new().policy("l", LabelPolicy::Collapse));
        assert_eq!(collapsed.admit("b"), value(OTHER));
        assert_eq!(label(LabelPolicies::new().policy("l", LabelPolicy::Drop)).admit("b"), Admitted::Missing);
    }

    #[test]
    fn a_long_value_is_cut_at_a_character_and_its_key_shows_that_it_is_too_long() {
        let long = "ä€".repeat(100_000);
        let Admitted::Bounded(kept) = label(LabelPolicies::new()).admit(&long) else { panic!("it is cut") };
        assert!(kept.len() <= MAX_LABEL_LENGTH && long.starts_with(&*kept));
        let key = bounded_key(&long);
        assert!(key.len() > MAX_LABEL_LENGTH && key.len() <= MAX_LABEL_LENGTH + 4);
        assert_eq!(label(LabelPolicies::new()).admit(key), Admitted::Bounded(kept));
    }
}
