//! The language of Codex: `codex exec --json`.

use flowspan_api::{Status, Verdict};
use serde::Deserialize;

use crate::{
    claude::count,
    conversation::{Conversation, Message},
    counts::Heard,
    reader::Dialect,
    settlement::Tokens,
};

/// The class of a tool's failure: why it failed stands in a text for the model.
const TOOL_ERROR: &str = "tool_error";
/// The class of a turn's failure, for the same reason.
const TURN_FAILED: &str = "turn_failed";

#[derive(Debug)]
pub(crate) struct Codex {
    conversation: Conversation,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "type")]
enum Line {
    #[serde(rename = "thread.started")]
    ThreadStarted { thread_id: Option<String> },
    #[serde(rename = "turn.started")]
    TurnStarted,
    #[serde(rename = "turn.completed")]
    TurnCompleted { usage: Option<Usage> },
    #[serde(rename = "turn.failed")]
    TurnFailed,
    #[serde(rename = "item.started")]
    ItemStarted { item: Item },
    #[serde(rename = "item.updated")]
    ItemUpdated,
    #[serde(rename = "item.completed")]
    ItemCompleted { item: Item },
    /// Something went wrong. It need not be the end: a broken connection is made anew.
    #[serde(rename = "error")]
    Error,
    #[serde(other)]
    Other,
}

#[derive(Debug, Deserialize)]
struct Item {
    id: String,
    #[serde(rename = "type", alias = "item_type")]
    kind: String,
    status: Option<String>,
    exit_code: Option<i64>,
    server: Option<String>,
    tool: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Usage {
    #[serde(default, deserialize_with = "count")]
    input_tokens: Option<u64>,
    #[serde(default, deserialize_with = "count")]
    cached_input_tokens: Option<u64>,
    #[serde(default, deserialize_with = "count")]
    output_tokens: Option<u64>,
}

impl Codex {
    pub(crate) fn new(conversation: Conversation) -> Self {
        Codex { conversation }
    }

    fn start(&mut self, item: &Item) {
        if let Some(tool) = item.tool() {
            self.conversation.call_tool(None, &item.id, &tool, None);
        }
    }

    fn complete(&mut self, item: &Item) {
        // Some are not said to begin.
        self.start(item);
        let has_failed = item.status.as_deref().is_some_and(|status| matches!(status, "failed" | "declined"));
        let verdict = if has_failed || item.exit_code.is_some_and(|code| code != 0) {
            Verdict::ended(Status::Failed).error_type(TOOL_ERROR)
        } else {
            Verdict::success()
        };
        self.conversation.end_tool(&item.id, &verdict);
    }
}

impl Dialect for Codex {
    fn line(&mut self, line: &[u8]) -> Heard {
        let Ok(line) = serde_json::from_slice(line) else { return Heard::Malformed };
        match line {
            Line::ThreadStarted { thread_id } => {
                self.conversation.begin_session(thread_id.as_deref(), None);
            }
            Line::TurnStarted => {
                self.conversation.begin_session(None, None);
                self.conversation.ask(None);
            }
            Line::TurnCompleted { usage } => {
                let tokens = usage.as_ref().map(Usage::tokens);
                self.conversation.answer(None, Message { tokens, ..Message::default() });
                self.conversation.settle(&[], Verdict::success());
            }
            Line::TurnFailed => {
                self.conversation.fail(None, TURN_FAILED);
                let verdict = Verdict::ended(Status::Failed).error_type(TURN_FAILED);
                self.conversation.settle(&[], verdict);
            }
            Line::ItemStarted { item } => self.start(&item),
            Line::ItemCompleted { item } => self.complete(&item),
            Line::ItemUpdated | Line::Error => {}
            Line::Other => return Heard::Unknown,
        }
        Heard::Understood
    }

    fn conversation(&mut self) -> &mut Conversation {
        &mut self.conversation
    }
}

impl Item {
    /// What it is called as a tool, if it is one.
    fn tool(&self) -> Option<String> {
        match self.kind.as_str() {
            "command_execution" | "file_change" | "web_search" => Some(self.kind.clone()),
            "mcp_tool_call" => {
                let parts = [self.server.as_deref(), self.tool.as_deref()];
                Some(parts.into_iter().flatten().collect::<Vec<_>>().join("."))
            }
            _ => None,
        }
    }
}

impl Usage {
    /// Here, what is cached is a part of the input.
    fn tokens(&self) -> Tokens {
        let cache_read = self.cached_input_tokens.unwrap_or_default();
        Tokens {
            input: self.input_tokens.unwrap_or_default().saturating_sub(cache_read),
            output: self.output_tokens.unwrap_or_default(),
            cache_read,
            cache_write: 0,
        }
    }
}
