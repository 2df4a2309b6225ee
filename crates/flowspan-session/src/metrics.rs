//! What a session came to.

use std::{collections::BTreeMap, time::SystemTime};

use serde::{Deserialize, Serialize};

use crate::{AgentMetrics, CacheMetrics, ItemMetrics, MemoryMetrics, ModelTable, PhaseMetrics, Work, time};

/// What a session came to: plain data, to be read, merged, kept in a file or fed with events.
///
/// Its JSON form is that of [`SessionDocument`](crate::SessionDocument).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct SessionMetrics {
    /// Which session it is.
    pub session_id: String,
    /// When the first thing began that was observed; `None` before.
    #[serde(with = "time::optional")]
    pub started_at: Option<SystemTime>,
    /// When the last thing happened that was observed; `None` before.
    #[serde(with = "time::optional")]
    pub updated_at: Option<SystemTime>,
    /// How many events it is made of.
    pub events: u64,
    /// How often a name was one too many, or too long, and was counted under another one.
    pub bounded: u64,
    /// Runs of workflows: the requests that the program served.
    pub requests: Work,
    /// Phases by name.
    pub phases: BTreeMap<String, PhaseMetrics>,
    /// Steps by name.
    pub steps: BTreeMap<String, Work>,
    /// How often work was tried again.
    pub retries: u64,
    /// Items of map-reduce jobs.
    pub items: ItemMetrics,
    /// Agents by name.
    pub agents: BTreeMap<String, AgentMetrics>,
    /// Tools by name, whoever called them.
    pub tools: BTreeMap<String, Work>,
    /// Calls of models by phase, provider and model.
    pub model_calls: ModelTable,
    /// Look-ups in caches.
    pub cache: CacheMetrics,
    /// Memory of the program.
    pub memory: MemoryMetrics,
}

impl SessionMetrics {
    /// A session in which nothing has happened yet.
    pub fn new(session_id: impl Into<String>) -> Self {
        SessionMetrics { session_id: session_id.into(), ..SessionMetrics::default() }
    }
}
