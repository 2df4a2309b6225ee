//! What people and models say to each other.

use std::sync::Arc;

use super::{Dialect, Dialects};

/// Whether an attribute of this name holds the text of a prompt, an answer, a tool's argument or result,
/// or a document.
///
/// Of such an attribute stands on a span what a [`ContentPolicy`](flowspan_content::ContentPolicy) lets
/// through, whoever made the span; by default nothing.
pub fn is_content(name: &str) -> bool {
    // Most names have nothing to do with it, and are told by how they begin.
    match name.split_once('.') {
        Some(("gen_ai", rest)) => is_of_the_convention(rest),
        Some(("input" | "output", rest)) => rest == "value",
        Some(("llm", rest)) => LLM.iter().any(|prefix| is_below(rest, prefix)),
        Some(("embedding", rest)) => {
            ["embeddings", "text", "vector"].iter().any(|prefix| is_below(rest, prefix))
        }
        Some(("retrieval" | "reranker", rest)) => is_below_documents(rest),
        Some(("document", rest)) => matches!(rest, "content" | "metadata"),
        Some(("message", rest)) => rest.starts_with("content") || rest.starts_with("function_call_arguments"),
        Some(("tool_call", rest)) => rest == "function.arguments",
        Some(("langfuse", rest)) => matches!(rest, "input" | "output"),
        _ => false,
    }
}

/// The names of all attributes that hold content: those that [`is_content`] knows, and those of dialects.
///
/// ```
/// use flowspan_layer::{ContentNames, Dialect};
///
/// let acme = Dialect::new("acme").content("acme.question");
/// assert!(!ContentNames::default().contains("acme.question"));
/// assert!(ContentNames::default().with(&acme).contains("acme.question"));
/// ```
#[derive(Clone, Debug)]
pub struct ContentNames(Arc<[&'static str]>);

impl ContentNames {
    /// Also those of this dialect.
    #[must_use]
    pub fn with(&self, dialect: &Dialect) -> Self {
        ContentNames(self.0.iter().copied().chain(dialect.content_names()).collect())
    }

    /// Whether an attribute of this name holds content.
    pub fn contains(&self, name: &str) -> bool {
        is_content(name) || self.0.contains(&name)
    }
}

impl Default for ContentNames {
    /// Those of the dialects that flowspan knows by itself.
    fn default() -> Self {
        ContentNames(Dialects::default().content_names().collect())
    }
}

/// Of OpenInference, which has one attribute for each part of each message.
const LLM: &[&str] = &[
    "input_messages",
    "output_messages",
    "prompts",
    "prompt_template",
    "invocation_parameters",
    "tools",
    "function_call",
];

/// Of the GenAI convention and its forerunners, which numbered the messages.
fn is_of_the_convention(rest: &str) -> bool {
    const NAMES: &[&str] = &[
        "input.messages",
        "output.messages",
        "system_instructions",
        "tool.definitions",
        "tool.call.arguments",
        "tool.call.result",
        "retrieval.query.text",
        "retrieval.documents",
        "memory.query.text",
        "memory.records",
        "prompt",
        "completion",
        "content.prompt",
        "content.completion",
    ];
    let is_numbered = |prefix: &str| {
        let number = rest.strip_prefix(prefix).and_then(|rest| rest.bytes().next());
        number.is_some_and(|byte| byte.is_ascii_digit())
    };
    NAMES.contains(&rest)
        || is_numbered("prompt.")
        || is_numbered("completion.")
        || rest.starts_with("prompt.variable.")
}

fn is_below_documents(rest: &str) -> bool {
    rest == "query"
        || ["documents", "input_documents", "output_documents"].iter().any(|prefix| is_below(rest, prefix))
}

fn is_below(name: &str, prefix: &str) -> bool {
    name.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::is_content;

    #[test]
    fn what_is_said_is_told_from_what_is_known() {
        for name in [
            "gen_ai.input.messages",
            "gen_ai.prompt",
            "gen_ai.prompt.0.content",
            "gen_ai.prompt.variable.city",
            "gen_ai.tool.call.arguments",
            "input.value",
            "llm.input_messages.0.message.content",
            "llm.invocation_parameters",
            "embedding.embeddings.3.embedding.text",
            "retrieval.documents.0.document.content",
            "langfuse.input",
        ] {
            assert!(is_content(name), "{name}");
        }
        for name in [
            "gen_ai.prompt.name",
            "gen_ai.usage.input_tokens",
            "gen_ai.tool.call.id",
            "gen_ai.operation.name",
            "input.mime_type",
            "llm.model_name",
            "llm.token_count.prompt",
            "prompt",
            "count",
        ] {
            assert!(!is_content(name), "{name}");
        }
    }
}
