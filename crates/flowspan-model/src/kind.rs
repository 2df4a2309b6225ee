//! What can be observed.

/// What was observed.
///
/// The first group are spans: they start and end. The second are occurrences inside them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// One run of a workflow.
    Workflow,
    /// A phase of a workflow.
    Phase,
    /// A step of a workflow.
    Step,
    /// One invocation of an agent.
    Agent,
    /// One call of a model, all its attempts included.
    Inference,
    /// One call of a tool.
    ToolCall,
    /// A map-reduce job.
    MapReduce,
    /// One item of a map-reduce job.
    MapItem,
    /// The reduction of a map-reduce job.
    Reduce,
    /// Another attempt at the same work was started.
    Retry,
    /// An on-failure handler ran.
    Recovery,
    /// A result was checked.
    Validation,
    /// A checkpoint was written.
    CheckpointCreated,
    /// An item went to the dead-letter queue.
    DeadLetterAdded,
    /// Items left the dead-letter queue.
    DeadLetterRemoved,
}

impl Kind {
    /// Every kind, in the order of the documentation.
    pub const ALL: &'static [Kind] = &[
        Kind::Workflow,
        Kind::Phase,
        Kind::Step,
        Kind::Agent,
        Kind::Inference,
        Kind::ToolCall,
        Kind::MapReduce,
        Kind::MapItem,
        Kind::Reduce,
        Kind::Retry,
        Kind::Recovery,
        Kind::Validation,
        Kind::CheckpointCreated,
        Kind::DeadLetterAdded,
        Kind::DeadLetterRemoved,
    ];

    /// How many kinds there are, for tables that are indexed by kind.
    pub const COUNT: usize = Kind::ALL.len();

    /// The name of the `tracing` span or event with target [`TARGET`](crate::TARGET).
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Workflow => "workflow",
            Kind::Phase => "phase",
            Kind::Step => "step",
            Kind::Agent => "agent",
            Kind::Inference => "inference",
            Kind::ToolCall => "tool_call",
            Kind::MapReduce => "map_reduce",
            Kind::MapItem => "map_item",
            Kind::Reduce => "reduce",
            Kind::Retry => "retry",
            Kind::Recovery => "recovery",
            Kind::Validation => "validation",
            Kind::CheckpointCreated => "checkpoint_created",
            Kind::DeadLetterAdded => "dead_letter_added",
            Kind::DeadLetterRemoved => "dead_letter_removed",
        }
    }

    /// Whether it starts and ends, rather than happening at one moment.
    pub const fn is_span(self) -> bool {
        (self as usize) <= (Kind::Reduce as usize)
    }

    /// The kind of that `tracing` name, if there is one.
    pub fn from_name(name: &str) -> Option<Kind> {
        Kind::ALL.iter().copied().find(|kind| kind.name() == name)
    }

    /// What the OpenTelemetry span of this kind says about the direction of the work.
    pub const fn span_kind(self) -> SpanKind {
        match self {
            Kind::Inference => SpanKind::Client,
            _ => SpanKind::Internal,
        }
    }
}

/// The two OpenTelemetry span kinds that flowspan's vocabulary needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpanKind {
    /// Work inside this program.
    Internal,
    /// A call to somebody else.
    Client,
}

/// When in the life of a thing an event stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Moment {
    /// Work began.
    Started,
    /// Work ended; the event carries the status and the duration.
    Ended,
    /// Something happened at this one moment.
    Occurred,
}

impl Moment {
    /// Every moment.
    pub const ALL: [Moment; 3] = [Moment::Started, Moment::Ended, Moment::Occurred];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_listed_in_the_order_of_their_numbers() {
        for (index, kind) in Kind::ALL.iter().enumerate() {
            assert_eq!(*kind as usize, index);
            assert_eq!(Kind::from_name(kind.name()), Some(*kind));
        }
    }

    #[test]
    fn spans_come_before_occurrences() {
        assert!(Kind::Reduce.is_span());
        assert!(!Kind::Retry.is_span());
    }
}
