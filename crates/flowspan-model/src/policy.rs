//! What may become the value of a label.

use std::borrow::Cow;

/// What a label value becomes that is not allowed, or one too many.
pub const OTHER: &str = "other";

/// The longest label value, in bytes. Longer ones are cut at a character.
pub const MAX_LABEL_LENGTH: usize = 128;

/// What happens to the values of a label before they become series.
///
/// Whatever is chosen, the label's limit holds for what comes out of it: no policy makes series
/// without bound.
///
/// ```
/// use flowspan_model::{LabelPolicy, OTHER};
///
/// assert_eq!(LabelPolicy::First(8).apply("0193f2a4-77c1-7e02").as_deref(), Some("0193f2a4"));
/// assert_eq!(LabelPolicy::allow(["eu", "us"]).apply("mars").as_deref(), Some(OTHER));
/// assert_eq!(LabelPolicy::Drop.apply("anything"), None);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum LabelPolicy {
    /// The value as it is. This is the default.
    #[default]
    Keep,
    /// These values as they are; all others become [`OTHER`] and are counted. See
    /// [`allow`](LabelPolicy::allow).
    Allow(Vec<Cow<'static, str>>),
    /// Sixteen hexadecimal digits that stand for the value, the same in every process and version.
    ///
    /// It tells series apart without showing the values. It is no secret keeping: who can guess a
    /// value can check the guess.
    Hash,
    /// So many characters from the start of the value, for example eight of an identifier.
    First(usize),
    /// No label: the series of all values are one.
    Drop,
    /// Always [`OTHER`]: the label stays, for dashboards that name it, and says nothing.
    Collapse,
}

impl LabelPolicy {
    /// Allows these values and no others.
    pub fn allow<V: Into<Cow<'static, str>>>(values: impl IntoIterator<Item = V>) -> Self {
        LabelPolicy::Allow(values.into_iter().map(Into::into).collect())
    }

    /// What a value becomes; `None` if the series shall not have the label.
    pub fn apply<'value>(&self, value: &'value str) -> Option<Cow<'value, str>> {
        Some(match self {
            LabelPolicy::Keep => Cow::Borrowed(value),
            LabelPolicy::Allow(allowed) if allowed.iter().any(|known| known == value) => Cow::Borrowed(value),
            LabelPolicy::Allow(_) | LabelPolicy::Collapse => Cow::Borrowed(OTHER),
            LabelPolicy::Hash => Cow::Owned(format!("{:016x}", hash(value))),
            LabelPolicy::First(characters) => Cow::Borrowed(first(value, *characters)),
            LabelPolicy::Drop => return None,
        })
    }
}

/// FNV-1a, 64 bits: fixed for ever, so that a value has the same label in every process.
fn hash(value: &str) -> u64 {
    value.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

fn first(value: &str, characters: usize) -> &str {
    match value.char_indices().nth(characters) {
        Some((end, _)) => &value[..end],
        None => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_policy_does_what_it_says() {
        let applied = |policy: LabelPolicy| policy.apply("größer-als-8").map(Cow::into_owned);
        assert_eq!(applied(LabelPolicy::Keep).as_deref(), Some("größer-als-8"));
        assert_eq!(applied(LabelPolicy::First(3)).as_deref(), Some("grö"));
        assert_eq!(applied(LabelPolicy::First(100)).as_deref(), Some("größer-als-8"));
        assert_eq!(applied(LabelPolicy::Collapse).as_deref(), Some(OTHER));
        assert_eq!(applied(LabelPolicy::Drop), None);
    }

    #[test]
    fn a_hash_is_the_same_for_ever() {
        // The published test vectors of FNV-1a.
        assert_eq!(LabelPolicy::Hash.apply("").as_deref(), Some("cbf29ce484222325"));
        assert_eq!(LabelPolicy::Hash.apply("foobar").as_deref(), Some("85944171f73967e8"));
    }
}
