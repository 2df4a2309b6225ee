//! The API key, which no output of this program contains.

use std::fmt;

use reqwest::header::HeaderValue;
use thiserror::Error;

/// Stands where the key would.
const REDACTED: &str = "[redacted]";

/// A secret that identifies the caller to a provider.
#[derive(Clone)]
pub struct ApiKey {
    secret: String,
    header: HeaderValue,
}

/// A key that no header can carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "OPENAI_API_KEY holds characters that no HTTP header can carry; set it to the key alone, on one line"
)]
pub struct ParseKeyError;

impl ApiKey {
    /// Takes a key as it stands in the environment; blanks around it are no part of it, and
    /// nothing but blanks is no key.
    ///
    /// # Errors
    /// When it holds characters that a header cannot carry.
    pub fn new(text: &str) -> Result<Option<Self>, ParseKeyError> {
        let secret = text.trim();
        if secret.is_empty() {
            return Ok(None);
        }
        let mut header = HeaderValue::from_str(&format!("Bearer {secret}")).map_err(|_| ParseKeyError)?;
        header.set_sensitive(true);
        Ok(Some(Self { secret: secret.to_owned(), header }))
    }

    /// The value of the `Authorization` header.
    pub(super) fn header(&self) -> HeaderValue {
        self.header.clone()
    }

    /// The text without the key, should a provider repeat it in what it says.
    pub(super) fn redact(&self, text: &str) -> String {
        text.replace(&self.secret, REDACTED)
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ApiKey").field(&REDACTED).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_part_of_the_key() {
        let key = ApiKey::new(" sk-12345 ").expect("plain").expect("not empty");
        assert_eq!(format!("{key:?}"), "ApiKey(\"[redacted]\")");
        assert_eq!(format!("{:?}", key.header()), "Sensitive");
    }

    #[test]
    fn a_key_that_a_provider_repeats_is_taken_out() {
        let key = ApiKey::new("sk-12345").expect("plain").expect("not empty");
        assert_eq!(key.redact("wrong key: sk-12345"), "wrong key: [redacted]");
    }

    #[test]
    fn blanks_are_no_key_and_line_breaks_are_an_error() {
        assert!(ApiKey::new("  ").expect("no error").is_none());
        assert_eq!(ApiKey::new("a\nb").err(), Some(ParseKeyError));
    }
}
