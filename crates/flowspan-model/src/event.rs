//! One observed fact.

use std::time::{Duration, SystemTime};

use crate::{Field, Fields, Kind, Moment, Status, Usage, Value};

/// Where in a trace an event stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SpanIds {
    /// The trace, or zeros if there is none.
    pub trace: [u8; 16],
    /// The span that the event speaks of, or in which it occurred.
    pub span: [u8; 8],
    /// The span around that one, if it is known.
    pub parent: Option<[u8; 8]>,
}

/// One observed fact: the only thing that flows from the hearing side to the counting side.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// When in the life of the thing.
    pub moment: Moment,
    /// What it is about.
    pub kind: Kind,
    /// When it happened by the clock on the wall.
    pub time: SystemTime,
    /// Where in a trace it stands.
    pub ids: SpanIds,
    /// How long the work took; set when it ended.
    pub duration: Option<Duration>,
    /// What is known about it, inherited fields included.
    pub fields: Fields,
}

impl Event {
    /// An event of this moment, now, outside every trace.
    pub fn new(moment: Moment, kind: Kind) -> Self {
        Event {
            moment,
            kind,
            time: SystemTime::now(),
            ids: SpanIds::default(),
            duration: None,
            fields: Fields::default(),
        }
    }

    /// Sets a field.
    #[must_use]
    pub fn with(mut self, field: Field, value: impl Into<Value>) -> Self {
        self.fields.set(field, value);
        self
    }

    /// How the work ended, if the event says so.
    pub fn status(&self) -> Option<Status> {
        self.fields.text(Field::Status).and_then(|text| text.parse().ok())
    }

    /// The tokens that the event speaks of.
    pub fn usage(&self) -> Usage {
        let tokens = |field| self.fields.integer(field).and_then(|n| u64::try_from(n).ok());
        Usage {
            input: tokens(Field::InputTokens),
            output: tokens(Field::OutputTokens),
            cache_read: tokens(Field::CacheReadTokens),
            cache_write: tokens(Field::CacheWriteTokens),
            reasoning: tokens(Field::ReasoningTokens),
        }
    }
}
