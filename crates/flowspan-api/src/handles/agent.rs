//! Agents and their tools.

use flowspan_model::Field;
use tracing::{field::Empty, info_span};

use super::kind;
use crate::Handle;

/// One invocation of an agent in this program.
///
/// Model calls and tool calls inside it carry its name. What it consumed is the sum of its model
/// calls; report tokens there and nowhere else.
pub type Agent = Handle<kind::Agent>;

impl Agent {
    /// The agent of this name. The name becomes a label: keep it to a small set.
    #[inline]
    pub fn new(name: &str) -> Self {
        Handle::from_span(info_span!(
            target: "flowspan",
            "agent",
            flowspan.status = Empty,
            flowspan.attempt = Empty,
            gen_ai.operation.name = "invoke_agent",
            gen_ai.agent.name = name,
            "error.type" = Empty,
            otel.status_code = Empty,
            otel.status_description = Empty,
        ))
    }

    /// Sets which attempt at the same work this is, from 1.
    #[inline]
    #[must_use]
    pub fn attempt(self, attempt: u32) -> Self {
        self.record(Field::Attempt, i64::from(attempt))
    }
}

/// One call of a tool.
pub type ToolCall = Handle<kind::ToolCall>;

impl ToolCall {
    /// A call of the tool of this name. The name becomes a label: keep it to a small set.
    #[inline]
    pub fn new(name: &str) -> Self {
        Handle::from_span(info_span!(
            target: "flowspan",
            "tool_call",
            flowspan.status = Empty,
            gen_ai.operation.name = "execute_tool",
            gen_ai.tool.name = name,
            gen_ai.tool.type = "function",
            gen_ai.tool.call.id = Empty,
            "error.type" = Empty,
            otel.status_code = Empty,
            otel.status_description = Empty,
        ))
    }

    /// Sets the identifier that the model gave to this call.
    #[inline]
    #[must_use]
    pub fn call_id(self, id: &str) -> Self {
        self.record(Field::ToolCallId, id)
    }
}
