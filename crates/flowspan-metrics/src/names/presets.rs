//! The names of other systems, so that dashboards written for them work unchanged.
//!
//! `docs/migrating` has a page for each of them.

use super::Names;

impl Names {
    /// The names and labels of Prodigy's specification 125 (`prodigy_workflow_executions_total` and
    /// its sisters).
    ///
    /// What it has no metric for keeps its name under the namespace. `job_id` is the name of the job:
    /// an identifier of a single run makes no label.
    pub fn prodigy() -> Self {
        const JOB: [(&str, &str); 1] = [("job_id", "job_name")];
        const STEP_TYPE: [(&str, &str); 1] = [("step_type", "step_type")];
        const WORKFLOW: [(&str, &str); 1] = [("workflow_name", "workflow_name")];
        Names::new("prodigy")
            .labels("workflow.duration", WORKFLOW)
            .labels("step.executions", [("step_type", "step_type"), ("status", "status")])
            .labels("step.duration", STEP_TYPE)
            .labels("mapreduce.jobs_active", JOB)
            .labels("mapreduce.agents_active", JOB)
            .labels("mapreduce.items", [("job_id", "job_name"), ("status", "status")])
            .labels("mapreduce.dlq_items", JOB)
            .labels("mapreduce.worktrees_active", JOB)
            .labels("agent.duration", JOB)
            .rename("llm.tokens", "claude.tokens")
            .labels("llm.tokens", [("token_type", "token_type")])
            // There, input and output are without what was cached, and reasoning is not told apart.
            .value("llm.tokens", "token_type", "cache_read", "cache")
            .value("llm.tokens", "token_type", "cache_write", "cache")
            .omit("llm.tokens", "token_type", "reasoning")
            .rename("llm.sessions", "claude.sessions")
            .rename("llm.errors", "claude.errors")
            .labels("llm.errors", [("error_type", "error_type")])
            .rename("tool.executions", "claude.tool_invocations")
            .labels("tool.executions", [("tool_name", "tool_name")])
    }

    /// The names of Clutch's metrics (`clutch_executions_total` and its sisters).
    ///
    /// Its `labels={…}` for all series are [`constant_labels`](Names::constant_labels).
    pub fn clutch() -> Self {
        Names::new("clutch")
            .rename("workflow.duration", "execution.duration")
            .rename("workflow.executions", "executions")
            .rename("workflow.active", "active_executions")
    }

    /// The names of the crew of go-agentic (`crew_requests_total` and its sisters).
    ///
    /// A request is a workflow; what did not succeed is an `error`. Averages and rates, which it
    /// computes itself, are queries here: see its page in `docs/migrating`.
    pub fn crew() -> Self {
        const AGENT: [(&str, &str); 2] = [("agent", "agent_name"), ("status", "status")];
        const NO_LABELS: [(&str, &str); 0] = [];
        let names = Names::new("crew")
            .rename("workflow.executions", "requests")
            .labels("workflow.executions", [("status", "status")])
            .rename("workflow.duration", "request.duration")
            .labels("workflow.duration", NO_LABELS)
            .labels("cache.hits", NO_LABELS)
            .labels("cache.misses", NO_LABELS)
            .labels("agent.executions", AGENT)
            .labels("agent.duration", AGENT)
            .rename("process.memory.usage", "memory.usage")
            .rename("process.memory.peak", "max_memory.usage");
        ["workflow.executions", "agent.executions", "agent.duration"].into_iter().fold(
            names,
            |names, metric| {
                let error = |names: Names, from| names.value(metric, "status", from, "error");
                ["failed", "cancelled", "timeout"].into_iter().fold(names, error)
            },
        )
    }

    /// The numbers of M31A's `METRICS.json` as metrics (`m31a_tools_call_count_total` and its
    /// sisters): named as in that file, and model calls by the phase that they are made in.
    pub fn m31a() -> Self {
        const TOOL: [(&str, &str); 2] = [("name", "tool_name"), ("status", "status")];
        const PHASE: [(&str, &str); 1] = [("phase", "phase")];
        const OUTCOME: [(&str, &str); 2] = [("phase", "phase"), ("outcome", "outcome")];
        Names::new("m31a")
            .rename("tool.executions", "tools.call_count")
            .labels("tool.executions", TOOL)
            .rename("tool.duration", "tools.duration")
            .labels("tool.duration", TOOL)
            .rename("llm.tokens", "llms.tokens")
            .labels("llm.tokens", [("phase", "phase"), ("kind", "token_type")])
            .value("llm.tokens", "token_type", "input", "prompt")
            .value("llm.tokens", "token_type", "output", "completion")
            .omit("llm.tokens", "token_type", "cache_read")
            .omit("llm.tokens", "token_type", "cache_write")
            .omit("llm.tokens", "token_type", "reasoning")
            .rename("llm.cost.usd", "llms.cost")
            .labels("llm.cost.usd", PHASE)
            .rename("llm.calls", "llms.interaction_count")
            .labels("llm.calls", PHASE)
            .rename("phase.duration", "phases.duration")
            .rename("phase.transitions", "phases.transition_count")
            .rename("phase.heals", "phases.heal_count")
            .labels("phase.heals", OUTCOME)
            .rename("phase.bisects", "phases.bisect_count")
            .labels("phase.bisects", OUTCOME)
    }
}
