//! What becomes of label values.

use std::{
    borrow::Cow,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use flowspan_model::{LabelPolicy, MAX_LABEL_LENGTH, OTHER};

use crate::schema::LabelShape;

/// One label of a metric.
#[derive(Debug)]
pub(crate) struct Label {
    shape: LabelShape,
    is_plain: bool,
    collapsed: AtomicU64,
}

/// What a value has become, before anybody asks whether the label may have one more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Shown<'value> {
    /// This text.
    Text {
        /// What the label shows.
        text: Cow<'value, str>,
        /// Whether it is a part of what it was: to be counted.
        is_cut: bool,
    },
    /// `other`.
    Other {
        /// Whether somebody wants it so. If not, it is to be counted.
        is_wanted: bool,
    },
    /// The series does not have the label.
    Missing,
    /// The metric does not count what has this value.
    Omitted,
}

impl Label {
    pub(crate) fn new(shape: LabelShape) -> Self {
        let LabelShape { values, errors, policy, .. } = &shape;
        let is_plain = values.is_empty() && errors.is_none() && *policy == LabelPolicy::Keep;
        Label { shape, is_plain, collapsed: AtomicU64::new(0) }
    }

    /// Its name on the series.
    pub(crate) fn name(&self) -> &Arc<str> {
        &self.shape.name
    }

    /// How many values it may have.
    pub(crate) fn limit(&self) -> usize {
        self.shape.limit
    }

    /// Whether its values are whole numbers.
    pub(crate) fn is_integer(&self) -> bool {
        self.shape.is_integer()
    }

    /// Whether it shows any value as it is, unless that is empty, too long, or one too many.
    pub(crate) fn is_plain(&self) -> bool {
        self.is_plain
    }

    /// What it shows of a value. The program's own function may be asked what class an error is.
    pub(crate) fn show<'value>(&'value self, value: Cow<'value, str>) -> Shown<'value> {
        match value {
            Cow::Borrowed(value) => self.show_text(value),
            Cow::Owned(value) => self.show_text(&value).into_owned(),
        }
    }

    fn show_text<'value>(&'value self, value: &'value str) -> Shown<'value> {
        // Prometheus cannot tell an empty value from a label that is not there.
        if value.is_empty() {
            return Shown::Missing;
        }
        let change = self.shape.values.iter().find(|change| change.from == value);
        let named: Cow<'value, str> = match (change, &self.shape.errors) {
            (Some(change), _) => match &change.to {
                Some(to) => Cow::Borrowed(to),
                None => return Shown::Omitted,
            },
            (None, Some(classes)) => classes.of(value),
            (None, None) => Cow::Borrowed(value),
        };
        let applied = match named {
            Cow::Borrowed(named) => self.shape.policy.apply(named),
            Cow::Owned(named) => {
                self.shape.policy.apply(&named).map(|applied| Cow::Owned(applied.into_owned()))
            }
        };
        let Some(applied) = applied else { return Shown::Missing };
        if applied == OTHER {
            let is_wanted = value == OTHER || change.is_some() || self.shape.policy == LabelPolicy::Collapse;
            return Shown::Other { is_wanted };
        }
        let whole = applied.len();
        let text = match applied {
            Cow::Borrowed(text) => Cow::Borrowed(cut(text, MAX_LABEL_LENGTH)),
            Cow::Owned(text) => Cow::Owned(cut(&text, MAX_LABEL_LENGTH).to_owned()),
        };
        Shown::Text { is_cut: text.len() < whole, text }
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

impl Shown<'_> {
    fn into_owned<'other>(self) -> Shown<'other> {
        match self {
            Shown::Text { text, is_cut } => Shown::Text { text: Cow::Owned(text.into_owned()), is_cut },
            Shown::Other { is_wanted } => Shown::Other { is_wanted },
            Shown::Missing => Shown::Missing,
            Shown::Omitted => Shown::Omitted,
        }
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

    fn label(policy: LabelPolicy) -> Label {
        Label::new(label_shape("m", "l".into(), &LabelPolicies::new().policy("l", policy)))
    }

    fn whole(text: &str) -> Shown<'_> {
        Shown::Text { text: text.into(), is_cut: false }
    }

    #[test]
    fn only_what_was_not_wanted_is_bounded() {
        let allowed = label(LabelPolicy::allow(["a"]));
        assert_eq!(allowed.show("a".into()), whole("a"));
        assert_eq!(allowed.show("b".into()), Shown::Other { is_wanted: false });
        assert_eq!(
            allowed.show(OTHER.into()),
            Shown::Other { is_wanted: true },
            "who says other means other"
        );
        assert_eq!(label(LabelPolicy::Collapse).show("b".into()), Shown::Other { is_wanted: true });
        assert_eq!(label(LabelPolicy::Drop).show("b".into()), Shown::Missing);
        assert_eq!(label(LabelPolicy::Keep).show("".into()), Shown::Missing);
    }

    #[test]
    fn a_value_is_the_same_whoever_owns_it() {
        let first = label(LabelPolicy::First(2));
        assert_eq!(first.show("abc".into()), whole("ab"));
        assert_eq!(first.show("abc".to_owned().into()), whole("ab"));
    }

    #[test]
    fn a_long_value_is_cut_at_a_character_and_its_key_shows_that_it_is_too_long() {
        let long = "ä€".repeat(100_000);
        let kept = label(LabelPolicy::Keep);
        let Shown::Text { text, is_cut: true } = kept.show((&*long).into()) else { panic!("it is cut") };
        assert!(text.len() <= MAX_LABEL_LENGTH && long.starts_with(&*text));
        let key = bounded_key(&long);
        assert!(key.len() > MAX_LABEL_LENGTH && key.len() <= MAX_LABEL_LENGTH + 4);
        assert_eq!(kept.show(key.into()), Shown::Text { text, is_cut: true });
    }
}
