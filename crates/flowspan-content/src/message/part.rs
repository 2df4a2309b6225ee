//! The parts of a message.

use serde::Serialize;
use serde_json::{Map, Value};

/// A part of a message.
///
/// Make one by the function of its name. [`id`](Part::id), [`arguments`](Part::arguments) and
/// [`mime_type`](Part::mime_type) add what is known beyond; a part that has no place for it stays as it is.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Part {
    /// Text.
    #[non_exhaustive]
    Text {
        /// The text.
        content: String,
    },
    /// A call of a tool that the model asks for.
    #[non_exhaustive]
    ToolCall {
        /// The name of the tool.
        name: String,
        /// The identifier of the call.
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// What the tool is called with.
        #[serde(skip_serializing_if = "Option::is_none")]
        arguments: Option<Value>,
    },
    /// What a tool gave.
    #[non_exhaustive]
    ToolCallResponse {
        /// What it gave.
        response: Value,
        /// The identifier of the call.
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<String>,
    },
    /// A call of a tool that the provider itself has run.
    #[non_exhaustive]
    ServerToolCall {
        /// The name of the tool.
        name: String,
        /// What is known of the call: its type, and the rest as the provider says it.
        server_tool_call: Map<String, Value>,
        /// The identifier of the call.
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<String>,
    },
    /// What a tool of the provider gave.
    #[non_exhaustive]
    ServerToolCallResponse {
        /// What is known of it: its type, and the rest as the provider says it.
        server_tool_call_response: Map<String, Value>,
        /// The identifier of the call.
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<String>,
    },
    /// An image, a sound or the like, in the message itself.
    #[non_exhaustive]
    Blob {
        /// What it is.
        modality: Modality,
        /// Its bytes in base64.
        content: String,
        /// Its type by IANA.
        #[serde(skip_serializing_if = "Option::is_none")]
        mime_type: Option<String>,
    },
    /// A file that the provider has already.
    #[non_exhaustive]
    File {
        /// What it is.
        modality: Modality,
        /// How the provider calls it.
        file_id: String,
        /// Its type by IANA.
        #[serde(skip_serializing_if = "Option::is_none")]
        mime_type: Option<String>,
    },
    /// Something that lies elsewhere.
    #[non_exhaustive]
    Uri {
        /// What it is.
        modality: Modality,
        /// Where it lies.
        uri: String,
        /// Its type by IANA.
        #[serde(skip_serializing_if = "Option::is_none")]
        mime_type: Option<String>,
    },
    /// What the model thinks before it answers.
    #[non_exhaustive]
    Reasoning {
        /// The thought.
        content: String,
    },
    /// A summary that stands for earlier messages.
    #[non_exhaustive]
    Compaction {
        /// The identifier that the provider gave to it.
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// The summary, if it can be read.
        #[serde(skip_serializing_if = "Option::is_none")]
        content: Option<String>,
    },
    /// Something that the convention has no word for: an object with a `type`.
    #[serde(untagged)]
    Generic(Map<String, Value>),
}

/// What bytes stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Modality {
    /// A picture.
    Image,
    /// A film.
    Video,
    /// A sound.
    Audio,
    /// A document.
    Document,
}

impl Part {
    /// Text.
    pub fn text(content: impl Into<String>) -> Self {
        Part::Text { content: content.into() }
    }

    /// A call of a tool that the model asks for.
    pub fn tool_call(name: impl Into<String>) -> Self {
        Part::ToolCall { name: name.into(), id: None, arguments: None }
    }

    /// What a tool gave.
    pub fn tool_call_response(response: impl Into<Value>) -> Self {
        Part::ToolCallResponse { response: response.into(), id: None }
    }

    /// A call of a tool that the provider itself has run, such as `web_search`.
    pub fn server_tool_call(name: impl Into<String>, kind: &str, call: Value) -> Self {
        Part::ServerToolCall { name: name.into(), server_tool_call: typed(kind, call), id: None }
    }

    /// What a tool of the provider gave.
    pub fn server_tool_call_response(kind: &str, response: Value) -> Self {
        Part::ServerToolCallResponse { server_tool_call_response: typed(kind, response), id: None }
    }

    /// An image, a sound or the like, as base64.
    pub fn blob(modality: Modality, base64: impl Into<String>) -> Self {
        Part::Blob { modality, content: base64.into(), mime_type: None }
    }

    /// A file that the provider has already, by its identifier.
    pub fn file(modality: Modality, file_id: impl Into<String>) -> Self {
        Part::File { modality, file_id: file_id.into(), mime_type: None }
    }

    /// Something that lies elsewhere.
    pub fn uri(modality: Modality, uri: impl Into<String>) -> Self {
        Part::Uri { modality, uri: uri.into(), mime_type: None }
    }

    /// What the model thinks before it answers.
    pub fn reasoning(content: impl Into<String>) -> Self {
        Part::Reasoning { content: content.into() }
    }

    /// A summary that stands for earlier messages.
    pub fn compaction(content: impl Into<String>) -> Self {
        Part::Compaction { id: None, content: Some(content.into()) }
    }

    /// Something that the convention has no word for.
    pub fn generic(kind: &str, fields: impl IntoIterator<Item = (String, Value)>) -> Self {
        Part::Generic(typed(kind, Value::Object(fields.into_iter().collect())))
    }

    /// Adds the identifier of a tool call, or of a summary.
    #[must_use]
    pub fn id(mut self, known: impl Into<String>) -> Self {
        if let Part::ToolCall { id, .. }
        | Part::ToolCallResponse { id, .. }
        | Part::ServerToolCall { id, .. }
        | Part::ServerToolCallResponse { id, .. }
        | Part::Compaction { id, .. } = &mut self
        {
            *id = Some(known.into());
        }
        self
    }

    /// Adds what a tool is called with.
    #[must_use]
    pub fn arguments(mut self, given: impl Into<Value>) -> Self {
        if let Part::ToolCall { arguments, .. } = &mut self {
            *arguments = Some(given.into());
        }
        self
    }

    /// Adds the type, by IANA, of what is no text.
    #[must_use]
    pub fn mime_type(mut self, known: impl Into<String>) -> Self {
        if let Part::Blob { mime_type, .. } | Part::File { mime_type, .. } | Part::Uri { mime_type, .. } =
            &mut self
        {
            *mime_type = Some(known.into());
        }
        self
    }
}

/// An object with this type. What is no object becomes its `value`.
fn typed(kind: &str, value: Value) -> Map<String, Value> {
    let mut object = match value {
        Value::Object(object) => object,
        Value::Null => Map::new(),
        other => Map::from_iter([("value".to_owned(), other)]),
    };
    object.insert("type".to_owned(), kind.into());
    object
}
