//! Where a model is.

use std::fmt;
use std::str::FromStr;

use reqwest::Url;
use thiserror::Error;

/// What every chat endpoint ends with.
const PATH: [&str; 2] = ["chat", "completions"];

/// The URL of a chat endpoint, made from the base URL that providers document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelEndpoint(Url);

/// A text that is no base URL.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "{value:?} is no model URL: {reason}; give the base URL of an OpenAI-compatible service, such as https://api.openai.com/v1"
)]
pub struct ParseEndpointError {
    value: String,
    reason: &'static str,
}

impl ModelEndpoint {
    /// The URL to post to.
    pub(super) fn url(&self) -> &Url {
        &self.0
    }

    /// Whether the model runs on this machine, where no proxy can reach it for us.
    pub(super) fn is_loopback(&self) -> bool {
        match self.0.host_str() {
            Some("localhost") => true,
            Some(host) => {
                let bare = host.trim_start_matches('[').trim_end_matches(']');
                bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
            }
            None => false,
        }
    }

    /// The host and the port, as attributes of a call name them.
    pub fn server(&self) -> (&str, u16) {
        let port = self.0.port_or_known_default().unwrap_or(443);
        (self.0.host_str().unwrap_or_default(), port)
    }
}

impl FromStr for ModelEndpoint {
    type Err = ParseEndpointError;

    fn from_str(value: &str) -> Result<Self, Self::Err> {
        let wrong = |reason| ParseEndpointError { value: value.to_owned(), reason };
        let mut url = Url::parse(value.trim()).map_err(|_| wrong("it cannot be read as a URL"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(wrong("its scheme is neither http nor https"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(ParseEndpointError {
                value: "…".to_owned(),
                reason: "it contains a password, which belongs into OPENAI_API_KEY",
            });
        }
        let complete = url.path().trim_end_matches('/').ends_with("/chat/completions");
        if !complete {
            // A URL with the scheme http or https always has a path to append to.
            if let Ok(mut segments) = url.path_segments_mut() {
                segments.pop_if_empty().extend(PATH);
            }
        }
        Ok(Self(url))
    }
}

impl fmt::Display for ModelEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(value: &str) -> Result<String, String> {
        value.parse::<ModelEndpoint>().map(|endpoint| endpoint.to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_base_url_is_completed_and_a_complete_one_is_kept() {
        let whole = Ok("https://api.openai.com/v1/chat/completions".to_owned());
        assert_eq!(parsed("https://api.openai.com/v1"), whole);
        assert_eq!(parsed("https://api.openai.com/v1/"), whole);
        assert_eq!(parsed("https://api.openai.com/v1/chat/completions"), whole);
    }

    #[test]
    fn what_is_no_url_is_named_with_the_accepted_form() {
        let error = parsed("api.openai.com").expect_err("no scheme");
        assert!(error.contains("api.openai.com") && error.contains("https://api.openai.com/v1"), "{error}");
        assert!(parsed("ftp://x/v1").is_err());
    }

    #[test]
    fn a_password_in_the_url_is_refused_and_not_repeated() {
        let error = parsed("http://me:secret@host/v1").expect_err("a password");
        assert!(!error.contains("secret"), "{error}");
    }

    #[test]
    fn loopback_is_known_by_name_and_by_address() {
        let loopback = |value: &str| value.parse::<ModelEndpoint>().expect("a URL").is_loopback();
        assert!(
            loopback("http://localhost:1/v1") && loopback("http://127.0.0.1:1") && loopback("http://[::1]:1")
        );
        assert!(!loopback("https://api.openai.com/v1"));
    }
}
