//! One request, up to the moment when its answer begins.

use std::time::{Duration, SystemTime};

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::{Response, StatusCode};
use tokio::time::timeout;

use super::endpoint::ModelEndpoint;
use super::error::CallError;
use super::key::ApiKey;
use super::stream::AnswerStream;
use crate::chat::{ChatRequest, ErrorBody};

/// How much of what a provider says about a refusal is repeated.
const MESSAGE_LIMIT: usize = 300;

/// A client of one endpoint. Cheap to clone; clones share their connections.
#[derive(Clone, Debug)]
pub struct ModelClient {
    http: reqwest::Client,
    endpoint: ModelEndpoint,
    key: Option<ApiKey>,
    limit: Duration,
}

impl ModelClient {
    /// A client that gives up a call when the endpoint is silent for longer than `limit`, before
    /// the answer or in its middle.
    ///
    /// # Errors
    /// When the system's TLS set-up is unusable.
    pub fn new(
        endpoint: ModelEndpoint,
        key: Option<ApiKey>,
        limit: Duration,
    ) -> Result<Self, reqwest::Error> {
        // A second call finds the provider installed, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder =
            reqwest::Client::builder().user_agent(concat!("flowspan/", env!("CARGO_PKG_VERSION")));
        if endpoint.is_loopback() {
            builder = builder.no_proxy();
        }
        Ok(Self { http: builder.build()?, endpoint, key, limit })
    }

    /// Where the calls go.
    pub fn endpoint(&self) -> &ModelEndpoint {
        &self.endpoint
    }

    /// Sends a request and waits until its answer begins.
    ///
    /// # Errors
    /// When there is no connection, when the provider refuses, or when nothing comes in time.
    pub async fn ask(&self, request: &ChatRequest) -> Result<AnswerStream, CallError> {
        let mut post = self.http.post(self.endpoint.url().clone()).json(request);
        if let Some(key) = &self.key {
            post = post.header(AUTHORIZATION, key.header());
        }
        let response = timeout(self.limit, post.send())
            .await
            .map_err(|_| CallError::Timeout { limit: self.limit, pieces: 0 })?
            .map_err(|source| self.unreachable(source))?;
        if !response.status().is_success() {
            return Err(timeout(self.limit, self.refusal(response))
                .await
                .unwrap_or(CallError::Timeout { limit: self.limit, pieces: 0 }));
        }
        let is_stream = response
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| value.starts_with("text/event-stream"));
        if !is_stream {
            return Err(CallError::Protocol { what: "the answer is no event stream", source: None });
        }
        Ok(AnswerStream::new(response, self.limit))
    }

    fn unreachable(&self, source: reqwest::Error) -> CallError {
        CallError::Unreachable { endpoint: self.endpoint.to_string(), source: source.without_url() }
    }

    async fn refusal(&self, response: Response) -> CallError {
        let status = response.status();
        let retry_after = retry_after(response.headers(), SystemTime::now());
        // The status alone says enough if the body cannot be read.
        let body = response.bytes().await.unwrap_or_default();
        let message = self.message(&body);
        if status == StatusCode::TOO_MANY_REQUESTS {
            CallError::RateLimited { retry_after, message }
        } else {
            CallError::Status { status: status.as_u16(), message }
        }
    }

    fn message(&self, body: &[u8]) -> String {
        let text = match serde_json::from_slice::<ErrorBody>(body) {
            Ok(body) => body.error.message,
            Err(_) => String::from_utf8_lossy(body).into_owned(),
        };
        let text = self.key.as_ref().map_or(text.clone(), |key| key.redact(&text));
        // What a stranger sends goes to a terminal, so no control characters.
        let shown: String = text.trim().chars().filter(|c| !c.is_control()).take(MESSAGE_LIMIT).collect();
        if shown.is_empty() { "no reason given".to_owned() } else { shown }
    }
}

/// How long to wait, from `Retry-After` in seconds or as a date.
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(value: &'static str) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, value.parse().expect("a header"));
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").expect("a date");
        retry_after(&headers, now)
    }

    #[test]
    fn retry_after_is_read_in_seconds_and_as_a_date() {
        assert_eq!(waits("7"), Some(Duration::from_secs(7)));
        assert_eq!(waits("Sun, 06 Nov 1994 08:49:40 GMT"), Some(Duration::from_secs(3)));
        assert_eq!(waits("Sun, 06 Nov 1994 08:00:00 GMT"), Some(Duration::ZERO));
        assert_eq!(waits("soon"), None);
    }
}
