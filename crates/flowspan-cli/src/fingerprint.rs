//! A number that stands for a text: equal for equal texts, in every build of this program.
//!
//! FNV-1a, because the hashers of the standard library promise no stability between releases, and
//! both seeds and checkpoints shall mean the same next year.

/// The fingerprint of everything that was taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint(u64);

impl Fingerprint {
    /// Of nothing yet.
    pub const fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    /// Takes further bytes in.
    #[must_use]
    pub fn and(self, bytes: &[u8]) -> Self {
        bytes
            .iter()
            .fold(self, |Self(hash), byte| Self((hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)))
    }

    /// The number.
    pub const fn value(self) -> u64 {
        self.0
    }
}

impl Default for Fingerprint {
    fn default() -> Self {
        Self::new()
    }
}

/// The fingerprint of a text.
pub fn of_text(text: &str) -> u64 {
    Fingerprint::new().and(text.as_bytes()).value()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_test_values_come_out() {
        assert_eq!(of_text(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(of_text("a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(of_text("foobar"), 0x8594_4171_f739_67e8);
    }
}
