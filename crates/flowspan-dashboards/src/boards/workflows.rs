//! Workflow overview.

use super::{Board, Row, details, row};
use crate::panel::{
    Colour::{Red, Yellow},
    Look, Panel, Tag, Unit, ask, number, panel, text,
};
use flowspan_model::Field;

pub(super) fn board() -> Board {
    Board {
        uid: "flowspan-workflows",
        title: "flowspan: workflow overview",
        description: "Do the workflows succeed, how long do they take, and which ones are worth a look?",
        time: "now-6h",
        rows: ROWS.to_vec(),
    }
}

const ROWS: [Row; 5] = [
    row("At a glance", GLANCE),
    row("Over time", TIME),
    row("Which ones", WHICH),
    row("Phases", PHASES),
    details(DETAILS),
];

const FAILED: &[Tag] = &[Tag::Of(Field::WorkflowName, "workflow_name"), Tag::Is(Field::Status, "failed")];
const OF_WORKFLOW: &[Tag] = &[Tag::Of(Field::WorkflowName, "workflow_name")];

const GLANCE: &[Panel] = &[
    panel(
        Look::Stat,
        "Running now",
        "Workflows that run at this moment. If it stays above zero while no step ends, see the alert FlowspanWorkflowStuck.",
    )
    .asks(&[ask(r#"sum(<workflow.active>{workflow_name=~"$workflow"})"#, "running")]),
    panel(
        Look::Stat,
        "Ended",
        "Workflows that ended in the chosen time, whatever their outcome.",
    )
    .asks(&[ask(r#"sum(%grown(<workflow.executions>{workflow_name=~"$workflow"}, $__range))"#, "ended")]),
    panel(
        Look::Stat,
        "Success rate, seven days",
        "The share of the runs of the last seven days that succeeded, whatever time is chosen above. From the recording rules, a quarter of an hour late: seven days of raw samples are too many to read at each look.",
    )
    .asks(&[ask(
        r#"(sum(sum_over_time(<:workflow_executions:grown15m>{workflow_name=~"$workflow",status="success"}[7d])) or vector(0)) / (sum(sum_over_time(<:workflow_executions:grown15m>{workflow_name=~"$workflow"}[7d])) > 0)"#,
        "success",
    )])
    .unit(Unit::Share)
    .better_from(&[(0.8, Yellow), (0.95, crate::Colour::Green)])
    .empty("nothing has ended, or the recording rules are not loaded"),
    panel(
        Look::Stat,
        "Failure rate, now",
        "The share of the runs of the last 15 minutes that failed or timed out. Above 20 % the alert FlowspanWorkflowFailures fires: open the traces of the failed runs.",
    )
    .asks(&[ask(
        r#"(sum(%grown(<workflow.executions>{workflow_name=~"$workflow",status=~"failed|timeout"}, 15m)) or vector(0)) / (sum(%grown(<workflow.executions>{workflow_name=~"$workflow"}, 15m)) > 0)"#,
        "failed",
    )])
    .unit(Unit::Share)
    .worse_from(&[(0.1, Yellow), (0.2, Red)])
    .empty("nothing ended in the last 15 minutes")
    .traces(&[Tag::Is(Field::Status, "failed")]),
    panel(
        Look::Gauge,
        "Average duration",
        "How long a run took on average in the chosen time. One slow workflow can hide many fast ones: the table below tells them apart.",
    )
    .asks(&[ask(
        r#"sum(%grown(<workflow.duration:sum>{workflow_name=~"$workflow"}, $__range)) / sum(%grown(<workflow.duration:count>{workflow_name=~"$workflow"}, $__range))"#,
        "average",
    )])
    .unit(Unit::Seconds)
    .worse_from(&[(300.0, Yellow), (1800.0, Red)]),
    panel(
        Look::Pie,
        "Outcomes",
        "How the runs of the chosen time ended. A growing share of timeouts means that a limit is too tight or a service too slow.",
    )
    .asks(&[ask(
        r#"sum by (status) (%grown(<workflow.executions>{workflow_name=~"$workflow"}, $__range))"#,
        "{{status}}",
    )])
    .width(8),
    panel(
        Look::Table(&[text("alertname", "alert"), text("severity", "severity"), text("alertstate", "state")]),
        "Alerts",
        "Alerts of flowspan that fire or are about to, from the rules in Prometheus. Each links to what to do in docs/runbook.md.",
    )
    .asks(&[ask(
        r#"count by (alertname, severity, alertstate) (ALERTS{alertname=~"Flowspan.*"})"#,
        "",
    )])
    .width(16)
    .empty("no alert fires"),
];

const TIME: &[Panel] = &[
    panel(
        Look::Columns,
        "Workflows over time",
        "How many runs ended in each interval, by outcome.",
    )
    .asks(&[ask(
        r#"sum by (status) (%grown(<workflow.executions>{workflow_name=~"$workflow"}, $__interval))"#,
        "{{status}}",
    )]),
    panel(Look::Lines, "Running", "How many runs there were at once. A line that only rises is a leak: runs that never end.")
        .asks(&[ask(
            r#"sum by (workflow_name) (<workflow.active>{workflow_name=~"$workflow"})"#,
            "{{workflow_name}}",
        )])
        .traces(OF_WORKFLOW),
    panel(
        Look::Lines,
        "How long runs take",
        "The median and the slow end. When only the 99th percentile rises, look at single runs; when all rise, at what they share: a model, a database, a queue.",
    )
    .asks(&[
        ask(QUANTILE_50, "half are faster than"),
        ask(QUANTILE_95, "95 % are faster than"),
        ask(QUANTILE_99, "99 % are faster than"),
    ])
    .unit(Unit::Seconds),
    panel(
        Look::Lines,
        "Failure rate by workflow",
        "The share of runs that failed or timed out, over 15 minutes each. The line at 20 % is where the alert fires.",
    )
    .asks(&[ask(
        r#"sum by (workflow_name) (%grown(<workflow.executions>{workflow_name=~"$workflow",status=~"failed|timeout"}, 15m)) / sum by (workflow_name) (%grown(<workflow.executions>{workflow_name=~"$workflow"}, 15m) > 0)"#,
        "{{workflow_name}}",
    )])
    .unit(Unit::Share)
    .worse_from(&[(0.1, Yellow), (0.2, Red)])
    .empty("nothing failed")
    .traces(FAILED),
];

const QUANTILE_50: &str = r#"histogram_quantile(0.5, sum by (le) (rate(<workflow.duration:bucket>{workflow_name=~"$workflow"}[$__rate_interval])))"#;
const QUANTILE_95: &str = r#"histogram_quantile(0.95, sum by (le) (rate(<workflow.duration:bucket>{workflow_name=~"$workflow"}[$__rate_interval])))"#;
const QUANTILE_99: &str = r#"histogram_quantile(0.99, sum by (le) (rate(<workflow.duration:bucket>{workflow_name=~"$workflow"}[$__rate_interval])))"#;

const WHICH: &[Panel] = &[
    panel(
        Look::Table(&[text("workflow_name", "workflow"), number("Value", "95 % are faster than", Unit::Seconds)]),
        "Five slowest workflows",
        "By the 95th percentile in the chosen time. Open the traces and follow the longest span.",
    )
    .asks(&[ask(
        r#"topk(5, histogram_quantile(0.95, sum by (le, workflow_name) (%grown(<workflow.duration:bucket>{workflow_name=~"$workflow"}, $__range))))"#,
        "",
    )])
    .width(8)
    .traces(OF_WORKFLOW),
    panel(
        Look::Table(&[
            text("workflow_name", "workflow"),
            number("Value #A", "runs", Unit::Count),
            number("Value #B", "succeeded", Unit::Share),
            number("Value #C", "average", Unit::Seconds),
        ]),
        "All workflows",
        "Runs, the share that succeeded and the average duration, in the chosen time.",
    )
    .asks(&[
        ask(r#"sum by (workflow_name) (%grown(<workflow.executions>{workflow_name=~"$workflow"}, $__range))"#, ""),
        ask(
            r#"(sum by (workflow_name) (%grown(<workflow.executions>{workflow_name=~"$workflow",status="success"}, $__range)) or sum by (workflow_name) (<workflow.executions>{workflow_name=~"$workflow"}) * 0) / sum by (workflow_name) (%grown(<workflow.executions>{workflow_name=~"$workflow"}, $__range) > 0)"#,
            "",
        ),
        ask(
            r#"sum by (workflow_name) (%grown(<workflow.duration:sum>{workflow_name=~"$workflow"}, $__range)) / sum by (workflow_name) (%grown(<workflow.duration:count>{workflow_name=~"$workflow"}, $__range) > 0)"#,
            "",
        ),
    ])
    .width(8)
    .traces(OF_WORKFLOW),
    panel(
        Look::Bars,
        "Steps for each run",
        "How many steps a run of each workflow takes on average. A sudden rise is a loop.",
    )
    .asks(&[ask(
        r#"sum by (workflow_name) (%grown(<workflow.steps>{workflow_name=~"$workflow"}, $__range)) / sum by (workflow_name) (%grown(<workflow.executions>{workflow_name=~"$workflow"}, $__range) > 0)"#,
        "{{workflow_name}}",
    )]),
];

const PHASES: &[Panel] = &[
    panel(
        Look::Bars,
        "Slowest phases",
        "The 95th percentile of each phase in the chosen time: where the time of a run goes.",
    )
    .asks(&[ask(
        "topk(10, histogram_quantile(0.95, sum by (le, phase) (%grown(<phase.duration:bucket>, $__range))))",
        "{{phase}}",
    )])
    .unit(Unit::Seconds)
    .empty("no workflow has phases"),
    panel(
        Look::Columns,
        "Phases entered",
        "A phase that is entered far more often than the one after it is where runs get stuck or start over.",
    )
    .asks(&[ask("sum by (phase) (%grown(<phase.transitions>, $__interval))", "{{phase}}")])
    .width(8)
    .empty("no workflow has phases"),
    panel(
        Look::Bars,
        "Heals and bisects",
        "Attempts of phases to repair their results, and searches for the change that broke them. Many that do not succeed cost money for nothing.",
    )
    .asks(&[
        ask("sum by (phase, outcome) (%grown(<phase.heals>, $__range))", "{{phase}}: heal {{outcome}}"),
        ask("sum by (phase, outcome) (%grown(<phase.bisects>, $__range))", "{{phase}}: bisect {{outcome}}"),
    ])
    .empty("nothing was healed or bisected"),
];

const DETAILS: &[Panel] = &[
    panel(
        Look::Table(&[]),
        "Last failures",
        "The runs that failed last, and why. The trace identifier finds the run in Jaeger.",
    )
    .of_events()
    .asks(&[ask(
        "SELECT started_at, workflow_name, status, duration_ms, error_type, error_message, trace_id \
         FROM flowspan.workflow_executions \
         WHERE $__timeFilter(started_at) AND status IN ('failed', 'timeout') AND workflow_name ~ '^(${workflow:regex})$' \
         ORDER BY started_at DESC LIMIT 50",
        "",
    )])
    .width(24)
    .empty("no run failed"),
    panel(
        Look::Table(&[]),
        "Runs without an end",
        "Runs that have not ended after a day: their program has died without a word.",
    )
    .of_events()
    .asks(&[ask(
        "SELECT started_at, workflow_name, service, run_id, trace_id FROM flowspan.workflow_executions \
         WHERE status = 'running' AND started_at < now() - INTERVAL '1 day' ORDER BY started_at DESC LIMIT 50",
        "",
    )])
    .empty("every run has ended"),
    panel(
        Look::Table(&[]),
        "Seven days by workflow",
        "Runs, success and durations of the last seven days, exact to the millisecond.",
    )
    .of_events()
    .asks(&[ask(
        "SELECT success.workflow_name, success.runs, success_percent, average_ms, p95_ms, slowest_ms \
         FROM flowspan.workflow_success_7d AS success JOIN flowspan.workflow_cost_7d USING (workflow_name) \
         ORDER BY p95_ms DESC NULLS LAST",
        "",
    )]),
];
