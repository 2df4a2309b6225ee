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
            gen_ai.agent.description = Empty,
            gen_ai.conversation.id = Empty,
            gen_ai.data_source.id = Empty,
            gen_ai.request.model = Empty,
            gen_ai.output.type = Empty,
            "error.type" = Empty,
            otel.status_code = Empty,
            otel.status_description = Empty,
        ))
    }

    /// Sets what the agent is for.
    #[inline]
    #[must_use]
    pub fn description(self, description: &str) -> Self {
        self.record(Field::AgentDescription, description)
    }

    /// Sets the conversation to which the work belongs, if you or the provider have an identifier of it.
    /// Do not make one up: what differs for each run says nothing.
    #[inline]
    #[must_use]
    pub fn conversation_id(self, id: &str) -> Self {
        self.record(Field::ConversationId, id)
    }

    /// Sets the data source from which the agent knows what it knows.
    #[inline]
    #[must_use]
    pub fn data_source(self, id: &str) -> Self {
        self.record(Field::DataSource, id)
    }

    /// Sets the model that the agent asks, if it is always the same. It becomes a label.
    #[inline]
    #[must_use]
    pub fn model(self, model: &str) -> Self {
        self.record(Field::RequestModel, model)
    }

    /// Sets the kind of output that is asked for: `text`, `json`, `image` or `speech`.
    #[inline]
    #[must_use]
    pub fn output_type(self, output_type: &str) -> Self {
        self.record(Field::OutputType, output_type)
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
            gen_ai.tool.description = Empty,
            gen_ai.conversation.id = Empty,
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

    /// Sets what the tool is for.
    #[inline]
    #[must_use]
    pub fn description(self, description: &str) -> Self {
        self.record(Field::ToolDescription, description)
    }

    /// Sets the type of the tool: `function` for what runs in this program, `extension` for what the
    /// agent's side runs, `datastore`. Default: `function`.
    #[inline]
    #[must_use]
    pub fn tool_type(self, tool_type: &str) -> Self {
        self.record(Field::ToolType, tool_type)
    }

    /// Sets the conversation to which the work belongs, if you or the provider have an identifier of it.
    /// Do not make one up: what differs for each run says nothing.
    #[inline]
    #[must_use]
    pub fn conversation_id(self, id: &str) -> Self {
        self.record(Field::ConversationId, id)
    }
}
