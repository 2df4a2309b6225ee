//! Asking the parts over HTTP, without TLS: everything is on loopback.

use std::{sync::LazyLock, time::Duration};

use serde::de::DeserializeOwned;
use ureq::Agent;

use crate::StackError;

static AGENT: LazyLock<Agent> = LazyLock::new(|| {
    Agent::config_builder()
        .timeout_global(Some(Duration::from_secs(10)))
        .http_status_as_error(false)
        // A proxy of the environment has no way to our loopback.
        .proxy(None)
        .build()
        .into()
});

/// Status and body of `GET url`, whatever the status.
pub(crate) fn get(url: &str, query: &[(&str, &str)]) -> Result<(u16, String), StackError> {
    let failed = |error| StackError::Http { url: url.to_owned(), source: Box::new(error) };
    let mut answer = AGENT.get(url).query_pairs(query.iter().copied()).call().map_err(failed)?;
    let body = answer
        .body_mut()
        .with_config()
        // The default of 10 MB is less than one trace of a load test.
        .limit(512 * 1024 * 1024)
        .read_to_string()
        .map_err(failed)?;
    Ok((answer.status().as_u16(), body))
}

/// The body of a `GET` that must succeed.
pub(crate) fn text(url: &str) -> Result<String, StackError> {
    success(url, get(url, &[])?)
}

/// The decoded body of a `GET` that must succeed.
pub(crate) fn json<T: DeserializeOwned>(url: &str, query: &[(&str, &str)]) -> Result<T, StackError> {
    decode(url, &success(url, get(url, query)?)?)
}

/// Whether `url` answers with a success.
pub(crate) fn is_ready(url: &str) -> bool {
    get(url, &[]).is_ok_and(|(status, _)| (200..300).contains(&status))
}

pub(crate) fn success(url: &str, (status, body): (u16, String)) -> Result<String, StackError> {
    if (200..300).contains(&status) {
        Ok(body)
    } else {
        Err(StackError::Refused { url: url.to_owned(), status, body: body.chars().take(500).collect() })
    }
}

pub(crate) fn decode<T: DeserializeOwned>(url: &str, body: &str) -> Result<T, StackError> {
    serde_json::from_str(body).map_err(|source| StackError::Decode { url: url.to_owned(), source })
}
