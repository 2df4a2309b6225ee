//! The language of the Claude command line: `--output-format stream-json`.

mod form;

pub(crate) use form::count;

use std::{str, time::Duration};

use flowspan_api::{Status, Verdict, event};

use self::form::{Api, Assistant, Block, Head, Init, Partial, Retry, SessionResult, Usage, User};
use crate::{
    conversation::{Conversation, Message},
    counts::Heard,
    reader::Dialect,
    settlement::{Tokens, Total},
};

/// What stands in place of a model if the command line itself says something.
const SYNTHETIC: &str = "<synthetic>";
/// The class of a tool's failure: why it failed stands in a text for the model.
const TOOL_ERROR: &str = "tool_error";

#[derive(Debug)]
pub(crate) struct Claude {
    conversation: Conversation,
    /// The class of the last error that kept the model from answering.
    error: Option<String>,
    /// The message that comes in parts, by `--include-partial-messages`.
    partial: Option<String>,
}

impl Claude {
    pub(crate) fn new(conversation: Conversation) -> Self {
        Claude { conversation, error: None, partial: None }
    }
}

impl Dialect for Claude {
    fn line(&mut self, line: &[u8]) -> Heard {
        self.understand(line).unwrap_or(Heard::Malformed)
    }

    fn conversation(&mut self) -> &mut Conversation {
        &mut self.conversation
    }
}

impl Claude {
    fn understand(&mut self, line: &[u8]) -> Result<Heard, serde_json::Error> {
        let head: Head<'_> = serde_json::from_slice(line)?;
        match (head.kind.as_ref(), head.subtype.as_deref()) {
            ("system", Some("init")) => {
                let init: Init = serde_json::from_slice(line)?;
                self.conversation.begin_session(init.session_id.as_deref(), init.model.as_deref());
                self.conversation.ask(None);
            }
            ("system", Some("api_retry")) => self.retry(&serde_json::from_slice(line)?),
            ("assistant", _) => self.assistant(&serde_json::from_slice(line)?),
            ("user", _) => self.user(&serde_json::from_slice(line)?),
            ("stream_event", _) => self.partial(&serde_json::from_slice(line)?),
            ("result", subtype) => {
                let subtype = subtype.map(str::to_owned);
                self.result(&serde_json::from_slice(line)?, subtype.as_deref());
            }
            ("system", _) => {}
            _ => return Ok(Heard::Unknown),
        }
        Ok(Heard::Understood)
    }

    fn assistant(&mut self, line: &Assistant) {
        let thread = line.parent_tool_use_id.as_deref();
        let message = &line.message;
        if line.error.is_some() || message.model.as_deref() == Some(SYNTHETIC) {
            let error = line.error.clone().unwrap_or_else(|| "_OTHER".to_owned());
            self.conversation.fail(thread, &error);
            self.error = Some(error);
            return;
        }
        self.conversation.answer(
            thread,
            Message {
                id: message.id.as_deref(),
                model: message.model.as_deref(),
                tokens: message.usage.as_ref().map(Usage::tokens),
                stop_reason: message.stop_reason.as_deref(),
            },
        );
        for block in message.content.blocks() {
            if let Block::ToolUse { id, name, input } = block {
                let starts_agent = ["Task", "Agent"].contains(&name.as_str());
                let agent = starts_agent.then(|| input.subagent_type.as_deref().unwrap_or(name));
                self.conversation.call_tool(thread, id, name, agent);
            }
        }
    }

    fn user(&mut self, line: &User) {
        let thread = line.parent_tool_use_id.as_deref();
        for block in line.message.content.blocks() {
            if let Block::ToolResult { tool_use_id, is_error } = block {
                let verdict = if is_error.unwrap_or(false) {
                    Verdict::ended(Status::Failed).error_type(TOOL_ERROR)
                } else {
                    Verdict::success()
                };
                self.conversation.end_tool(tool_use_id, &verdict);
            }
        }
        self.conversation.ask(thread);
    }

    fn retry(&mut self, line: &Retry) {
        // The first retry is the second attempt.
        let attempt = line.attempt.unwrap_or(1).saturating_add(1);
        let delay = Duration::try_from_secs_f64(line.retry_delay_ms.unwrap_or(0.0) / 1_000.0);
        let reason = line.error.as_deref().unwrap_or("unknown");
        let waiting = self.conversation.waiting(None);
        waiting.in_scope(|| event::retry(attempt, delay.unwrap_or_default(), reason));
    }

    /// A part of a message. What the whole message says again comes to the same.
    fn partial(&mut self, line: &Partial) {
        let thread = line.parent_tool_use_id.as_deref();
        match &line.event {
            Api::MessageStart { message } => {
                self.partial.clone_from(&message.id);
                let message = Message {
                    id: message.id.as_deref(),
                    model: message.model.as_deref(),
                    tokens: message.usage.as_ref().map(Usage::tokens),
                    stop_reason: None,
                };
                self.conversation.answer(thread, message);
            }
            Api::MessageDelta { delta, usage } if self.partial.is_some() => {
                let message = Message {
                    id: self.partial.as_deref(),
                    model: None,
                    tokens: usage.as_ref().map(Usage::tokens),
                    stop_reason: delta.as_ref().and_then(|delta| delta.stop_reason.as_deref()),
                };
                self.conversation.answer(thread, message);
            }
            Api::MessageStop => {
                self.partial = None;
                self.conversation.end_answers(thread);
            }
            Api::MessageDelta { .. } | Api::Other => {}
        }
    }

    fn result(&mut self, line: &SessionResult, subtype: Option<&str>) {
        let verdict = match (line.is_error.unwrap_or(false), subtype) {
            (false, None | Some("success")) => Verdict::success(),
            (_, Some(subtype)) if subtype != "success" => {
                Verdict::ended(Status::Failed).error_type(subtype.to_owned())
            }
            _ => {
                let error = self.error.take().unwrap_or_else(|| "_OTHER".to_owned());
                Verdict::ended(Status::Failed).error_type(error)
            }
        };
        self.conversation.settle(&totals(line), verdict);
        self.error = None;
    }
}

/// What the session came to, for each model if that is said.
fn totals(line: &SessionResult) -> Vec<Total> {
    let is_cost = |cost: &f64| cost.is_finite() && *cost >= 0.0;
    let all = line.total_cost_usd.filter(is_cost);
    let of_model = |(model, usage): (&String, &form::ModelUsage)| Total {
        model: Some(model.clone()),
        tokens: usage.tokens(),
        cost: usage.cost_usd.filter(is_cost),
    };
    let mut totals: Vec<_> = line.model_usage.iter().flatten().map(of_model).collect();
    if totals.is_empty() {
        let tokens = line.usage.as_ref().map(Usage::tokens).unwrap_or_default();
        return vec![Total { model: None, tokens, cost: all }];
    }
    // What the models do not say of the cost, the session does.
    let told: f64 = totals.iter().filter_map(|total| total.cost).sum();
    let left = all.map_or(0.0, |all| all - told);
    if let Some(last) = totals.last_mut().filter(|_| left > told * 1e-9) {
        last.cost = Some(last.cost.unwrap_or_default() + left);
    }
    totals
}

impl Usage {
    fn tokens(&self) -> Tokens {
        Tokens {
            input: self.input_tokens.unwrap_or_default(),
            output: self.output_tokens.unwrap_or_default(),
            cache_read: self.cache_read_input_tokens.unwrap_or_default(),
            cache_write: self.cache_creation_input_tokens.unwrap_or_default(),
        }
    }
}

impl form::ModelUsage {
    fn tokens(&self) -> Tokens {
        Tokens {
            input: self.input_tokens.unwrap_or_default(),
            output: self.output_tokens.unwrap_or_default(),
            cache_read: self.cache_read_input_tokens.unwrap_or_default(),
            cache_write: self.cache_creation_input_tokens.unwrap_or_default(),
        }
    }
}
