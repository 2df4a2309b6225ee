//! The lines, as far as they are of use. Their public description is that of the messages of the Claude
//! Agent SDK.

use std::{borrow::Cow, collections::BTreeMap};

use serde::{Deserialize, Deserializer, de::IgnoredAny};
use serde_json::Value;

/// What every line has.
#[derive(Debug, Deserialize)]
pub(super) struct Head<'line> {
    #[serde(rename = "type", borrow)]
    pub(super) kind: Cow<'line, str>,
    #[serde(default, borrow)]
    pub(super) subtype: Option<Cow<'line, str>>,
}

/// `system`, `init`: a session, or its next turn, begins.
#[derive(Debug, Deserialize)]
pub(super) struct Init {
    pub(super) session_id: Option<String>,
    pub(super) model: Option<String>,
}

/// `system`, `api_retry`: the model is asked again.
#[derive(Debug, Deserialize)]
pub(super) struct Retry {
    pub(super) attempt: Option<u32>,
    pub(super) retry_delay_ms: Option<f64>,
    pub(super) error: Option<String>,
}

/// `assistant`: a message of the model, or a part of one.
#[derive(Debug, Deserialize)]
pub(super) struct Assistant {
    pub(super) message: ModelMessage,
    pub(super) parent_tool_use_id: Option<String>,
    /// Why there is no answer of the model.
    pub(super) error: Option<String>,
}

/// `user`: what the model is asked; after the first time, what tools have given.
#[derive(Debug, Deserialize)]
pub(super) struct User {
    pub(super) message: UserMessage,
    pub(super) parent_tool_use_id: Option<String>,
}

/// `stream_event`: what the service of the model has sent.
#[derive(Debug, Deserialize)]
pub(super) struct Partial {
    pub(super) event: Api,
    pub(super) parent_tool_use_id: Option<String>,
}

/// `result`: what the session came to.
#[derive(Debug, Deserialize)]
pub(super) struct SessionResult {
    pub(super) is_error: Option<bool>,
    pub(super) total_cost_usd: Option<f64>,
    pub(super) usage: Option<Usage>,
    #[serde(rename = "modelUsage")]
    pub(super) model_usage: Option<BTreeMap<String, ModelUsage>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ModelMessage {
    pub(super) id: Option<String>,
    pub(super) model: Option<String>,
    #[serde(default)]
    pub(super) content: Content,
    pub(super) usage: Option<Usage>,
    pub(super) stop_reason: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct UserMessage {
    #[serde(default)]
    pub(super) content: Content,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Api {
    MessageStart {
        message: ModelMessage,
    },
    MessageDelta {
        delta: Option<Delta>,
        usage: Option<Usage>,
    },
    MessageStop,
    #[serde(other)]
    Other,
}

#[derive(Debug, Deserialize)]
pub(super) struct Delta {
    pub(super) stop_reason: Option<String>,
}

/// Blocks, or a text.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Content {
    Blocks(Vec<Block>),
    Text(IgnoredAny),
}

impl Content {
    pub(super) fn blocks(&self) -> &[Block] {
        match self {
            Content::Blocks(blocks) => blocks,
            Content::Text(_) => &[],
        }
    }
}

impl Default for Content {
    fn default() -> Self {
        Content::Text(IgnoredAny)
    }
}

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Block {
    ToolUse {
        id: String,
        name: String,
        #[serde(default)]
        input: Input,
    },
    ToolResult {
        tool_use_id: String,
        is_error: Option<bool>,
    },
    #[serde(other)]
    Other,
}

/// What a tool is given. No more than the kind of a sub-agent is read.
#[derive(Debug, Default)]
pub(super) struct Input {
    pub(super) subagent_type: Option<String>,
}

impl<'de> Deserialize<'de> for Input {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Whatever it is, it is the tool's business.
        let value = Value::deserialize(deserializer)?;
        Ok(Input { subagent_type: value.get("subagent_type").and_then(Value::as_str).map(str::to_owned) })
    }
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Usage {
    #[serde(default, deserialize_with = "count")]
    pub(super) input_tokens: Option<u64>,
    #[serde(default, deserialize_with = "count")]
    pub(super) output_tokens: Option<u64>,
    #[serde(default, deserialize_with = "count")]
    pub(super) cache_read_input_tokens: Option<u64>,
    #[serde(default, deserialize_with = "count")]
    pub(super) cache_creation_input_tokens: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ModelUsage {
    #[serde(default, deserialize_with = "count")]
    pub(super) input_tokens: Option<u64>,
    #[serde(default, deserialize_with = "count")]
    pub(super) output_tokens: Option<u64>,
    #[serde(default, deserialize_with = "count")]
    pub(super) cache_read_input_tokens: Option<u64>,
    #[serde(default, deserialize_with = "count")]
    pub(super) cache_creation_input_tokens: Option<u64>,
    #[serde(rename = "costUSD")]
    pub(super) cost_usd: Option<f64>,
}

/// A number of tokens. What is none, such as a negative number, says nothing, and costs the line nothing.
pub(crate) fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    Ok(Value::deserialize(deserializer)?.as_u64())
}
