//! On what content leaves.

/// What content stands on when it leaves the program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Carrier {
    /// The spans of the work in which it was said.
    #[default]
    Spans,
    /// A log record for each model call, the event `gen_ai.client.inference.operation.details` of the GenAI
    /// convention. What is said to agents and tools is in the messages of the calls, and nowhere else.
    Events,
    /// Both.
    SpansAndEvents,
}

impl Carrier {
    /// All carriers.
    pub const ALL: [Carrier; 3] = [Carrier::Spans, Carrier::Events, Carrier::SpansAndEvents];

    /// Whether content stands on spans.
    pub const fn has_spans(self) -> bool {
        matches!(self, Carrier::Spans | Carrier::SpansAndEvents)
    }

    /// Whether model calls are told as events.
    pub const fn has_events(self) -> bool {
        matches!(self, Carrier::Events | Carrier::SpansAndEvents)
    }
}
