//! How OpenTelemetry spans of the vocabulary are called.

use flowspan_model::{Field, Fields, Kind, Text, Value};

/// The parts of the name of a span: what was done, and to whom. `None` if the `tracing` name is good
/// enough.
pub(crate) fn span_name_parts(kind: Kind, fields: &Fields) -> Option<(Text, Option<&Text>)> {
    let text = |field| match fields.get(field) {
        Some(Value::Text(text)) => Some(text),
        _ => None,
    };
    let (verb, subject) = match kind {
        Kind::Workflow => ("invoke_workflow", Field::WorkflowName),
        Kind::Phase => ("phase", Field::PhaseName),
        Kind::Step => ("step", Field::StepName),
        Kind::Agent => ("invoke_agent", Field::AgentName),
        Kind::Inference => {
            let verb = text(Field::Operation).cloned().unwrap_or(Text::from_static("chat"));
            return Some((verb, text(Field::RequestModel)));
        }
        Kind::ToolCall => ("execute_tool", Field::ToolName),
        Kind::MapReduce => ("map_reduce", Field::Job),
        Kind::MapItem => ("map_item", Field::Job),
        Kind::Reduce => ("reduce", Field::Job),
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
