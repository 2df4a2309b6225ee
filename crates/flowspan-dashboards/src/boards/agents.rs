//! Agents and tools.

use super::{Board, Row, details, row};
use crate::panel::{
    Colour::{Red, Yellow},
    Look, Panel, Tag, Unit, ask, number, panel, text,
};
use flowspan_model::Field;

pub(super) fn board() -> Board {
    Board {
        uid: "flowspan-agents",
        title: "flowspan: agents and tools",
        description: "What agents and their tools do, how often they fail, and how long they wait for people.",
        time: "now-6h",
        rows: ROWS.to_vec(),
    }
}

const ROWS: [Row; 4] =
    [row("Agents", AGENTS), row("Waiting and handing over", PEOPLE), row("Tools", TOOLS), details(DETAILS)];

const OF_AGENT: &[Tag] = &[Tag::Of(Field::AgentName, "agent_name")];
const OF_TOOL: &[Tag] = &[Tag::Of(Field::ToolName, "tool_name")];

const AGENTS: &[Panel] = &[
    panel(Look::Columns, "Agents over time", "Invocations of agents that ended in each interval, by outcome.").asks(&[
        ask("sum by (agent_name, status) (%grown(<agent.executions>, $__interval))", "{{agent_name}}: {{status}}"),
    ])
    .traces(OF_AGENT),
    panel(
        Look::Lines,
        "95th percentile of agents",
        "95 % of the invocations are faster. The time includes waiting for people, tools and models.",
    )
    .asks(&[ask(
        "histogram_quantile(0.95, sum by (le, agent_name) (rate(<agent.duration:bucket>[$__rate_interval])))",
        "{{agent_name}}",
    )])
    .unit(Unit::Seconds)
    .traces(OF_AGENT),
    panel(
        Look::Table(&[
            text("agent_name", "agent"),
            number("Value #A", "invocations", Unit::Count),
            number("Value #B", "failed", Unit::Share),
            number("Value #C", "average", Unit::Seconds),
        ]),
        "All agents",
        "Invocations, the share that failed or timed out, and the average duration in the chosen time.",
    )
    .asks(&[
        ask("sum by (agent_name) (%grown(<agent.executions>, $__range))", ""),
        ask(
            r#"(sum by (agent_name) (%grown(<agent.executions>{status=~"failed|timeout"}, $__range)) or sum by (agent_name) (<agent.executions>) * 0) / sum by (agent_name) (%grown(<agent.executions>, $__range) > 0)"#,
            "",
        ),
        ask(
            "sum by (agent_name) (%grown(<agent.duration:sum>, $__range)) / sum by (agent_name) (%grown(<agent.duration:count>, $__range) > 0)",
            "",
        ),
    ])
    .traces(OF_AGENT),
    panel(
        Look::Pie,
        "Outcomes",
        "How invocations of agents ended. Timeouts are apart: they need more patience or smaller tasks, failures need a fix.",
    )
    .asks(&[ask("sum by (status) (%grown(<agent.executions>, $__range))", "{{status}}")])
    .width(12),
];

const PEOPLE: &[Panel] = &[
    panel(Look::Stat, "Waiting for a person", "Agents that wait for somebody now. Go and answer them.")
        .asks(&[ask("sum by (agent_name) (<agent.blocked_active>) > 0", "{{agent_name}}")])
        .worse_from(&[(1.0, Yellow)])
        .width(8)
        .empty("no agent waits"),
    panel(
        Look::Bars,
        "Time spent waiting",
        "How long agents waited for people, all waits of the chosen time together. It is a part of their duration.",
    )
    .asks(&[ask("sum by (agent_name) (%grown(<agent.blocked:sum>, $__range))", "{{agent_name}}")])
    .unit(Unit::Seconds)
    .empty("no agent has waited"),
    panel(
        Look::Bars,
        "Handoffs",
        "Who handed work over to whom. Two agents that hand over to each other many times are in a loop.",
    )
    .asks(&[ask(
        "sum by (agent_name, target) (%grown(<agent.handoffs>, $__range))",
        "{{agent_name}} to {{target}}",
    )])
    .empty("no work was handed over"),
];

const TOOLS: &[Panel] = &[
    panel(Look::Bars, "Most used tools", "The ten tools that were called most in the chosen time.")
        .asks(&[ask("topk(10, sum by (tool_name) (%grown(<tool.executions>, $__range)))", "{{tool_name}}")])
        .empty("no tool was called")
        .traces(OF_TOOL),
    panel(
        Look::Bars,
        "Failing tools",
        "The share of the calls that failed or timed out. Agents try again or go astray: mend the tool, or say in its description when to use it.",
    )
    .asks(&[ask(
        r#"topk(10, sum by (tool_name) (%grown(<tool.executions>{status=~"failed|timeout"}, $__range)) / sum by (tool_name) (%grown(<tool.executions>, $__range) > 0))"#,
        "{{tool_name}}",
    )])
    .unit(Unit::Share)
    .worse_from(&[(0.05, Yellow), (0.2, Red)])
    .empty("no tool failed")
    .traces(&[Tag::Of(Field::ToolName, "tool_name"), Tag::Is(Field::Status, "failed")]),
    panel(Look::Bars, "Slowest tools", "The 95th percentile of the calls in the chosen time.")
        .asks(&[ask(
            "topk(10, histogram_quantile(0.95, sum by (le, tool_name) (%grown(<tool.duration:bucket>, $__range))))",
            "{{tool_name}}",
        )])
        .unit(Unit::Seconds)
        .empty("no tool was called")
        .traces(OF_TOOL),
];

const DETAILS: &[Panel] = &[
    panel(
        Look::Table(&[]),
        "How long agents take, seven days",
        "Exact percentiles by agent and job. Agents outside of jobs have no job.",
    )
    .of_events()
    .asks(&[ask(
        "SELECT agent_name, job_name, runs, p50_ms, p95_ms, p99_ms FROM flowspan.agent_latency_7d ORDER BY p95_ms DESC NULLS LAST",
        "",
    )]),
    panel(Look::Table(&[]), "Which tools fail, and with what", "Failed calls of the chosen time by tool and class of error.")
        .of_events()
        .asks(&[ask(
            "SELECT tool_name, error_type, count(*) AS calls, max(error_message) AS one_of_the_messages FROM flowspan.tool_calls \
             WHERE $__timeFilter(started_at) AND status <> 'success' GROUP BY tool_name, error_type ORDER BY calls DESC",
            "",
        )])
        .empty("no tool failed"),
    panel(Look::Table(&[]), "Last failed agents", "The invocations that failed last, and why.")
        .of_events()
        .asks(&[ask(
            "SELECT started_at, agent_name, attempt, status, duration_ms, error_type, error_message, trace_id FROM flowspan.agent_executions \
             WHERE $__timeFilter(started_at) AND status IN ('failed', 'timeout') ORDER BY started_at DESC LIMIT 50",
            "",
        )])
        .width(24)
        .empty("no agent failed"),
];
