//! What the events of Prodigy become.

use std::time::{Duration, SystemTime};

use flowspan_model::{Event, Field, Fields, Kind, Moment, SpanIds, Status, Text, digest};

use super::record::{Body, EventType, Read};
use crate::line::{LineError, Words};

/// Who serves the models that Prodigy calls.
const PROVIDER: &str = "anthropic";
/// The name of all agents that work on items: that of one of them would be a name for each item.
const AGENT: &str = "map_agent";
/// The name of the queue of a job's items.
const QUEUE: &str = "mapreduce";
/// Prodigy counts memory in units of 2^20 bytes.
const MEGABYTE: u64 = 1 << 20;

/// A record of which the outer part is understood.
pub(super) struct Known<'line> {
    pub(super) id: &'line str,
    pub(super) correlation: &'line str,
    pub(super) time: SystemTime,
    pub(super) body: &'line Body<'line>,
}

/// Hands over the events that a record becomes.
pub(super) fn convert(
    record: &Known<'_>,
    words: &mut Words,
    take: &mut dyn FnMut(&Event),
) -> Result<Read, LineError> {
    use EventType as Type;
    let body = record.body;
    let Some(event_type) = EventType::of(&body.event_type) else {
        return Ok(Read::UnknownType(body.event_type.clone().into_owned()));
    };
    let mut made = Made { record, words, events: Vec::with_capacity(2) };
    match event_type {
        Type::JobStarted => made.job_starts(required(body.total_items, "total_items")?)?,
        Type::JobResumed => made.job_starts(required(body.pending_items, "pending_items")?)?,
        Type::JobCompleted => made.job_ends(Status::Success, Some(required(body.duration, "duration")?))?,
        Type::JobFailed => made.job_ends(Status::Failed, None)?,
        Type::JobPaused => made.job_ends(Status::Cancelled, None)?,
        Type::AgentStarted => made.agent_starts()?,
        Type::AgentCompleted => {
            made.agent_ends(Status::Success, Some(required(body.duration, "duration")?))?
        }
        Type::AgentFailed => made.agent_ends(Status::Failed, None)?,
        Type::AgentRetrying => made.agent_retries()?,
        Type::CheckpointCreated => made.checkpoint(Kind::CheckpointCreated)?,
        Type::CheckpointLoaded => made.checkpoint(Kind::CheckpointLoaded)?,
        Type::CheckpointFailed => made.checkpoint(Kind::CheckpointFailed)?,
        Type::WorktreeCreated => made.worktree(Moment::Started, Kind::Worktree)?,
        Type::WorktreeMerged => made.worktree(Moment::Occurred, Kind::WorktreeMerged)?,
        Type::WorktreeCleaned => made.worktree(Moment::Ended, Kind::Worktree)?,
        Type::QueueDepthChanged => made.queue_depth()?,
        Type::MemoryPressure => made.memory_pressure()?,
        Type::DlqItemAdded => made.dead_letter(Kind::DeadLetterAdded)?,
        Type::DlqItemRemoved => made.dead_letter(Kind::DeadLetterRemoved)?,
        Type::DlqItemsReprocessed => made.dead_letters(Kind::DeadLetterReprocessed)?,
        Type::DlqItemsEvicted => made.dead_letters(Kind::DeadLetterEvicted)?,
        Type::ClaudeToolInvoked => made.tool_call()?,
        Type::ClaudeTokenUsage => made.model_call()?,
        Type::ClaudeSessionStarted => made.session()?,
        Type::AgentProgress | Type::DlqAnalysisGenerated | Type::ClaudeMessage => {}
    }
    // Handed over at the end: a record is understood as a whole or not at all.
    made.events.iter().for_each(take);
    Ok(Read::Understood)
}

fn required<T>(value: Option<T>, name: &'static str) -> Result<T, LineError> {
    value.ok_or_else(|| LineError::Malformed(format!("missing field `{name}`")))
}

struct Made<'record, 'words> {
    record: &'record Known<'record>,
    words: &'words mut Words,
    events: Vec<Event>,
}

impl<'record> Made<'record, '_> {
    fn job(&self) -> Result<&'record str, LineError> {
        required(self.record.body.job_id.as_deref(), "job_id")
    }

    fn agent(&self) -> Result<&'record str, LineError> {
        required(self.record.body.agent_id.as_deref(), "agent_id")
    }

    /// Everything that one logger has written is one trace.
    fn ids(&self, span: [u8; 8], parent: Option<[u8; 8]>) -> SpanIds {
        SpanIds { trace: digest(&["trace", self.record.correlation]).to_be_bytes(), span, parent }
    }

    fn span(&self, what: &str, names: &[&str]) -> [u8; 8] {
        let parts = [&[what, self.record.correlation], names].concat();
        let [upper @ .., _, _, _, _, _, _, _, _] = digest(&parts).to_be_bytes();
        upper
    }

    fn job_span(&self, job: &str) -> [u8; 8] {
        self.span("job", &[job])
    }

    fn item_span(&self, job: &str, agent: &str) -> [u8; 8] {
        self.span("item", &[job, agent])
    }

    /// Events of Claude name no job: the agent has to be found without.
    fn agent_span(&self, agent: &str) -> [u8; 8] {
        self.span("agent", &[agent])
    }

    fn event(&self, moment: Moment, kind: Kind, ids: SpanIds) -> Event {
        Event { moment, kind, time: self.record.time, ids, duration: None, fields: Fields::default() }
    }

    fn text(&mut self, text: &str) -> Text {
        self.words.text(text)
    }

    fn of_job(&mut self, event: Event, job: &str) -> Event {
        let job = self.text(job);
        event.with(Field::JobId, job)
    }

    fn job_starts(&mut self, items: u64) -> Result<(), LineError> {
        let job = self.job()?;
        let event = self.event(Moment::Started, Kind::MapReduce, self.ids(self.job_span(job), None));
        let event = self.of_job(event, job).with(Field::Items, items);
        self.events.push(event);
        Ok(())
    }

    fn job_ends(&mut self, status: Status, duration: Option<Duration>) -> Result<(), LineError> {
        let job = self.job()?;
        let body = self.record.body;
        let event = self.event(Moment::Ended, Kind::MapReduce, self.ids(self.job_span(job), None));
        let event = self.of_job(event, job);
        let mut event = self.ended(event, status, duration)?;
        if let (Some(success), Some(failure)) = (body.success_count, body.failure_count) {
            event.fields.set(Field::Items, success.saturating_add(failure));
        }
        self.events.push(event);
        Ok(())
    }

    fn ended(
        &self,
        mut event: Event,
        status: Status,
        duration: Option<Duration>,
    ) -> Result<Event, LineError> {
        event.duration = duration;
        event.fields.set(Field::Status, Text::from_static(status.as_str()));
        if status == Status::Failed {
            event.fields.set(Field::ErrorMessage, required(self.record.body.error.as_deref(), "error")?);
        }
        Ok(event)
    }

    fn agent_starts(&mut self) -> Result<(), LineError> {
        let (job, agent) = (self.job()?, self.agent()?);
        let item = required(self.record.body.item_id.as_deref(), "item_id")?;
        let attempt = required(self.record.body.attempt, "attempt")?;
        for event in self.item_and_agent(Moment::Started, job, agent) {
            let event = event.with(Field::ItemId, item).with(Field::Attempt, attempt);
            self.events.push(event);
        }
        Ok(())
    }

    fn agent_ends(&mut self, status: Status, duration: Option<Duration>) -> Result<(), LineError> {
        let (job, agent) = (self.job()?, self.agent()?);
        let [item, agent] = self.item_and_agent(Moment::Ended, job, agent);
        for event in [agent, item] {
            let event = self.ended(event, status, duration)?;
            self.events.push(event);
        }
        Ok(())
    }

    /// An agent of a job works on one item.
    fn item_and_agent(&mut self, moment: Moment, job: &str, agent: &str) -> [Event; 2] {
        let item = self.item_span(job, agent);
        let around = self.event(moment, Kind::MapItem, self.ids(item, Some(self.job_span(job))));
        let inside = self.event(moment, Kind::Agent, self.ids(self.agent_span(agent), Some(item)));
        [self.of_job(around, job), self.of_job(inside, job).with(Field::AgentName, Text::from_static(AGENT))]
    }

    fn agent_retries(&mut self) -> Result<(), LineError> {
        let (job, agent) = (self.job()?, self.agent()?);
        let attempt = required(self.record.body.attempt, "attempt")?;
        let backoff = required(self.record.body.backoff_ms, "backoff_ms")?;
        let event = self.event(Moment::Occurred, Kind::Retry, self.ids(self.item_span(job, agent), None));
        let event = self
            .of_job(event, job)
            .with(Field::Attempt, attempt)
            .with(Field::RetryDelay, Duration::from_millis(backoff).as_secs_f64());
        self.events.push(event);
        Ok(())
    }

    /// Something that happened to the job as a whole.
    fn occurred(&mut self, kind: Kind) -> Result<Event, LineError> {
        let job = self.job()?;
        let event = self.event(Moment::Occurred, kind, self.ids(self.job_span(job), None));
        Ok(self.of_job(event, job))
    }

    fn checkpoint(&mut self, kind: Kind) -> Result<(), LineError> {
        let mut event = self.occurred(kind)?;
        match kind {
            Kind::CheckpointFailed => {
                event.fields.set(Field::Reason, required(self.record.body.error.as_deref(), "error")?);
            }
            _ => {
                let version = required(self.record.body.version, "version")?;
                event.fields.set(Field::CheckpointName, version.to_string());
            }
        }
        self.events.push(event);
        Ok(())
    }

    fn worktree(&mut self, moment: Moment, kind: Kind) -> Result<(), LineError> {
        let (job, agent, body) = (self.job()?, self.agent()?, self.record.body);
        let worktree = self.span("worktree", &[job, agent]);
        let event = self.event(moment, kind, self.ids(worktree, Some(self.item_span(job, agent))));
        let event = self.of_job(event, job);
        let event = match kind {
            Kind::WorktreeMerged => {
                event.with(Field::WorktreeBranch, required(body.target_branch.as_deref(), "target_branch")?)
            }
            _ => event.with(Field::WorktreeName, required(body.worktree_name.as_deref(), "worktree_name")?),
        };
        let event = match moment {
            Moment::Started => event.with(Field::WorktreeBranch, required(body.branch.as_deref(), "branch")?),
            Moment::Ended => self.ended(event, Status::Success, None)?,
            Moment::Occurred => event,
        };
        self.events.push(event);
        Ok(())
    }

    fn queue_depth(&mut self) -> Result<(), LineError> {
        let pending = required(self.record.body.pending, "pending")?;
        let event = self.occurred(Kind::QueueDepth)?;
        let event = event.with(Field::QueueName, Text::from_static(QUEUE)).with(Field::QueueDepth, pending);
        self.events.push(event);
        Ok(())
    }

    fn memory_pressure(&mut self) -> Result<(), LineError> {
        let body = self.record.body;
        let bytes = |megabytes: u64| megabytes.saturating_mul(MEGABYTE);
        let used = bytes(required(body.used_mb, "used_mb")?);
        let limit = bytes(required(body.limit_mb, "limit_mb")?);
        let event = self.occurred(Kind::MemoryPressure)?;
        self.events.push(event.with(Field::MemoryUsed, used).with(Field::MemoryLimit, limit));
        Ok(())
    }

    fn dead_letter(&mut self, kind: Kind) -> Result<(), LineError> {
        let item = required(self.record.body.item_id.as_deref(), "item_id")?;
        let mut event = self.occurred(kind)?.with(Field::ItemId, item);
        if kind == Kind::DeadLetterAdded {
            let signature = required(self.record.body.error_signature.as_deref(), "error_signature")?;
            event.fields.set(Field::Reason, signature);
        }
        self.events.push(event);
        Ok(())
    }

    fn dead_letters(&mut self, kind: Kind) -> Result<(), LineError> {
        let count = required(self.record.body.count, "count")?;
        let event = self.occurred(kind)?.with(Field::Count, count);
        self.events.push(event);
        Ok(())
    }

    /// Work of an agent of which the log knows no more than one moment.
    fn known_by_its_end(&mut self, kind: Kind, id: &str) -> Result<Event, LineError> {
        let agent = self.agent_span(self.agent()?);
        let span = self.span(kind.name(), &[id]);
        Ok(self.event(Moment::Ended, kind, self.ids(span, Some(agent))))
    }

    fn tool_call(&mut self) -> Result<(), LineError> {
        let body = self.record.body;
        let id = required(body.tool_id.as_deref(), "tool_id")?;
        let name = self.text(required(body.tool_name.as_deref(), "tool_name")?);
        let event = self.known_by_its_end(Kind::ToolCall, self.record.id)?;
        let event = event
            .with(Field::Operation, Text::from_static("execute_tool"))
            .with(Field::ToolName, name)
            .with(Field::ToolCallId, id);
        self.events.push(event);
        Ok(())
    }

    fn model_call(&mut self) -> Result<(), LineError> {
        let body = self.record.body;
        let uncached = required(body.input_tokens, "input_tokens")?;
        let output = required(body.output_tokens, "output_tokens")?;
        let cached = required(body.cache_tokens, "cache_tokens")?;
        let event = self.known_by_its_end(Kind::Inference, self.record.id)?;
        let event = event
            .with(Field::Operation, Text::from_static("chat"))
            .with(Field::Provider, Text::from_static(PROVIDER))
            .with(Field::InputTokens, uncached.saturating_add(cached))
            .with(Field::OutputTokens, output)
            .with(Field::CacheReadTokens, cached);
        self.events.push(event);
        Ok(())
    }

    fn session(&mut self) -> Result<(), LineError> {
        let body = self.record.body;
        let session = required(body.session_id.as_deref(), "session_id")?;
        let model = self.text(required(body.model.as_deref(), "model")?);
        let event = self.known_by_its_end(Kind::Session, self.record.id)?;
        let event = event
            .with(Field::Provider, Text::from_static(PROVIDER))
            .with(Field::RequestModel, model)
            .with(Field::SessionId, session);
        self.events.push(event);
        Ok(())
    }
}
