//! Steps.

use super::{Board, Row, details, row};
use crate::panel::{
    Colour::{Red, Yellow},
    Look, Panel, Tag, Unit, ask, number, panel, text,
};
use flowspan_model::Field;

pub(super) fn board() -> Board {
    Board {
        uid: "flowspan-steps",
        title: "flowspan: steps",
        description: "Which steps fail, which are repaired, and where the time goes.",
        time: "now-6h",
        rows: ROWS.to_vec(),
    }
}

const ROWS: [Row; 4] =
    [row("At a glance", GLANCE), row("Over time", TIME), row("Failure hotspots", FAILURES), details(DETAILS)];

const FAILED: &[Tag] = &[Tag::Of(Field::StepName, "step_name"), Tag::Is(Field::Status, "failed")];
const OF_STEP: &[Tag] = &[Tag::Of(Field::StepName, "step_name")];

const GLANCE: &[Panel] = &[
    panel(Look::Stat, "Steps", "Steps that ended in the chosen time.")
        .asks(&[ask(r#"sum(%grown(<step.executions>{workflow_name=~"$workflow"}, $__range))"#, "ended")]),
    panel(
        Look::Stat,
        "Failed",
        "The share of the steps that failed or timed out. Retries count each attempt.",
    )
    .asks(&[ask(
        r#"(sum(%grown(<step.executions>{workflow_name=~"$workflow",status=~"failed|timeout"}, $__range)) or vector(0)) / sum(%grown(<step.executions>{workflow_name=~"$workflow"}, $__range))"#,
        "failed",
    )])
    .unit(Unit::Share)
    .worse_from(&[(0.05, Yellow), (0.2, Red)])
    .traces(&[Tag::Is(Field::Status, "failed")]),
    panel(
        Look::Stat,
        "Recovery rate",
        "On-failure handlers for each step. Above a quarter the alert FlowspanStepRecoveries fires: the steps work only by being repaired, which takes time and tokens.",
    )
    .asks(&[ask(
        "(sum(%grown(<step.on_failure_recoveries>, $__range)) or vector(0)) / sum(%grown(<step.executions>, $__range))",
        "recovered",
    )])
    .unit(Unit::Share)
    .worse_from(&[(0.1, Yellow), (0.25, Red)]),
    panel(
        Look::Stat,
        "Validation pass rate",
        "The share of the checked results that passed. When it falls, look at prompts or models that changed.",
    )
    .asks(&[ask(
        r#"(sum(%grown(<step.validations>{result="passed"}, $__range)) or vector(0)) / sum(%grown(<step.validations>, $__range))"#,
        "passed",
    )])
    .unit(Unit::Share)
    .better_from(&[(0.8, Yellow), (0.95, crate::Colour::Green)])
    .empty("nothing was validated"),
    panel(
        Look::Bars,
        "Recovery rate by type",
        "On-failure handlers for each step, by the type of the step.",
    )
    .asks(&[ask(
        "sum by (step_type) (%grown(<step.on_failure_recoveries>, $__range)) / sum by (step_type) (%grown(<step.executions>, $__range) > 0)",
        "{{step_type}}",
    )])
    .unit(Unit::Share)
    .worse_from(&[(0.1, Yellow), (0.25, Red)])
    .empty("nothing was recovered"),
];

const TIME: &[Panel] = &[
    panel(Look::Columns, "Steps by type", "How many steps of each type ended in each interval.").asks(&[ask(
        r#"sum by (step_type) (%grown(<step.executions>{workflow_name=~"$workflow"}, $__interval))"#,
        "{{step_type}}",
    )]),
    panel(
        Look::Boxes,
        "How long steps take",
        "The box holds the middle half of the steps, the whiskers reach from the fastest 5 % to the slowest 5 %. A box that stretches upwards is work that became uneven.",
    )
    .asks(&[
        ask(BOX_05, "p5"),
        ask(BOX_25, "p25"),
        ask(BOX_75, "p75"),
        ask(BOX_95, "p95"),
    ])
    .unit(Unit::Seconds),
    panel(Look::Columns, "Retries", "Further attempts in each interval. A burst is an outage of something that the steps need.")
        .asks(&[ask("sum by (step_type) (%grown(<step.retries>, $__interval))", "{{step_type}}")])
        .empty("nothing was retried"),
    panel(Look::Columns, "Validations", "Checks of results in each interval, by outcome.")
        .asks(&[ask("sum by (result) (%grown(<step.validations>, $__interval))", "{{result}}")])
        .empty("nothing was validated"),
];

const BOX_05: &str = r#"histogram_quantile(0.05, sum by (le) (rate(<step.duration:bucket>{workflow_name=~"$workflow"}[$__rate_interval])))"#;
const BOX_25: &str = r#"histogram_quantile(0.25, sum by (le) (rate(<step.duration:bucket>{workflow_name=~"$workflow"}[$__rate_interval])))"#;
const BOX_75: &str = r#"histogram_quantile(0.75, sum by (le) (rate(<step.duration:bucket>{workflow_name=~"$workflow"}[$__rate_interval])))"#;
const BOX_95: &str = r#"histogram_quantile(0.95, sum by (le) (rate(<step.duration:bucket>{workflow_name=~"$workflow"}[$__rate_interval])))"#;

const FAILURES: &[Panel] = &[
    panel(
        Look::Table(&[
            text("workflow_name", "workflow"),
            text("step_name", "step"),
            text("step_type", "type"),
            number("Value", "failures", Unit::Count),
        ]),
        "Steps that fail most",
        "The ten steps with the most failures and timeouts in the chosen time. Open their traces: the error stands on the span.",
    )
    .asks(&[ask(
        r#"topk(10, sum by (workflow_name, step_name, step_type) (%grown(<step.executions>{workflow_name=~"$workflow",status=~"failed|timeout"}, $__range)) > 0)"#,
        "",
    )])
    .empty("no step failed")
    .traces(FAILED),
    panel(
        Look::Bars,
        "Classes of errors",
        "What the failed steps said. One class for most failures is one fault to mend.",
    )
    .asks(&[ask(
        "sum by (step_type, error_type) (%grown(<step.errors>, $__range))",
        "{{step_type}}: {{error_type}}",
    )])
    .width(12)
    .empty("no step failed")
    .traces(&[Tag::Of(Field::ErrorType, "error_type")]),
    panel(
        Look::Table(&[
            text("workflow_name", "workflow"),
            text("step_name", "step"),
            number("Value", "95 % are faster than", Unit::Seconds),
        ]),
        "Slowest steps",
        "The ten steps with the highest 95th percentile in the chosen time.",
    )
    .asks(&[ask(
        r#"topk(10, histogram_quantile(0.95, sum by (le, workflow_name, step_name) (%grown(<step.duration:bucket>{workflow_name=~"$workflow"}, $__range))))"#,
        "",
    )])
    .traces(OF_STEP),
    panel(
        Look::Bars,
        "Time by step",
        "All the time that went into each step in the chosen time: where making something faster pays.",
    )
    .asks(&[ask(
        r#"topk(10, sum by (step_name) (%grown(<step.duration:sum>{workflow_name=~"$workflow"}, $__range)))"#,
        "{{step_name}}",
    )])
    .unit(Unit::Seconds)
    .width(12)
    .traces(OF_STEP),
];

const DETAILS: &[Panel] = &[
    panel(Look::Table(&[]), "Last failed steps", "The steps that failed last, and why.")
        .of_events()
        .asks(&[ask(
            "SELECT started_at, step_type, command AS step, attempt, status, error_type, error_message, had_on_failure_recovery, trace_id \
             FROM flowspan.step_executions WHERE $__timeFilter(started_at) AND status IN ('failed', 'timeout') \
             ORDER BY started_at DESC LIMIT 50",
            "",
        )])
        .width(24)
        .empty("no step failed"),
    panel(
        Look::Table(&[]),
        "Recoveries, seven days",
        "The share of the steps of each type that needed an on-failure handler.",
    )
    .of_events()
    .asks(&[ask(
        "SELECT step_type, steps, recovered, recovery_percent FROM flowspan.step_recovery_7d ORDER BY recovery_percent DESC",
        "",
    )]),
    panel(
        Look::Table(&[]),
        "Steps that need several attempts",
        "How many attempts the steps of the chosen time took. Raise a timeout, or mend what makes the first attempt fail.",
    )
    .of_events()
    .asks(&[ask(
        "SELECT command AS step, max(attempt) AS most_attempts, count(*) FILTER (WHERE attempt > 1) AS further_attempts, count(*) AS all_attempts \
         FROM flowspan.step_executions WHERE $__timeFilter(started_at) GROUP BY command HAVING max(attempt) > 1 ORDER BY further_attempts DESC",
        "",
    )])
    .empty("every step needed one attempt"),
];
