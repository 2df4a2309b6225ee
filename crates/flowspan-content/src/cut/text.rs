//! Plain text.

use super::{LONGEST_MARK, mark};

/// Cuts a text to a number of bytes, the mark included, and says how many bytes are gone.
///
/// What is shorter than a mark is left alone: a mark would tell less.
pub(crate) fn cut_text(text: String, limit: usize) -> (String, usize) {
    if text.len() <= limit.max(LONGEST_MARK) {
        return (text, 0);
    }
    let kept = boundary(&text, limit.saturating_sub(LONGEST_MARK));
    let gone = text.len() - kept;
    let mut text = text;
    text.truncate(kept);
    text.push_str(&mark(gone));
    (text, gone)
}

/// The last place up to this one at which a text can be cut.
pub(super) fn boundary(text: &str, place: usize) -> usize {
    (0..=place.min(text.len())).rev().find(|place| text.is_char_boundary(*place)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_cut_says_how_much_is_gone() {
        let (text, gone) = cut_text("x".repeat(1_000), 100);
        assert_eq!(gone, 1_000 - (100 - LONGEST_MARK));
        assert!(text.ends_with(&format!("x…[cut {gone} bytes]")), "{text}");
    }

    proptest! {
        #[test]
        fn a_cut_keeps_the_beginning_and_the_limit(text in ".*", limit in 40_usize..200) {
            let (shown, gone) = cut_text(text.clone(), limit);
            prop_assert!(shown.len() <= limit);
            let kept = text.len() - gone;
            prop_assert_eq!(&shown[..kept], &text[..kept]);
        }
    }
}
