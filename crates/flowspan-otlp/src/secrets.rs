//! Keeping secrets out of what people read.

use std::fmt;
use std::sync::Arc;

use flowspan_runtime::without_credentials;
use http::{HeaderName, HeaderValue};

/// Shorter values than this are no secrets, and would tear holes into every text.
const SHORTEST_SECRET: usize = 6;
/// Longer texts than this are no error messages.
const LONGEST_TEXT: usize = 300;

/// Takes the values of the headers that are sent out of texts that come from elsewhere: a server may
/// echo what it was sent.
#[derive(Clone, Default)]
pub(crate) struct Secrets {
    values: Arc<[String]>,
}

impl Secrets {
    pub(crate) fn of_headers(headers: &[(HeaderName, HeaderValue)]) -> Self {
        let mut values: Vec<String> = headers
            .iter()
            .filter_map(|(_, value)| value.to_str().ok())
            .flat_map(|value| std::iter::once(value).chain(value.split_whitespace()))
            .filter(|value| value.len() >= SHORTEST_SECRET)
            .map(str::to_owned)
            .collect();
        // The longest first, so that no part is left of a whole.
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        values.dedup();
        Secrets { values: values.into() }
    }

    /// The text on one line, cut to a sensible length, without secrets.
    pub(crate) fn clean(&self, text: &str) -> String {
        let mut text: String =
            text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect();
        for value in self.values.iter() {
            text = text.replace(value.as_str(), "[redacted]");
        }
        let text = without_credentials(&text);
        match text.char_indices().nth(LONGEST_TEXT) {
            Some((end, _)) => format!("{}…", &text[..end]),
            None => text,
        }
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_echoed_header_is_not_shown() {
        let secrets = Secrets::of_headers(&[(
            http::header::AUTHORIZATION,
            HeaderValue::from_static("Bearer sk-canary-1234567"),
        )]);
        let text = secrets.clean("bad token sk-canary-1234567 at http://u:pass@host/?k=v\nnext");
        assert_eq!(text, "bad token [redacted] at http://[redacted]@host/?[redacted] next");
    }

    #[test]
    fn a_long_text_is_cut() {
        assert_eq!(Secrets::default().clean(&"x".repeat(1000)).chars().count(), LONGEST_TEXT + 1);
    }
}
