//! The chat-completions protocol, as far as client and embedded server need it.
//!
//! Both sides share these types, so the embedded server is spoken to exactly as any other
//! OpenAI-compatible endpoint. Fields that a provider may leave out are optional or defaulted;
//! fields that nobody here reads are not declared.

use serde::{Deserialize, Serialize};

/// Who wrote a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Standing instructions.
    System,
    /// The caller.
    User,
    /// The model.
    Assistant,
}

/// One turn of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Who wrote it.
    pub role: Role,
    /// What it says.
    pub content: String,
}

impl Message {
    /// Standing instructions.
    pub fn system(content: impl Into<String>) -> Self {
        Self { role: Role::System, content: content.into() }
    }

    /// A message of the caller.
    pub fn user(content: impl Into<String>) -> Self {
        Self { role: Role::User, content: content.into() }
    }

    /// An earlier answer of the model.
    pub fn assistant(content: impl Into<String>) -> Self {
        Self { role: Role::Assistant, content: content.into() }
    }
}

/// The body of `POST /v1/chat/completions`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatRequest {
    /// The model that shall answer.
    pub model: String,
    /// The conversation so far, oldest first.
    pub messages: Vec<Message>,
    /// Whether the answer comes as server-sent events.
    #[serde(default)]
    pub stream: bool,
    /// What a streamed answer shall contain besides text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream_options: Option<StreamOptions>,
    /// The form that the answer shall have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_format: Option<ResponseFormat>,
}

impl ChatRequest {
    /// A request for a streamed JSON answer that ends with its usage.
    pub fn streaming_json(model: impl Into<String>, messages: Vec<Message>) -> Self {
        Self {
            model: model.into(),
            messages,
            stream: true,
            stream_options: Some(StreamOptions { include_usage: true }),
            response_format: Some(ResponseFormat::JsonObject),
        }
    }

    /// Whether the client asked to be told the usage of a streamed answer.
    pub fn wants_usage(&self) -> bool {
        self.stream_options.is_some_and(|options| options.include_usage)
    }
}

/// Options of a streamed answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamOptions {
    /// Whether a last chunk reports the usage.
    #[serde(default)]
    pub include_usage: bool,
}

/// The form of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ResponseFormat {
    /// Free text.
    Text,
    /// One JSON object.
    JsonObject,
}

/// Tokens of one call, as a provider reports them.
///
/// Cached tokens are a part of the prompt, reasoning tokens are a part of the completion.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportedUsage {
    /// Tokens of the whole conversation that was sent.
    pub prompt_tokens: u64,
    /// Tokens of the answer, with those of the reasoning.
    pub completion_tokens: u64,
    /// Prompt and completion together.
    #[serde(default)]
    pub total_tokens: u64,
    /// What the prompt tokens consist of.
    #[serde(default)]
    pub prompt_tokens_details: Option<PromptDetails>,
    /// What the completion tokens consist of.
    #[serde(default)]
    pub completion_tokens_details: Option<CompletionDetails>,
}

impl ReportedUsage {
    /// Tokens of the prompt that the provider had in its cache.
    pub fn cached(&self) -> u64 {
        self.prompt_tokens_details.and_then(|details| details.cached_tokens).unwrap_or(0)
    }

    /// Tokens of the completion that were reasoning.
    pub fn reasoning(&self) -> u64 {
        self.completion_tokens_details.and_then(|details| details.reasoning_tokens).unwrap_or(0)
    }
}

/// What the prompt tokens consist of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromptDetails {
    /// Tokens that came from the provider's prompt cache.
    #[serde(default)]
    pub cached_tokens: Option<u64>,
}

/// What the completion tokens consist of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompletionDetails {
    /// Tokens that the model spent on thinking.
    #[serde(default)]
    pub reasoning_tokens: Option<u64>,
}

/// One `chat.completion.chunk` of a streamed answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chunk {
    /// The id of the answer, the same in all its chunks.
    #[serde(default)]
    pub id: String,
    /// Always `chat.completion.chunk`.
    #[serde(default)]
    pub object: String,
    /// The model that answers.
    #[serde(default)]
    pub model: String,
    /// The next piece; empty in the chunk that reports the usage.
    #[serde(default)]
    pub choices: Vec<ChunkChoice>,
    /// The usage, in the last chunk alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<ReportedUsage>,
    /// What went wrong, when a provider gives up after its answer has begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorDetail>,
}

/// The next piece of one alternative of a streamed answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChunkChoice {
    /// Which alternative.
    #[serde(default)]
    pub index: u32,
    /// What is new.
    #[serde(default)]
    pub delta: Delta,
    /// Why the model stopped, once it has.
    #[serde(default)]
    pub finish_reason: Option<String>,
}

/// What a chunk adds to the answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delta {
    /// The author, in the first chunk alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Further text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
}

/// An answer that came in one piece.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Completion {
    /// The id of the answer.
    pub id: String,
    /// Always `chat.completion`.
    pub object: String,
    /// The model that answered.
    pub model: String,
    /// The alternatives; the embedded server gives one.
    pub choices: Vec<CompletionChoice>,
    /// The usage of the call.
    pub usage: ReportedUsage,
}

/// One alternative of an answer that came in one piece.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompletionChoice {
    /// Which alternative.
    pub index: u32,
    /// The answer.
    pub message: Message,
    /// Why the model stopped.
    pub finish_reason: String,
}

/// The body of a refusal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// What went wrong.
    pub error: ErrorDetail,
}

/// What a provider says about a refusal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorDetail {
    /// For people.
    pub message: String,
    /// For programs: the class of the error.
    #[serde(default, rename = "type")]
    pub kind: String,
}
