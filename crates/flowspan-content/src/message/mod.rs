//! Messages in the form of the GenAI conventions.
//!
//! The shapes are those of the JSON schemas that open-telemetry/semantic-conventions-genai has beside
//! `gen_ai.input.messages`, `gen_ai.output.messages`, `gen_ai.system_instructions` and
//! `gen_ai.tool.definitions`.

mod part;
mod tool;

use std::fmt;

use serde::Serialize;

pub use part::{Modality, Part};
pub use tool::ToolDefinition;

/// The messages that went to a model, or came from it.
///
/// Writes itself as JSON:
///
/// ```
/// use flowspan_content::{Message, Messages, Part};
/// let messages = Messages::from([
///     Message::user("How is the weather in Paris?"),
///     Message::assistant([Part::tool_call("weather").id("call-1").arguments(serde_json::json!({"city": "Paris"}))]),
///     Message::tool([Part::tool_call_response("rainy").id("call-1")]),
/// ]);
/// assert!(messages.to_string().starts_with(
///     r#"[{"role":"user","parts":[{"type":"text","content":"How is the weather in Paris?"}]},"#
/// ));
/// ```
pub type Messages = List<Message>;

/// Instructions that a model gets apart from the messages: parts of type text.
pub type SystemInstructions = List<Part>;

/// The tools that a model may call.
pub type ToolDefinitions = List<ToolDefinition>;

/// One message.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Message {
    role: Role,
    parts: Vec<Part>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

/// From whom a message is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Role {
    /// The program.
    System,
    /// The person, or whoever stands for one.
    User,
    /// The model.
    Assistant,
    /// A tool.
    Tool,
    /// Somebody else.
    #[serde(untagged)]
    Other(String),
}

impl Message {
    /// A message from somebody.
    pub fn new(role: Role, parts: impl Into<Parts>) -> Self {
        Message { role, parts: parts.into().0, name: None }
    }

    /// A message from the program.
    pub fn system(parts: impl Into<Parts>) -> Self {
        Message::new(Role::System, parts)
    }

    /// A message from the person.
    pub fn user(parts: impl Into<Parts>) -> Self {
        Message::new(Role::User, parts)
    }

    /// A message from the model.
    pub fn assistant(parts: impl Into<Parts>) -> Self {
        Message::new(Role::Assistant, parts)
    }

    /// A message from a tool.
    pub fn tool(parts: impl Into<Parts>) -> Self {
        Message::new(Role::Tool, parts)
    }

    /// Sets the name of who speaks, where several have the same role.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }
}

/// The parts of a message: made of a text, of one part, or of several.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parts(Vec<Part>);

impl From<&str> for Parts {
    fn from(text: &str) -> Self {
        Parts(vec![Part::text(text)])
    }
}

impl From<String> for Parts {
    fn from(text: String) -> Self {
        Parts(vec![Part::text(text)])
    }
}

impl From<Part> for Parts {
    fn from(part: Part) -> Self {
        Parts(vec![part])
    }
}

impl From<Vec<Part>> for Parts {
    fn from(parts: Vec<Part>) -> Self {
        Parts(parts)
    }
}

impl<const N: usize> From<[Part; N]> for Parts {
    fn from(parts: [Part; N]) -> Self {
        Parts(parts.into())
    }
}

/// Several of a kind, which write themselves as a JSON array.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct List<T>(Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        List(Vec::new())
    }
}

impl<T> List<T> {
    /// Adds one at the end.
    pub fn push(&mut self, one: impl Into<T>) {
        self.0.push(one.into());
    }
}

impl<T, const N: usize> From<[T; N]> for List<T> {
    fn from(several: [T; N]) -> Self {
        List(several.into())
    }
}

impl<T> From<Vec<T>> for List<T> {
    fn from(several: Vec<T>) -> Self {
        List(several)
    }
}

impl<T> FromIterator<T> for List<T> {
    fn from_iter<I: IntoIterator<Item = T>>(several: I) -> Self {
        List(several.into_iter().collect())
    }
}

impl From<&str> for SystemInstructions {
    fn from(text: &str) -> Self {
        List(vec![Part::text(text)])
    }
}

impl<T: Serialize> fmt::Display for List<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Fails for maps whose keys are no texts; none of ours is one.
        f.write_str(&serde_json::to_string(&self.0).map_err(|_| fmt::Error)?)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn written(list: &impl fmt::Display) -> Value {
        serde_json::from_str(&list.to_string()).expect("it is JSON")
    }

    #[test]
    fn messages_have_the_shape_of_the_convention() {
        let messages = Messages::from([
            Message::system("Be brief."),
            Message::user([
                Part::text("What is this?"),
                Part::blob(Modality::Image, "aGk=").mime_type("image/png"),
                Part::uri(Modality::Document, "https://example.org/a.pdf"),
                Part::file(Modality::Audio, "file-7").mime_type("audio/ogg"),
            ])
            .name("Ada"),
            Message::assistant([
                Part::reasoning("Hm."),
                Part::tool_call("look").id("c-1").arguments(json!({"at": 1})),
                Part::server_tool_call("search", "web_search", json!({"query": "q"})).id("s-1"),
                Part::server_tool_call_response("web_search", json!({"results": []})).id("s-1"),
                Part::compaction("So far: nothing."),
            ]),
            Message::tool(Part::tool_call_response(json!({"seen": true})).id("c-1")),
            Message::new(
                Role::Other("critic".into()),
                Part::generic("verdict", [("score".to_owned(), json!(3))]),
            ),
        ]);
        assert_eq!(
            written(&messages),
            json!([
                {"role": "system", "parts": [{"type": "text", "content": "Be brief."}]},
                {"role": "user", "name": "Ada", "parts": [
                    {"type": "text", "content": "What is this?"},
                    {"type": "blob", "modality": "image", "content": "aGk=", "mime_type": "image/png"},
                    {"type": "uri", "modality": "document", "uri": "https://example.org/a.pdf"},
                    {"type": "file", "modality": "audio", "file_id": "file-7", "mime_type": "audio/ogg"},
                ]},
                {"role": "assistant", "parts": [
                    {"type": "reasoning", "content": "Hm."},
                    {"type": "tool_call", "name": "look", "id": "c-1", "arguments": {"at": 1}},
                    {"type": "server_tool_call", "name": "search", "id": "s-1",
                     "server_tool_call": {"type": "web_search", "query": "q"}},
                    {"type": "server_tool_call_response", "id": "s-1",
                     "server_tool_call_response": {"type": "web_search", "results": []}},
                    {"type": "compaction", "content": "So far: nothing."},
                ]},
                {"role": "tool", "parts": [
                    {"type": "tool_call_response", "id": "c-1", "response": {"seen": true}},
                ]},
                {"role": "critic", "parts": [{"type": "verdict", "score": 3}]},
            ])
        );
    }

    #[test]
    fn instructions_and_tools_have_the_shape_of_the_convention() {
        assert_eq!(
            written(&SystemInstructions::from("Be kind.")),
            json!([{"type": "text", "content": "Be kind."}])
        );
        let tools = ToolDefinitions::from([
            ToolDefinition::function("grep")
                .description("Finds lines.")
                .parameters(json!({"type": "object"})),
            ToolDefinition::new("code_interpreter", "python"),
        ]);
        assert_eq!(
            written(&tools),
            json!([
                {"type": "function", "name": "grep", "description": "Finds lines.",
                 "parameters": {"type": "object"}},
                {"type": "code_interpreter", "name": "python"},
            ])
        );
    }
}
