//! How models are called.

/// A name with `*` at its beginning, its end or both, for whatever stands there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern {
    literal: String,
    open: (bool, bool),
}

impl Pattern {
    /// The pattern of a name in small letters.
    pub(crate) fn new(name: &str) -> Self {
        let (begins, rest) = name.strip_prefix('*').map_or((false, name), |rest| (true, rest));
        let (ends, literal) = rest.strip_suffix('*').map_or((false, rest), |rest| (true, rest));
        Pattern { literal: literal.to_owned(), open: (begins, ends) }
    }

    /// Whether it is the name of one thing alone.
    pub(crate) fn is_name(&self) -> bool {
        self.open == (false, false)
    }

    pub(crate) fn matches(&self, name: &str) -> bool {
        match self.open {
            (true, true) => name.contains(&self.literal),
            (true, false) => name.ends_with(&self.literal),
            (false, true) => name.starts_with(&self.literal),
            (false, false) => name == self.literal,
        }
    }

    /// How much of a name it fixes: of two that match, the one that fixes more is meant.
    pub(crate) fn precision(&self) -> usize {
        self.literal.len()
    }
}

/// The name without the date or number of a version that providers put at its end: `-20250929`,
/// `@20250929`, `-2025-09-29` and `-001`.
pub(crate) fn without_date(name: &str) -> Option<&str> {
    let shapes: [&[u8]; 4] = [b"-########", b"@########", b"-####-##-##", b"-###"];
    let end = name.as_bytes();
    shapes.into_iter().find_map(|shape| {
        let place = end.len().checked_sub(shape.len()).filter(|place| *place > 0)?;
        let fits = shape.iter().zip(&end[place..]).all(|(shape, byte)| match shape {
            b'#' => byte.is_ascii_digit(),
            sign => sign == byte,
        });
        // It begins with an ASCII sign, so this is the boundary of a character.
        fits.then(|| &name[..place])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_whatever_is_there() {
        let matches = |pattern: &str, name| Pattern::new(pattern).matches(name);
        assert!(matches("gpt-*", "gpt-5") && !matches("gpt-*", "a-gpt-5"));
        assert!(matches("*:free", "x:free") && !matches("*:free", "x:free2"));
        assert!(matches("*claude*", "anthropic.claude-3-v2:0"));
        assert!(matches("gpt-5", "gpt-5") && !matches("gpt-5", "gpt-5-mini"));
        assert!(matches("*", ""));
    }

    #[test]
    fn the_date_of_a_name_is_found_at_its_end_alone() {
        for (name, rest) in [
            ("claude-sonnet-4-5-20250929", Some("claude-sonnet-4-5")),
            ("claude-opus-5@20260101", Some("claude-opus-5")),
            ("gpt-5-mini-2025-08-07", Some("gpt-5-mini")),
            ("gemini-2.0-flash-001", Some("gemini-2.0-flash")),
            ("gpt-5-mini", None),
            ("20250929", None),
            ("-20250929", None),
            ("x-20250929-preview", None),
            ("é-001", Some("é")),
        ] {
            assert_eq!(without_date(name), rest, "{name}");
        }
    }
}
