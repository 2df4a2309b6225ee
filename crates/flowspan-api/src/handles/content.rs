//! What people, models and tools say to each other.
//!
//! Everything here takes a function that makes the content, and runs it only if somebody wants content,
//! which by default nobody does. The conventions ask for JSON: what `flowspan_content` has for messages
//! writes itself so, and so does a `serde_json::Value`.

use std::fmt::Display;

use flowspan_model::Sealed;
use tracing::{Span, field::display};

use super::{Agent, Inference, Memory, Retrieval, ToolCall, Workflow};

impl Inference {
    /// Offers the messages that go to the model, as `gen_ai.input.messages`.
    ///
    /// ```
    /// # use flowspan_api::Inference;
    /// let call = Inference::chat("openai", "gpt-5-mini");
    /// call.input_messages(|| r#"[{"role":"user","parts":[{"type":"text","content":"Why?"}]}]"#);
    /// ```
    pub fn input_messages<C: Display>(&self, messages: impl FnOnce() -> C) {
        offer(self.span(), "gen_ai.input.messages", messages);
    }

    /// Offers the messages that the model gave, as `gen_ai.output.messages`.
    pub fn output_messages<C: Display>(&self, messages: impl FnOnce() -> C) {
        offer(self.span(), "gen_ai.output.messages", messages);
    }

    /// Offers the instructions that the model gets apart from the messages, as
    /// `gen_ai.system_instructions`.
    pub fn system_instructions<C: Display>(&self, instructions: impl FnOnce() -> C) {
        offer(self.span(), "gen_ai.system_instructions", instructions);
    }

    /// Offers the tools that the model may call, as `gen_ai.tool.definitions`.
    pub fn tool_definitions<C: Display>(&self, tools: impl FnOnce() -> C) {
        offer(self.span(), "gen_ai.tool.definitions", tools);
    }
}

impl Agent {
    /// Offers the messages that the agent gets, as `gen_ai.input.messages`.
    pub fn input_messages<C: Display>(&self, messages: impl FnOnce() -> C) {
        offer(self.span(), "gen_ai.input.messages", messages);
    }

    /// Offers the messages that the agent gives, as `gen_ai.output.messages`.
    pub fn output_messages<C: Display>(&self, messages: impl FnOnce() -> C) {
        offer(self.span(), "gen_ai.output.messages", messages);
    }

    /// Offers the instructions of the agent, as `gen_ai.system_instructions`.
    pub fn system_instructions<C: Display>(&self, instructions: impl FnOnce() -> C) {
        offer(self.span(), "gen_ai.system_instructions", instructions);
    }

    /// Offers the tools that the agent may call, as `gen_ai.tool.definitions`.
    pub fn tool_definitions<C: Display>(&self, tools: impl FnOnce() -> C) {
        offer(self.span(), "gen_ai.tool.definitions", tools);
    }
}

impl Workflow {
    /// Offers the messages that the workflow gets, as `gen_ai.input.messages`.
    pub fn input_messages<C: Display>(&self, messages: impl FnOnce() -> C) {
        offer(self.span(), "gen_ai.input.messages", messages);
    }

    /// Offers the messages that the workflow gives, as `gen_ai.output.messages`.
    pub fn output_messages<C: Display>(&self, messages: impl FnOnce() -> C) {
        offer(self.span(), "gen_ai.output.messages", messages);
    }
}

impl ToolCall {
    /// Offers what the tool is called with, as `gen_ai.tool.call.arguments`.
    pub fn arguments<C: Display>(&self, arguments: impl FnOnce() -> C) {
        offer(self.span(), "gen_ai.tool.call.arguments", arguments);
    }

    /// Offers what the tool gave, as `gen_ai.tool.call.result`.
    pub fn result<C: Display>(&self, result: impl FnOnce() -> C) {
        offer(self.span(), "gen_ai.tool.call.result", result);
    }
}

impl Retrieval {
    /// Offers what is searched for, as `gen_ai.retrieval.query.text`.
    pub fn query_text<C: Display>(&self, query: impl FnOnce() -> C) {
        offer(self.span(), "gen_ai.retrieval.query.text", query);
    }

    /// Offers what was found, as `gen_ai.retrieval.documents`.
    pub fn documents<C: Display>(&self, documents: impl FnOnce() -> C) {
        offer(self.span(), "gen_ai.retrieval.documents", documents);
    }
}

impl Memory {
    /// Offers what is searched for, as `gen_ai.memory.query.text`.
    pub fn query_text<C: Display>(&self, query: impl FnOnce() -> C) {
        offer(self.span(), "gen_ai.memory.query.text", query);
    }

    /// Offers what was found or stored, as `gen_ai.memory.records`.
    pub fn contents<C: Display>(&self, records: impl FnOnce() -> C) {
        offer(self.span(), "gen_ai.memory.records", records);
    }
}

/// Offers content to whoever listens. It is made when, and only if, somebody breaks the seal.
fn offer<C: Display>(span: &Span, key: &'static str, make: impl FnOnce() -> C) {
    if !span.is_disabled() {
        span.record(key, display(Sealed::new(make)));
    }
}
