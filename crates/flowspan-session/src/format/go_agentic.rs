//! The JSON exports of go-agentic: the one of its design (`snake_case`, durations as Go prints them, memory
//! in mebibytes) and the one of its code (names of Go fields, nanoseconds, bytes, agents inside).
//!
//! It counts tokens and costs of all model calls together, so these are one row without a phase, provider
//! or model. Costs since the last reset of its session are a part of them and are passed over.

use std::{collections::BTreeMap, time::Duration};

use jiff::SignedDuration;
use serde::{Deserialize, Deserializer, de::Error as _};

use super::{Problem, known_cost, known_time};
use crate::{Durations, ModelCalls, ModelRow, SessionMetrics, Tokens, Work};

const MEBIBYTE: u64 = 1 << 20;

#[derive(Deserialize)]
struct Export {
    system_metrics: System,
    agent_metrics: Option<BTreeMap<String, Agent>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct System {
    #[serde(alias = "StartTime")]
    start_time: Option<String>,
    #[serde(alias = "LastUpdated")]
    last_updated: Option<String>,
    #[serde(alias = "TotalRequests")]
    total_requests: u64,
    #[serde(alias = "SuccessfulRequests")]
    successful_requests: u64,
    #[serde(alias = "FailedRequests")]
    failed_requests: u64,
    #[serde(alias = "TotalExecutionTime")]
    total_execution_time: Option<GoDuration>,
    memory_usage_mb: Option<u64>,
    max_memory_usage_mb: Option<u64>,
    #[serde(rename = "MemoryUsage")]
    memory_usage: Option<u64>,
    #[serde(rename = "MaxMemoryUsage")]
    max_memory_usage: Option<u64>,
    #[serde(alias = "CacheHits")]
    cache_hits: u64,
    #[serde(alias = "CacheMisses")]
    cache_misses: u64,
    #[serde(alias = "TotalTokens")]
    total_tokens: u64,
    #[serde(alias = "TotalCost")]
    total_cost: f64,
    #[serde(alias = "LLMCallCount")]
    llm_call_count: u64,
    #[serde(rename = "AgentMetrics")]
    agents: Option<BTreeMap<String, Agent>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Agent {
    #[serde(flatten)]
    counts: Counts,
    #[serde(alias = "ToolMetrics")]
    tool_metrics: Option<BTreeMap<String, Counts>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Counts {
    #[serde(alias = "ExecutionCount")]
    execution_count: u64,
    #[serde(alias = "SuccessCount")]
    success_count: u64,
    #[serde(alias = "ErrorCount")]
    error_count: Option<u64>,
    #[serde(alias = "TimeoutCount")]
    timeout_count: u64,
    #[serde(alias = "TotalDuration")]
    total_duration: Option<GoDuration>,
    #[serde(alias = "AverageDuration")]
    average_duration: Option<GoDuration>,
    #[serde(alias = "MinDuration")]
    min_duration: Option<GoDuration>,
    #[serde(alias = "MaxDuration")]
    max_duration: Option<GoDuration>,
}

/// A duration in either form: nanoseconds, or a text such as `2m30s`.
#[derive(Clone, Copy)]
struct GoDuration(Duration);

impl<'de> Deserialize<'de> for GoDuration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Nanoseconds(u64),
            Text(String),
        }
        match Form::deserialize(deserializer)? {
            Form::Nanoseconds(nanoseconds) => Ok(GoDuration(Duration::from_nanos(nanoseconds))),
            Form::Text(text) => {
                let duration: SignedDuration = text.parse().map_err(D::Error::custom)?;
                duration.try_into().map(GoDuration).map_err(D::Error::custom)
            }
        }
    }
}

pub(super) fn parse(bytes: &[u8]) -> Result<SessionMetrics, Problem> {
    let Export { system_metrics: system, agent_metrics } = serde_json::from_slice(bytes)?;
    let mut session = SessionMetrics::new("");
    session.started_at = known_time::<serde_json::Error>(system.start_time.as_deref())?;
    session.updated_at = known_time::<serde_json::Error>(system.last_updated.as_deref())?;
    session.requests = Work {
        executions: system.total_requests,
        success: system.successful_requests,
        failed: system.failed_requests,
        duration: durations(system.total_requests, system.total_execution_time),
        ..Work::default()
    };
    session.cache.hits = system.cache_hits;
    session.cache.misses = system.cache_misses;
    let mebibytes = |mebibytes: Option<u64>| mebibytes.map(|number| number.saturating_mul(MEBIBYTE));
    session.memory.used_bytes = system.memory_usage.or(mebibytes(system.memory_usage_mb));
    session.memory.peak_bytes = system.max_memory_usage.or(mebibytes(system.max_memory_usage_mb));
    session.memory.measured_at = session.memory.used_bytes.and(session.updated_at);
    if system.llm_call_count > 0 || system.total_tokens > 0 {
        session.model_calls = vec![model_calls(&system)].into();
    }
    for (name, agent) in system.agents.into_iter().chain(agent_metrics).flatten() {
        let metrics = session.agents.entry(name).or_default();
        metrics.work += &work(&agent.counts);
        for (name, counts) in agent.tool_metrics.unwrap_or_default() {
            let work = work(&counts);
            *session.tools.entry(name.clone()).or_default() += &work;
            *metrics.tools.entry(name).or_default() += &work;
        }
    }
    Ok(session)
}

fn model_calls(system: &System) -> ModelRow {
    let calls = system.llm_call_count;
    let work = Work { executions: calls, success: calls, ..Work::default() };
    let tokens = Tokens { total: system.total_tokens, ..Tokens::default() };
    ModelRow::new([None; 3], ModelCalls { work, tokens, cost_usd: known_cost(system.total_cost) })
}

fn work(counts: &Counts) -> Work {
    let Counts { execution_count: executions, success_count: success, timeout_count: timeout, .. } = *counts;
    // The export of the design leaves the errors of tools out.
    let failed = counts.error_count.unwrap_or(executions.saturating_sub(success).saturating_sub(timeout));
    let total = counts.total_duration.or_else(|| {
        let factor = u32::try_from(executions).ok()?;
        counts.average_duration.and_then(|average| average.0.checked_mul(factor)).map(GoDuration)
    });
    let mut duration = durations(executions, total);
    if duration.measured > 0 {
        duration.minimum = counts.min_duration.map(|minimum| minimum.0);
        duration.maximum = counts.max_duration.map(|maximum| maximum.0);
    }
    Work { executions, success, failed, timeout, cancelled: 0, duration }
}

/// So many executions that took so long together, if anybody said.
fn durations(measured: u64, total: Option<GoDuration>) -> Durations {
    match total {
        Some(total) => Durations { measured, total: total.0, ..Durations::default() },
        None => Durations::default(),
    }
}
