//! An answer, while it comes.

use std::collections::VecDeque;
use std::pin::Pin;
use std::time::Duration;

use axum::body::Bytes;
use futures_util::{Stream, StreamExt};
use sse_stream::SseByteStream;
use tokio::time::timeout;

use super::error::CallError;
use crate::chat::{Chunk, ReportedUsage};

/// What a stream of an answer brings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnswerEvent {
    /// The answer began.
    Opened {
        /// The id of the answer.
        id: String,
        /// The model that answers, which may be a version of the one that was asked.
        model: String,
    },
    /// The next piece of text.
    Text(String),
    /// The model stopped, for this reason.
    Finished(String),
    /// The provider reports the tokens of the call.
    Usage(ReportedUsage),
}

type ByteStream = Pin<Box<dyn Stream<Item = Result<Bytes, reqwest::Error>> + Send>>;

/// An answer, while it comes. Dropping it ends the call.
pub struct AnswerStream {
    events: SseByteStream<ByteStream>,
    limit: Duration,
    ready: VecDeque<AnswerEvent>,
    received: String,
    pieces: u64,
    progress: Progress,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    Silent,
    Opened,
    Finished,
    Ended,
}

impl AnswerStream {
    pub(super) fn new(response: reqwest::Response, limit: Duration) -> Self {
        let bytes: ByteStream = Box::pin(response.bytes_stream());
        Self {
            events: SseByteStream::new(bytes),
            limit,
            ready: VecDeque::new(),
            received: String::new(),
            pieces: 0,
            progress: Progress::Silent,
        }
    }

    /// The next event; none when the answer is complete.
    ///
    /// # Errors
    /// When the stream breaks off, brings something else than chunks, or falls silent.
    pub async fn next(&mut self) -> Result<Option<AnswerEvent>, CallError> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Ok(Some(event));
            }
            if self.progress == Progress::Ended {
                return Ok(None);
            }
            self.receive().await?;
        }
    }

    /// The text that has arrived so far.
    pub fn received(&self) -> &str {
        &self.received
    }

    async fn receive(&mut self) -> Result<(), CallError> {
        let next = timeout(self.limit, self.events.next())
            .await
            .map_err(|_| CallError::Timeout { limit: self.limit, pieces: self.pieces })?;
        match next {
            Some(Ok(event)) => self.take(event.data.as_deref().unwrap_or_default()),
            Some(Err(error)) => Err(self.interrupted(Some(error.into()))),
            // Some services close the connection without the closing mark.
            None if self.progress == Progress::Finished => {
                self.progress = Progress::Ended;
                Ok(())
            }
            None => Err(self.interrupted(None)),
        }
    }

    fn take(&mut self, data: &str) -> Result<(), CallError> {
        if data.is_empty() {
            return Ok(());
        }
        if data == "[DONE]" {
            self.progress = Progress::Ended;
            return Ok(());
        }
        let chunk: Chunk = serde_json::from_str(data).map_err(|source| CallError::Protocol {
            what: "an event of the stream is no chunk",
            source: Some(source),
        })?;
        if let Some(error) = chunk.error {
            return Err(self.interrupted(Some(error.message.into())));
        }
        if self.progress == Progress::Silent {
            self.progress = Progress::Opened;
            self.ready.push_back(AnswerEvent::Opened { id: chunk.id, model: chunk.model });
        }
        // One answer was asked for; further alternatives are not ours.
        if let Some(choice) = chunk.choices.into_iter().find(|choice| choice.index == 0) {
            if let Some(text) = choice.delta.content.filter(|text| !text.is_empty()) {
                self.received.push_str(&text);
                self.pieces += 1;
                self.ready.push_back(AnswerEvent::Text(text));
            }
            if let Some(reason) = choice.finish_reason {
                self.progress = Progress::Finished;
                self.ready.push_back(AnswerEvent::Finished(reason));
            }
        }
        self.ready.extend(chunk.usage.map(AnswerEvent::Usage));
        Ok(())
    }

    fn interrupted(&mut self, source: Option<Box<dyn std::error::Error + Send + Sync>>) -> CallError {
        CallError::Interrupted { received: std::mem::take(&mut self.received), pieces: self.pieces, source }
    }
}
