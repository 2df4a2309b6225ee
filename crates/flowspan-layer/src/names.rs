//! How OpenTelemetry spans of the vocabulary are called.

use flowspan_model::{Field, Fields, Kind, Text, Value};

/// A verb as a text, in the memory of the program.
macro_rules! verb {
    ($verb:literal) => {
        const { &Text::from_static($verb) }
    };
}

/// The parts of the name of a span: what was done, and to whom. `None` if the `tracing` name is good
/// enough.
///
/// Both are references, so that they come back in registers.
pub(crate) fn span_name_parts(kind: Kind, fields: &Fields) -> Option<(&Text, Option<&Text>)> {
    let text = |field| match fields.get(field) {
        Some(Value::Text(text)) => Some(text),
        _ => None,
    };
    let operation = |usual| text(Field::Operation).unwrap_or(usual);
    let (verb, subject) = match kind {
        Kind::Workflow => (verb!("invoke_workflow"), Field::WorkflowName),
        Kind::Phase => (verb!("phase"), Field::PhaseName),
        Kind::Step => (verb!("step"), Field::StepName),
        Kind::Agent => (verb!("invoke_agent"), Field::AgentName),
        Kind::Inference => return Some((operation(verb!("chat")), text(Field::RequestModel))),
        Kind::Embeddings => (verb!("embeddings"), Field::RequestModel),
        Kind::ToolCall => (verb!("execute_tool"), Field::ToolName),
        Kind::Plan => (verb!("plan"), Field::AgentName),
        Kind::Retrieval => (verb!("retrieval"), Field::DataSource),
        // The stores and records of a memory are too many to stand in a name.
        Kind::Memory => return Some((operation(verb!("memory")), None)),
        Kind::MapReduce => (verb!("map_reduce"), Field::Job),
        Kind::MapItem => (verb!("map_item"), Field::Job),
        Kind::Reduce => (verb!("reduce"), Field::Job),
        Kind::Session => (verb!("session"), Field::Provider),
        _ => return None,
    };
    Some((verb, text(subject)))
}

/// The name of a span. `None` if the `tracing` name is good enough.
pub(crate) fn span_name(kind: Kind, fields: &Fields) -> Option<String> {
    let (verb, subject) = span_name_parts(kind, fields)?;
    Some(match subject {
        Some(subject) => [verb, " ", subject].concat(),
        None => verb.to_string(),
    })
}

/// Whether the convention wants the name of the agent around it on a span of this kind.
pub(crate) const fn names_its_agent(kind: Kind) -> bool {
    matches!(kind, Kind::ToolCall | Kind::Plan)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_called_by_what_is_done_and_to_whom() {
        let named = |kind, fields: &[(Field, &str)]| {
            let mut known = Fields::default();
            fields.iter().for_each(|(field, text)| known.set(*field, *text));
            span_name(kind, &known)
        };
        for (kind, fields, name) in [
            (Kind::Embeddings, &[(Field::RequestModel, "m")][..], Some("embeddings m")),
            (Kind::Plan, &[(Field::AgentName, "writer")], Some("plan writer")),
            (Kind::Plan, &[], Some("plan")),
            (Kind::Retrieval, &[(Field::DataSource, "handbook")], Some("retrieval handbook")),
            (
                Kind::Memory,
                &[(Field::Operation, "search_memory"), (Field::MemoryStore, "s-1")],
                Some("search_memory"),
            ),
            (
                Kind::Session,
                &[(Field::Provider, "openai"), (Field::SessionId, "s-1")],
                Some("session openai"),
            ),
            (Kind::Worktree, &[(Field::WorktreeName, "w-1")], None),
            (Kind::Blocked, &[(Field::Reason, "approval")], None),
        ] {
            assert_eq!(named(kind, fields).as_deref(), name, "{kind:?}");
        }
    }
}
