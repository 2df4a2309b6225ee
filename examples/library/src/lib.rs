//! A library that is observable and depends on `flowspan-api` alone: no OpenTelemetry comes into the
//! dependency tree of its users, and if nobody listens it costs a few nanoseconds.
//!
//! `tests/heard.rs` is a program that listens.

use std::{fmt, future::Future};

use flowspan_api::{Agent, Inference, Usage, tool};

/// An answer of a model, with what it consumed.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The text.
    pub text: String,
    /// What the provider reported.
    pub usage: Usage,
}

/// A model could not be asked.
#[derive(Debug)]
pub struct ModelError;

impl fmt::Display for ModelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the model does not answer")
    }
}

impl std::error::Error for ModelError {}

/// Summarises a text with a model that the caller brings.
///
/// # Errors
///
/// The model does not answer.
pub async fn summarise<F>(text: &str, model: impl FnOnce(String) -> F) -> Result<String, ModelError>
where
    F: Future<Output = Result<Answer, ModelError>>,
{
    Agent::new("summariser")
        .run(async {
            let call = Inference::chat("example", "tiny");
            let answer = call.run(model(shortened(text))).await?;
            call.usage(answer.usage);
            Ok(answer.text)
        })
        .await
}

#[tool(name = "shorten")]
fn shortened(text: &str) -> String {
    text.chars().take(2000).collect()
}
