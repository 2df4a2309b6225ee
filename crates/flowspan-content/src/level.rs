//! How much of content is let through.

/// How much of prompts, answers, tool arguments and results leaves the program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Content {
    /// Nothing. Values are not even looked at.
    #[default]
    Off,
    /// How many bytes there were, and a [fingerprint](crate::Fingerprint) by which the same value is
    /// recognised. No text.
    Sizes,
    /// The text, without what the [rules](crate::Redactor) and a function of the program's own take out.
    Redacted,
    /// All of it, up to the limit of size.
    Full,
}

impl Content {
    /// All levels, from nothing to everything.
    pub const ALL: [Content; 4] = [Content::Off, Content::Sizes, Content::Redacted, Content::Full];

    /// The word for it in settings: `off`, `sizes`, `redacted` or `full`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Content::Off => "off",
            Content::Sizes => "sizes",
            Content::Redacted => "redacted",
            Content::Full => "full",
        }
    }

    /// The level that a word in settings stands for, in letters of any case.
    pub fn from_word(word: &str) -> Option<Self> {
        Content::ALL.into_iter().find(|level| level.as_str().eq_ignore_ascii_case(word))
    }

    /// Whether text is let through, be it redacted.
    pub const fn has_text(self) -> bool {
        matches!(self, Content::Redacted | Content::Full)
    }
}
