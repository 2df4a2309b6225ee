//! How OpenTelemetry spans of the vocabulary are called.

use flowspan_model::{Field, Fields, Kind, Text, Value};

/// The parts of the name of a span: what was done, and to whom. `None` if the `tracing` name is good
/// enough.
pub(crate) fn span_name_parts(kind: Kind, fields: &Fields) -> Option<(Text, Option<&Text>)> {
    let text = |field| match fields.get(field) {
        Some(Value::Text(text)) => Some(text),
        _ => None,
    };
    let operation = |usual| text(Field::Operation).cloned().unwrap_or(Text::from_static(usual));
    let (verb, subject) = match kind {
        Kind::Workflow => ("invoke_workflow", Field::WorkflowName),
        Kind::Phase => ("phase", Field::PhaseName),
        Kind::Step => ("step", Field::StepName),
        Kind::Agent => ("invoke_agent", Field::AgentName),
        Kind::Inference => return Some((operation("chat"), text(Field::RequestModel))),
        Kind::Embeddings => ("embeddings", Field::RequestModel),
        Kind::ToolCall => ("execute_tool", Field::ToolName),
        Kind::Plan => ("plan", Field::AgentName),
        Kind::Retrieval => ("retrieval", Field::DataSource),
        // The stores and records of a memory are too many to stand in a name.
        Kind::Memory => return Some((operation("memory"), None)),
        Kind::MapReduce => ("map_reduce", Field::Job),
        Kind::MapItem => ("map_item", Field::Job),
        Kind::Reduce => ("reduce", Field::Job),
        Kind::Session => ("session", Field::Provider),
        _ => return None,
    };
    Some((Text::from_static(verb), text(subject)))
}

/// The name of a span. `None` if the `tracing` name is good enough.
pub(crate) fn span_name(kind: Kind, fields: &Fields) -> Option<String> {
    let (verb, subject) = span_name_parts(kind, fields)?;
    Some(match subject {
        Some(subject) => [&verb, " ", subject].concat(),
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
