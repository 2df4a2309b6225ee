//! `METRICS.json` of M31A.
//!
//! Its model calls know their phase and neither provider nor model; it records one when a usage came back,
//! so each of them succeeded. A phase keeps the duration of its last run only. What has no place in a
//! session here is passed over: edit strategies, plan outcomes, start-up times, completions,
//! cancellations, hashes of prompts, durations and loops of heals.

use std::time::Duration;

use serde::{Deserialize, de::Error as _};

use super::{Problem, known_cost, known_time};
use crate::{Durations, ModelCalls, ModelRow, PhaseMetrics, Progress, SessionMetrics, Tokens, Work};

#[derive(Deserialize)]
struct File {
    session_id: String,
    started_at: Option<String>,
    updated_at: Option<String>,
    tools: Option<Vec<Tool>>,
    llms: Option<Vec<Llm>>,
    phases: Option<Vec<Phase>>,
}

#[derive(Deserialize)]
struct Tool {
    name: String,
    call_count: u64,
    #[serde(default)]
    success_count: u64,
    #[serde(default)]
    fail_count: u64,
    #[serde(default)]
    total_duration_ms: u64,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Llm {
    phase: String,
    prompt_tokens: u64,
    completion_tokens: u64,
    total_tokens: u64,
    cost: f64,
    interaction_count: u64,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Phase {
    phase: String,
    duration_ms: u64,
    transition_count: u64,
    heal_trigger_count: u64,
    heal_success_count: u64,
    heal_fail_count: u64,
    bisect_trigger_count: u64,
    bisect_success_count: u64,
    bisect_fail_count: u64,
    success: bool,
}

pub(super) fn parse(bytes: &[u8]) -> Result<SessionMetrics, Problem> {
    let file: File = serde_json::from_slice(bytes)?;
    let mut session = SessionMetrics::new(file.session_id);
    session.started_at = known_time::<serde_json::Error>(file.started_at.as_deref())?;
    session.updated_at = known_time::<serde_json::Error>(file.updated_at.as_deref())?;
    for tool in file.tools.unwrap_or_default() {
        *session.tools.entry(tool.name.clone()).or_default() += &work(&tool);
    }
    let rows = file.llms.unwrap_or_default().iter().map(row).collect::<Vec<_>>();
    session.model_calls = rows.into();
    for phase in file.phases.unwrap_or_default() {
        if phase.phase.is_empty() {
            return Err(serde_json::Error::custom("a phase has no name").into());
        }
        *session.phases.entry(phase.phase.clone()).or_default() += &metrics(&phase);
    }
    Ok(session)
}

fn work(tool: &Tool) -> Work {
    Work {
        executions: tool.call_count,
        success: tool.success_count,
        failed: tool.fail_count,
        duration: durations(tool.call_count, tool.total_duration_ms),
        ..Work::default()
    }
}

fn durations(measured: u64, milliseconds: u64) -> Durations {
    Durations { measured, total: Duration::from_millis(milliseconds), ..Durations::default() }
}

fn row(llm: &Llm) -> ModelRow {
    let work = Work { executions: llm.interaction_count, success: llm.interaction_count, ..Work::default() };
    let tokens = Tokens {
        prompt: llm.prompt_tokens,
        completion: llm.completion_tokens,
        total: llm.total_tokens,
        ..Tokens::default()
    };
    let phase = Some(llm.phase.as_str()).filter(|phase| !phase.is_empty());
    ModelRow::new([phase, None, None], ModelCalls { work, tokens, cost_usd: known_cost(llm.cost) })
}

fn metrics(phase: &Phase) -> PhaseMetrics {
    // A phase that was entered and has not ended has neither a duration nor a success.
    let executions = u64::from(phase.duration_ms > 0 || phase.success);
    let success = u64::from(phase.success);
    PhaseMetrics {
        work: Work {
            executions,
            success,
            failed: executions - success,
            duration: durations(executions, phase.duration_ms),
            ..Work::default()
        },
        transitions: phase.transition_count,
        heals: Progress {
            triggered: phase.heal_trigger_count,
            succeeded: phase.heal_success_count,
            failed: phase.heal_fail_count,
        },
        bisects: Progress {
            triggered: phase.bisect_trigger_count,
            succeeded: phase.bisect_success_count,
            failed: phase.bisect_fail_count,
        },
    }
}
