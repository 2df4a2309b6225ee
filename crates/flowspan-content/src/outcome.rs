//! What becomes of a value.

use std::fmt;

use crate::Fingerprint;

/// What becomes of a value that a [`ContentPolicy`](crate::ContentPolicy) was asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing may be said about it.
    Nothing,
    /// Its size may be told, and by what it is recognised.
    Measured {
        /// How many bytes of UTF-8 it has.
        bytes: usize,
        /// By what it is recognised. `None` if it has more than [`MAX_INPUT`](crate::MAX_INPUT) bytes.
        fingerprint: Option<Fingerprint>,
    },
    /// This text may be shown.
    Shown {
        /// Valid JSON if the value was; no longer than the limit.
        text: String,
        /// How many bytes were cut off, without the marks that say so. 0 if it is whole.
        cut: usize,
    },
    /// It would be shown, but cannot be.
    Refused(Refusal),
}

/// Why a value is not shown although the level would allow it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Refusal {
    /// It has more than [`MAX_INPUT`](crate::MAX_INPUT) bytes.
    TooLarge,
    /// It is nested deeper than [`MAX_DEPTH`](crate::MAX_DEPTH).
    TooDeep,
    /// It has so many parts that it does not fit the limit even without its texts.
    TooManyParts,
    /// It could not be written down: whoever makes it panicked, or failed.
    Unwritable,
    /// The program's own redactor panicked, or the rules did.
    RedactorPanicked,
    /// Redaction took longer than the deadline, or an earlier one is still not done.
    RedactorTooSlow,
    /// Redaction found something new again and again in its own result.
    RedactorUnstable,
}

impl Refusal {
    /// All reasons.
    pub const ALL: [Refusal; 7] = [
        Refusal::TooLarge,
        Refusal::TooDeep,
        Refusal::TooManyParts,
        Refusal::Unwritable,
        Refusal::RedactorPanicked,
        Refusal::RedactorTooSlow,
        Refusal::RedactorUnstable,
    ];

    /// The word for it on metrics and spans.
    pub const fn as_str(self) -> &'static str {
        match self {
            Refusal::TooLarge => "too_large",
            Refusal::TooDeep => "too_deep",
            Refusal::TooManyParts => "too_many_parts",
            Refusal::Unwritable => "unwritable",
            Refusal::RedactorPanicked => "redactor_panicked",
            Refusal::RedactorTooSlow => "redactor_too_slow",
            Refusal::RedactorUnstable => "redactor_unstable",
        }
    }
}

impl Refusal {
    /// Whether redaction failed, rather than the value being nothing that can be shown.
    pub const fn is_redactors_fault(self) -> bool {
        matches!(self, Refusal::RedactorPanicked | Refusal::RedactorTooSlow | Refusal::RedactorUnstable)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
