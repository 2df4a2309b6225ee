//! From events to sums.

use flowspan_model::{Event, Field, Kind, Moment};

use crate::{
    AgentMetrics, MAX_AGENT_TOOLS, MAX_AGENTS, MAX_PHASES, MAX_STEPS, MAX_TOOLS, PhaseMetrics,
    SessionMetrics, UNKNOWN, names::slot,
};

/// Whether a session is made of such events.
pub(crate) fn wants(moment: Moment, kind: Kind) -> bool {
    match moment {
        Moment::Started => matches!(kind, Kind::Phase | Kind::MapReduce),
        Moment::Ended => matches!(
            kind,
            Kind::Workflow
                | Kind::Phase
                | Kind::Step
                | Kind::Agent
                | Kind::Inference
                | Kind::Embeddings
                | Kind::ToolCall
                | Kind::MapItem
        ),
        Moment::Occurred => matches!(
            kind,
            Kind::PhaseTransition
                | Kind::Heal
                | Kind::Bisect
                | Kind::Retry
                | Kind::CacheHit
                | Kind::CacheMiss
                | Kind::MemoryPressure
        ),
    }
}

impl SessionMetrics {
    /// Adds one event. What a session is not made of changes nothing.
    ///
    /// Model calls count when they end, and from that event alone; roll-ups of agents and workflows are
    /// never added.
    pub fn record(&mut self, event: &Event) {
        if !wants(event.moment, event.kind) {
            return;
        }
        self.events = self.events.saturating_add(1);
        let began = event.duration.and_then(|duration| event.time.checked_sub(duration));
        self.span(Some(began.unwrap_or(event.time)), Some(event.time));
        match event.moment {
            Moment::Started => self.started(event),
            Moment::Ended => self.ended(event),
            Moment::Occurred => self.occurred(event),
        }
    }

    /// Extends the time of the session to hold these two.
    pub(crate) fn span(
        &mut self,
        started: Option<std::time::SystemTime>,
        updated: Option<std::time::SystemTime>,
    ) {
        self.started_at = self.started_at.into_iter().chain(started).min();
        self.updated_at = self.updated_at.max(updated);
    }

    fn started(&mut self, event: &Event) {
        if event.kind == Kind::Phase {
            self.enter_phase(event);
        } else {
            let items = event.fields.integer(Field::Items).and_then(|items| u64::try_from(items).ok());
            self.items.planned = self.items.planned.saturating_add(items.unwrap_or(0));
        }
    }

    fn ended(&mut self, event: &Event) {
        match event.kind {
            Kind::Workflow => self.requests.end(event),
            Kind::Phase => self.phase(event).work.end(event),
            Kind::Step => {
                let (step, is_bounded) = slot(&mut self.steps, name(event, Field::StepName), MAX_STEPS);
                step.end(event);
                self.bounded = self.bounded.saturating_add(u64::from(is_bounded));
            }
            Kind::Agent => self.agent(name(event, Field::AgentName)).work.end(event),
            Kind::ToolCall => self.tool(event),
            Kind::MapItem => self.items.end(event),
            // The two kinds of model calls; `wants` lets nothing else through.
            _ => {
                let is_bounded = self.model_calls.end(event);
                self.bounded = self.bounded.saturating_add(u64::from(is_bounded));
            }
        }
    }

    fn occurred(&mut self, event: &Event) {
        match event.kind {
            Kind::PhaseTransition => self.enter_phase(event),
            Kind::Heal => self.phase(event).heals.note(event.fields.text(Field::HealOutcome)),
            Kind::Bisect => self.phase(event).bisects.note(event.fields.text(Field::BisectOutcome)),
            Kind::Retry => self.retries = self.retries.saturating_add(1),
            Kind::CacheHit => self.cache.hits = self.cache.hits.saturating_add(1),
            Kind::CacheMiss => self.cache.misses = self.cache.misses.saturating_add(1),
            // Memory pressure.
            _ => {
                let used = event.fields.integer(Field::MemoryUsed).and_then(|used| u64::try_from(used).ok());
                if let Some(used) = used {
                    self.memory.look(used, None, event.time);
                }
            }
        }
    }

    fn enter_phase(&mut self, event: &Event) {
        let phase = self.phase(event);
        phase.transitions = phase.transitions.saturating_add(1);
    }

    fn phase(&mut self, event: &Event) -> &mut PhaseMetrics {
        let (phase, is_bounded) = slot(&mut self.phases, name(event, Field::PhaseName), MAX_PHASES);
        self.bounded = self.bounded.saturating_add(u64::from(is_bounded));
        phase
    }

    fn agent(&mut self, name: &str) -> &mut AgentMetrics {
        let (agent, is_bounded) = slot(&mut self.agents, name, MAX_AGENTS);
        self.bounded = self.bounded.saturating_add(u64::from(is_bounded));
        agent
    }

    fn tool(&mut self, event: &Event) {
        let name = name(event, Field::ToolName);
        let (tool, is_bounded) = slot(&mut self.tools, name, MAX_TOOLS);
        tool.end(event);
        self.bounded = self.bounded.saturating_add(u64::from(is_bounded));
        // A tool that the program calls outside every agent belongs to none.
        if let Some(agent) = event.fields.text(Field::AgentName).filter(|agent| !agent.is_empty()) {
            let (tool, is_bounded) = slot(&mut self.agent(agent).tools, name, MAX_AGENT_TOOLS);
            tool.end(event);
            self.bounded = self.bounded.saturating_add(u64::from(is_bounded));
        }
    }
}

fn name(event: &Event, field: Field) -> &str {
    event.fields.text(field).filter(|name| !name.is_empty()).unwrap_or(UNKNOWN)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;

    fn event(moment: Moment, kind: Kind, second: u64) -> Event {
        Event { time: SystemTime::UNIX_EPOCH + Duration::from_secs(second), ..Event::new(moment, kind) }
    }

    #[test]
    fn the_time_of_a_session_is_that_of_its_events() {
        let mut session = SessionMetrics::new("s");
        let mut agent = event(Moment::Ended, Kind::Agent, 100);
        agent.duration = Some(Duration::from_secs(30));
        session.record(&agent);
        session.record(&event(Moment::Occurred, Kind::Retry, 90));
        assert_eq!(session.started_at, Some(SystemTime::UNIX_EPOCH + Duration::from_secs(70)));
        assert_eq!(session.updated_at, Some(SystemTime::UNIX_EPOCH + Duration::from_secs(100)));
    }

    #[test]
    fn a_phase_is_entered_by_its_start_or_by_a_transition_and_heals_itself() {
        let mut session = SessionMetrics::new("s");
        let of = |moment, kind| event(moment, kind, 1).with(Field::PhaseName, "verify");
        session.record(&of(Moment::Started, Kind::Phase));
        session.record(&of(Moment::Occurred, Kind::PhaseTransition));
        for outcome in ["triggered", "failed", "triggered", "succeeded", "nonsense"] {
            session.record(&of(Moment::Occurred, Kind::Heal).with(Field::HealOutcome, outcome));
        }
        session.record(&of(Moment::Occurred, Kind::Bisect).with(Field::BisectOutcome, "triggered"));
        assert!(!session.phases["verify"].is_success(), "it has not ended");
        session.record(&of(Moment::Ended, Kind::Phase).with(Field::Status, "success"));
        let phase = &session.phases["verify"];
        assert_eq!((phase.transitions, phase.heals.triggered, phase.bisects.triggered), (2, 2, 1));
        assert_eq!((phase.heals.succeeded, phase.heals.failed), (1, 1));
        assert!(phase.is_success());
    }

    #[test]
    fn the_last_look_at_the_memory_counts_and_the_peak_stays() {
        let mut session = SessionMetrics::new("s");
        for (second, bytes) in [(1, 50), (3, 10), (2, 30)] {
            session.record(
                &event(Moment::Occurred, Kind::MemoryPressure, second).with(Field::MemoryUsed, bytes as u64),
            );
        }
        assert_eq!((session.memory.used_bytes, session.memory.peak_bytes), (Some(10), Some(50)));
    }

    #[test]
    fn a_call_of_a_tool_is_of_its_agent_if_it_has_one() {
        let mut session = SessionMetrics::new("s");
        let call = event(Moment::Ended, Kind::ToolCall, 1).with(Field::ToolName, "rg");
        session.record(&call);
        session.record(&call.clone().with(Field::AgentName, "a"));
        assert_eq!(session.tools["rg"].executions, 2);
        assert_eq!(session.agents["a"].tools["rg"].executions, 1);
        assert_eq!(session.agents["a"].work.executions, 0);
    }

    #[test]
    fn what_a_session_is_not_made_of_changes_nothing() {
        let mut session = SessionMetrics::new("s");
        for kind in Kind::ALL {
            for moment in Moment::ALL {
                if !wants(moment, *kind) {
                    session.record(&event(moment, *kind, 1));
                }
            }
        }
        assert_eq!(session, SessionMetrics::new("s"));
    }
}
