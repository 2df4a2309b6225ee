//! A client for OpenAI-compatible chat endpoints that streams its answers.
//!
//! [`ModelClient::ask`] sends one request and gives an [`AnswerStream`]; [`RetryPolicy::run`] repeats
//! what may succeed the next time. The two are apart, so that a caller sees every attempt (and
//! gives each its own span) instead of one call that took strangely long.

mod client;
mod endpoint;
mod error;
mod key;
mod retry;
mod stream;

pub use client::ModelClient;
pub use endpoint::{ModelEndpoint, ParseEndpointError};
pub use error::CallError;
pub use key::{ApiKey, ParseKeyError};
pub use retry::RetryPolicy;
pub use stream::{AnswerEvent, AnswerStream};
