//! Why a call to a model failed, and whether it is worth another try.

use std::time::Duration;

use thiserror::Error;

/// A failed call.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CallError {
    /// Too many calls; the provider may say when to come back.
    #[error("the model takes no more calls for now (status 429: {message}); lower --concurrency or wait")]
    RateLimited {
        /// How long the provider asks to wait.
        retry_after: Option<Duration>,
        /// What the provider says.
        message: String,
    },
    /// The provider refused.
    #[error("the model refused the call (status {status}: {message})")]
    Status {
        /// The HTTP status.
        status: u16,
        /// What the provider says.
        message: String,
    },
    /// The answer broke off.
    #[error("the answer broke off after {pieces} pieces; trying again may help")]
    Interrupted {
        /// The text that had arrived.
        received: String,
        /// The streamed pieces that it came in.
        pieces: u64,
        /// What the connection says, if it said anything.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// Nothing came for too long.
    #[error("the model was silent for {:.1} s; raise --call-timeout if the model is slow", limit.as_secs_f64())]
    Timeout {
        /// How long the model may be silent.
        limit: Duration,
        /// The streamed pieces that had arrived.
        pieces: u64,
    },
    /// No connection, or it broke before the answer began.
    #[error("the model at {endpoint} cannot be reached; check --model-url and that the service runs")]
    Unreachable {
        /// The URL that was called.
        endpoint: String,
        /// What the connection says.
        #[source]
        source: reqwest::Error,
    },
    /// What came is not an answer of this protocol.
    #[error("the endpoint does not answer as a chat-completions service does: {what}; check --model-url")]
    Protocol {
        /// What is wrong.
        what: &'static str,
        /// What the parser says, if it is a matter of parsing.
        #[source]
        source: Option<serde_json::Error>,
    },
}

impl CallError {
    /// A short stable word for the class of the error, usable as a label.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::RateLimited { .. } => "rate_limited",
            Self::Status { status: 500.., .. } => "server_error",
            Self::Status { .. } => "refused",
            Self::Interrupted { .. } => "interrupted",
            Self::Timeout { .. } => "timeout",
            Self::Unreachable { .. } => "unreachable",
            Self::Protocol { .. } => "protocol",
        }
    }

    /// Whether the same call may succeed if it is made again at once.
    ///
    /// A timeout is none of these: the caller has waited long enough and shall decide anew.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::RateLimited { .. } | Self::Interrupted { .. } | Self::Unreachable { .. } => true,
            Self::Status { status, .. } => matches!(status, 408 | 409 | 500..),
            Self::Timeout { .. } | Self::Protocol { .. } => false,
        }
    }

    /// How long the provider asks to wait before the next try.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}
