//! The form of a record.

use std::borrow::Cow;
use std::fmt;
use std::time::{Duration, SystemTime};

use flowspan_model::Event;
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::value::StrDeserializer;
use serde::de::{Deserializer, Error as _, IgnoredAny, IntoDeserializer as _, MapAccess, SeqAccess, Visitor};

use super::convert::{Known, convert};
use crate::line::{LineError, Words};

/// What a line is.
pub(crate) enum Read {
    /// An event of Prodigy; what it becomes has been handed over.
    Understood,
    /// An event of a type that is not known.
    UnknownType(String),
    /// No record of Prodigy's, but a line of flowspan's own format.
    OfFlowspan,
}

/// Reads a line and hands over the events that it becomes.
pub(crate) fn read(line: &[u8], words: &mut Words, take: &mut dyn FnMut(&Event)) -> Result<Read, LineError> {
    let line = std::str::from_utf8(line).map_err(LineError::malformed)?;
    let record: Record<'_> = match serde_json::from_str(line) {
        Ok(record) => record,
        // What an unknown event says may have any form.
        Err(error) => match serde_json::from_str::<Outline<'_>>(line) {
            Ok(Outline { event }) if EventType::of(&event.event_type).is_none() => {
                return Ok(Read::UnknownType(event.event_type.into_owned()));
            }
            _ => return Err(LineError::json(&error)),
        },
    };
    if record.flowspan.is_some() {
        return Ok(Read::OfFlowspan);
    }
    let Some(body) = &record.event else {
        return Err(LineError::malformed("it is neither an event of flowspan nor one of Prodigy"));
    };
    let timestamp = record.timestamp.ok_or_else(|| LineError::malformed("missing field `timestamp`"))?;
    let known = Known {
        id: record.id.as_deref().unwrap_or_default(),
        correlation: record.correlation_id.as_deref().unwrap_or_default(),
        time: SystemTime::from(timestamp),
        body,
    };
    convert(&known, words, take)
}

#[derive(Deserialize)]
#[serde(expecting = "an event as an object")]
struct Record<'line> {
    /// The mark of another format.
    flowspan: Option<IgnoredAny>,
    #[serde(borrow)]
    id: Option<Cow<'line, str>>,
    #[serde(default, deserialize_with = "timestamp")]
    timestamp: Option<Timestamp>,
    #[serde(borrow)]
    correlation_id: Option<Cow<'line, str>>,
    #[serde(borrow)]
    event: Option<Body<'line>>,
}

/// A record of which only the type matters.
#[derive(Deserialize)]
struct Outline<'line> {
    #[serde(borrow)]
    event: OutlineBody<'line>,
}

#[derive(Deserialize)]
struct OutlineBody<'line> {
    #[serde(borrow)]
    event_type: Cow<'line, str>,
}

/// The types that are known. Those of the dead-letter queue have two spellings: the one that serde
/// makes of `DLQItemAdded`, which is in the logs, and the one of the documentation.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum EventType {
    JobStarted,
    JobCompleted,
    JobFailed,
    JobPaused,
    JobResumed,
    AgentStarted,
    AgentProgress,
    AgentCompleted,
    AgentFailed,
    AgentRetrying,
    CheckpointCreated,
    CheckpointLoaded,
    CheckpointFailed,
    WorktreeCreated,
    WorktreeMerged,
    WorktreeCleaned,
    QueueDepthChanged,
    MemoryPressure,
    #[serde(alias = "d_l_q_item_added")]
    DlqItemAdded,
    #[serde(alias = "d_l_q_item_removed")]
    DlqItemRemoved,
    #[serde(alias = "d_l_q_items_reprocessed")]
    DlqItemsReprocessed,
    #[serde(alias = "d_l_q_items_evicted")]
    DlqItemsEvicted,
    #[serde(alias = "d_l_q_analysis_generated")]
    DlqAnalysisGenerated,
    ClaudeToolInvoked,
    ClaudeTokenUsage,
    ClaudeSessionStarted,
    ClaudeMessage,
}

impl EventType {
    pub(super) fn of(name: &str) -> Option<Self> {
        let name: StrDeserializer<'_, serde::de::value::Error> = name.into_deserializer();
        EventType::deserialize(name).ok()
    }
}

/// All that an event of any type may say. Which of it must be there depends on the type.
#[derive(Deserialize)]
#[serde(expecting = "the event of a record as an object")]
pub(super) struct Body<'line> {
    #[serde(borrow)]
    pub(super) event_type: Cow<'line, str>,
    #[serde(borrow)]
    pub(super) job_id: Option<Cow<'line, str>>,
    #[serde(borrow)]
    pub(super) agent_id: Option<Cow<'line, str>>,
    #[serde(borrow)]
    pub(super) item_id: Option<Cow<'line, str>>,
    #[serde(borrow)]
    pub(super) error: Option<Cow<'line, str>>,
    #[serde(borrow)]
    pub(super) error_signature: Option<Cow<'line, str>>,
    #[serde(borrow)]
    pub(super) worktree_name: Option<Cow<'line, str>>,
    #[serde(borrow)]
    pub(super) branch: Option<Cow<'line, str>>,
    #[serde(borrow)]
    pub(super) target_branch: Option<Cow<'line, str>>,
    #[serde(borrow)]
    pub(super) tool_name: Option<Cow<'line, str>>,
    #[serde(borrow)]
    pub(super) tool_id: Option<Cow<'line, str>>,
    #[serde(borrow)]
    pub(super) session_id: Option<Cow<'line, str>>,
    #[serde(borrow)]
    pub(super) model: Option<Cow<'line, str>>,
    #[serde(default, deserialize_with = "duration")]
    pub(super) duration: Option<Duration>,
    pub(super) total_items: Option<u64>,
    pub(super) pending_items: Option<u64>,
    pub(super) success_count: Option<u64>,
    pub(super) failure_count: Option<u64>,
    pub(super) attempt: Option<u64>,
    pub(super) backoff_ms: Option<u64>,
    pub(super) version: Option<u64>,
    pub(super) pending: Option<u64>,
    pub(super) used_mb: Option<u64>,
    pub(super) limit_mb: Option<u64>,
    pub(super) count: Option<u64>,
    pub(super) input_tokens: Option<u64>,
    pub(super) output_tokens: Option<u64>,
    pub(super) cache_tokens: Option<u64>,
}

fn timestamp<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let text = Cow::<'de, str>::deserialize(deserializer)?;
    let expected = |_| D::Error::custom(format_args!("{text:?} is not a time by RFC 3339"));
    text.parse().map(Some).map_err(expected)
}

/// Both forms that a duration has: `[45, 500000000]`, which Prodigy writes, and
/// `{"secs": 45, "nanos": 500000000}`, which its documentation shows.
fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    deserializer.deserialize_any(DurationVisitor).map(Some)
}

struct DurationVisitor;

impl<'de> Visitor<'de> for DurationVisitor {
    type Value = Duration;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a duration as [seconds, nanoseconds] or {\"secs\": …, \"nanos\": …}")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Duration, A::Error> {
        let seconds = sequence.next_element()?.ok_or_else(|| A::Error::invalid_length(0, &self))?;
        let nanoseconds = sequence.next_element()?.ok_or_else(|| A::Error::invalid_length(1, &self))?;
        match sequence.next_element::<IgnoredAny>()? {
            None => of_parts(seconds, nanoseconds),
            Some(_) => Err(A::Error::invalid_length(3, &self)),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Duration, A::Error> {
        let (mut seconds, mut nanoseconds) = (None, 0);
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            match &*key {
                "secs" => seconds = Some(map.next_value()?),
                "nanos" => nanoseconds = map.next_value()?,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        of_parts(seconds.ok_or_else(|| A::Error::missing_field("secs"))?, nanoseconds)
    }
}

fn of_parts<E: serde::de::Error>(seconds: i64, nanoseconds: u32) -> Result<Duration, E> {
    let seconds = u64::try_from(seconds).map_err(|_| E::custom("the duration is negative"))?;
    if nanoseconds >= 1_000_000_000 {
        return Err(E::custom("the duration has more than a second of nanoseconds"));
    }
    Ok(Duration::new(seconds, nanoseconds))
}
