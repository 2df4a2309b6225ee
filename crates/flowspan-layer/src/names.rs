//! How OpenTelemetry spans of the vocabulary are called.

use flowspan_model::{Field, Fields, Kind};

/// The name of the span: what was done, and to whom. `None` if the `tracing` name is good enough.
pub(crate) fn span_name(kind: Kind, fields: &Fields) -> Option<String> {
    let (verb, subject) = match kind {
        Kind::Workflow => ("invoke_workflow", Field::WorkflowName),
        Kind::Phase => ("phase", Field::PhaseName),
        Kind::Step => ("step", Field::StepName),
        Kind::Agent => ("invoke_agent", Field::AgentName),
        Kind::Inference => (fields.text(Field::Operation).unwrap_or("chat"), Field::RequestModel),
        Kind::ToolCall => ("execute_tool", Field::ToolName),
        Kind::MapReduce => ("map_reduce", Field::Job),
        Kind::MapItem => ("map_item", Field::Job),
        Kind::Reduce => ("reduce", Field::Job),
        _ => return None,
    };
    Some(match fields.text(subject) {
        Some(subject) => format!("{verb} {subject}"),
        None => verb.to_owned(),
    })
}
