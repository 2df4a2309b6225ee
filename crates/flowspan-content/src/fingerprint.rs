//! By what the same value is recognised.

use std::{
    fmt,
    hash::{BuildHasher, RandomState},
};

use hmac::{Hmac, Mac};
use sha2::Sha256;

/// What tells values apart without showing them: the first eight bytes of an HMAC-SHA-256, written as 16
/// hexadecimal digits.
///
/// It has a key, because the plain hash of a short or well-known text can be found by trying. Without
/// [a key of your own](FingerprintKey::new) the key is made up when the program starts: fingerprints then
/// tell which values of one run are the same, and nothing beyond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fingerprint(u64);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// The key of [fingerprints](Fingerprint).
#[derive(Clone)]
pub struct FingerprintKey(Hmac<Sha256>);

impl FingerprintKey {
    /// A key of your own: fingerprints of several programs and runs can then be compared, by everybody.
    /// Whoever has the key can try texts, so keep it as a secret.
    #[expect(clippy::missing_panics_doc, reason = "HMAC takes keys of every length")]
    pub fn new(key: &[u8]) -> Self {
        FingerprintKey(Hmac::new_from_slice(key).expect("HMAC takes keys of every length"))
    }

    /// A key that nobody knows.
    pub fn random() -> Self {
        // The hasher of std has 128 random bits of the system and is a keyed pseudo-random function.
        let randomness = RandomState::new();
        let mut key = [0; 32];
        for (counter, bytes) in key.chunks_exact_mut(8).enumerate() {
            bytes.copy_from_slice(&randomness.hash_one(counter).to_le_bytes());
        }
        FingerprintKey::new(&key)
    }

    /// The fingerprint of a value.
    pub fn of(&self, value: &[u8]) -> Fingerprint {
        let code = self.0.clone().chain_update(value).finalize().into_bytes();
        Fingerprint(code[..8].iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }
}

impl fmt::Debug for FingerprintKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FingerprintKey")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_the_head_of_the_published_code() {
        // RFC 4231, test case 2.
        let key = FingerprintKey::new(b"Jefe");
        assert_eq!(key.of(b"what do ya want for nothing?").to_string(), "5bdcc146bf60754e");
    }

    #[test]
    fn random_keys_differ_and_each_knows_its_values_again() {
        let (one, other) = (FingerprintKey::random(), FingerprintKey::random());
        assert_eq!(one.of(b"value"), one.of(b"value"));
        assert_ne!(one.of(b"value"), one.of(b"other"));
        assert_ne!(one.of(b"value"), other.of(b"value"));
    }
}
