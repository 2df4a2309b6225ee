//! Agents and their tools.

use super::row::{
    AGENT_SECONDS, PERSON_SECONDS, STEP_SECONDS, counter, ended, lasted, left, occurred, running, seconds,
    started,
};
use crate::{
    Kind,
    catalog::{
        Metric,
        labels::{AGENT, HANDOFF_TARGET, JOB, STATUS, TOOL},
    },
};

pub(super) const ROWS: &[Metric] = &[
    counter("agent.executions", "{execution}", "Agents that ended, by outcome; timeouts are one of them.")
        .labels(&[AGENT, STATUS])
        .fed_by(&[ended(Kind::Agent)])
        .answers(&["001 crew_agent_executions", "001 crew_agent_errors", "001 TimeoutCount"]),
    seconds("agent.duration", "How long agents took.", AGENT_SECONDS)
        .labels(&[AGENT, STATUS, JOB])
        .fed_by(&[lasted(Kind::Agent)])
        .answers(&["003 prodigy_agent_duration_seconds", "001 crew_agent_average_duration"]),
    seconds(
        "agent.blocked",
        "How long agents waited for a person, which is a part of how long they took.",
        PERSON_SECONDS,
    )
    .labels(&[AGENT])
    .fed_by(&[lasted(Kind::Blocked)]),
    running("agent.blocked_active", "{agent}", "Agents that wait for a person now.")
        .labels(&[AGENT])
        .fed_by(&[started(Kind::Blocked), left(Kind::Blocked)]),
    counter("agent.handoffs", "{handoff}", "Times that an agent handed the work over to another one.")
        .labels(&[AGENT, HANDOFF_TARGET])
        .fed_by(&[occurred(Kind::Handoff)]),
    counter("tool.executions", "{execution}", "Tool calls that ended, by outcome.")
        .labels(&[TOOL, STATUS])
        .fed_by(&[ended(Kind::ToolCall)])
        .answers(&[
            "003 prodigy_claude_tool_invocations_total",
            "002 tools.call_count",
            "001 tool_metrics.execution_count",
        ]),
    seconds("tool.duration", "How long tool calls took.", STEP_SECONDS)
        .labels(&[TOOL, STATUS])
        .fed_by(&[lasted(Kind::ToolCall)])
        .answers(&["002 tools.total_duration_ms", "001 tool_metrics.average_duration"]),
];
