//! Tools that a model may call.

use serde::Serialize;
use serde_json::Value;

/// A tool that a model may call.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ToolDefinition {
    #[serde(rename = "type")]
    kind: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters: Option<Value>,
}

impl ToolDefinition {
    /// A function of the program.
    pub fn function(name: impl Into<String>) -> Self {
        ToolDefinition::new("function", name)
    }

    /// A tool of another type, such as one of the provider's own.
    pub fn new(kind: impl Into<String>, name: impl Into<String>) -> Self {
        ToolDefinition { kind: kind.into(), name: name.into(), description: None, parameters: None }
    }

    /// Adds what the model is told about it. Long; the conventions advise against it by default.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Adds the JSON schema of its arguments. Long; the conventions advise against it by default.
    #[must_use]
    pub fn parameters(mut self, schema: impl Into<Value>) -> Self {
        self.parameters = Some(schema.into());
        self
    }
}
