//! Several sessions as one.

use std::collections::BTreeMap;

use crate::{
    AgentMetrics, MAX_AGENT_TOOLS, MAX_AGENTS, MAX_PHASES, MAX_STEPS, MAX_TOOLS, SessionMetrics, names::slot,
};

impl SessionMetrics {
    /// Adds another session to this one, which keeps its name. The result is what one session of the
    /// events of both would be.
    pub fn merge(&mut self, other: &SessionMetrics) {
        self.span(other.started_at, other.updated_at);
        self.events = self.events.saturating_add(other.events);
        self.requests += &other.requests;
        self.retries = self.retries.saturating_add(other.retries);
        self.items += &other.items;
        self.cache += &other.cache;
        self.memory += &other.memory;
        self.bounded = self.bounded.saturating_add(other.bounded);
        let mut bounded = 0;
        bounded += add(&mut self.phases, &other.phases, MAX_PHASES, |phase, other| *phase += other);
        bounded += add(&mut self.steps, &other.steps, MAX_STEPS, |step, other| *step += other);
        bounded += add(&mut self.tools, &other.tools, MAX_TOOLS, |tool, other| *tool += other);
        let mut bounded_tools = 0;
        bounded += add(&mut self.agents, &other.agents, MAX_AGENTS, |agent: &mut AgentMetrics, other| {
            agent.work += &other.work;
            bounded_tools +=
                add(&mut agent.tools, &other.tools, MAX_AGENT_TOOLS, |tool, other| *tool += other);
        });
        for row in other.model_calls.rows() {
            bounded += u64::from(self.model_calls.add(row));
        }
        self.bounded = self.bounded.saturating_add(bounded + bounded_tools);
    }
}

/// Adds the values of one map to those of another; how many of them had to be put under `other`.
fn add<T: Default>(
    map: &mut BTreeMap<String, T>,
    other: &BTreeMap<String, T>,
    limit: usize,
    mut join: impl FnMut(&mut T, &T),
) -> u64 {
    let mut bounded = 0;
    for (name, value) in other {
        let (slot, is_bounded) = slot(map, name, limit);
        join(slot, value);
        bounded += u64::from(is_bounded);
    }
    bounded
}
