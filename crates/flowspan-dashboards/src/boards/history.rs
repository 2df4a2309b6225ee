//! The last 30 days, from recording rules: raw series of a month are too many numbers for one query.

use super::{Board, Row, row};
use crate::panel::{
    Colour::{Green, Red, Yellow},
    Look, Panel, Tag, Unit, ask, number, panel, text,
};
use flowspan_model::Field;

pub(super) fn board() -> Board {
    Board {
        uid: "flowspan-history",
        title: "flowspan: the last 30 days",
        description: "Weeks at a glance. Needs the recording rules of dashboards/alerts, and knows what they have heard since they were loaded, a quarter of an hour late.",
        time: "now-30d",
        rows: ROWS.to_vec(),
    }
}

const ROWS: [Row; 3] = [row("Workflows", WORKFLOWS), row("Steps and items", STEPS), row("Models", MODELS)];

const NO_RULES: &str = "nothing has happened, or the recording rules are not loaded";
const OF_WORKFLOW: &[Tag] = &[Tag::Of(Field::WorkflowName, "workflow_name")];

const WORKFLOWS: &[Panel] = &[
    panel(
        Look::Table(&[
            text("workflow_name", "workflow"),
            number("Value #A", "runs", Unit::Count),
            number("Value #B", "failed", Unit::Share),
            number("Value #C", "average", Unit::Seconds),
            number("Value #D", "95 % are faster than", Unit::Seconds),
        ]),
        "Workflows",
        "Runs, failures and durations of each workflow in the chosen weeks. Compare with the weeks before by moving the time.",
    )
    .asks(&[
        ask(r#"sum by (workflow_name) (sum_over_time(<:workflow_executions:grown15m>{workflow_name=~"$workflow"}[$__range]))"#, ""),
        ask(
            r#"sum by (workflow_name) (sum_over_time(<:workflow_executions:grown15m>{workflow_name=~"$workflow",status=~"failed|timeout"}[$__range])) / sum by (workflow_name) (sum_over_time(<:workflow_executions:grown15m>{workflow_name=~"$workflow"}[$__range]) > 0)"#,
            "",
        ),
        ask(
            r#"sum by (workflow_name) (sum_over_time(<:workflow_duration_seconds_sum:grown15m>{workflow_name=~"$workflow"}[$__range])) / sum by (workflow_name) (sum_over_time(<:workflow_executions:grown15m>{workflow_name=~"$workflow"}[$__range]) > 0)"#,
            "",
        ),
        ask(
            r#"histogram_quantile(0.95, sum by (le, workflow_name) (sum_over_time(<:workflow_duration_seconds_bucket:grown15m>{workflow_name=~"$workflow"}[$__range])))"#,
            "",
        ),
    ])
    .width(24)
    .empty(NO_RULES)
    .traces(OF_WORKFLOW),
    panel(Look::Columns, "Runs by day", "Runs that ended on each day, by outcome.")
        .asks(&[ask(
            r#"sum by (status) (sum_over_time(<:workflow_executions:grown15m>{workflow_name=~"$workflow"}[1d]))"#,
            "{{status}}",
        )])
        .every("1d")
        .empty(NO_RULES),
    panel(
        Look::Stat,
        "Success rate",
        "The share of the runs of the chosen weeks that succeeded.",
    )
    .asks(&[ask(
        r#"sum(sum_over_time(<:workflow_executions:grown15m>{workflow_name=~"$workflow",status="success"}[$__range])) / sum(sum_over_time(<:workflow_executions:grown15m>{workflow_name=~"$workflow"}[$__range]))"#,
        "success",
    )])
    .unit(Unit::Share)
    .better_from(&[(0.8, Yellow), (0.95, Green)])
    .width(12)
    .empty(NO_RULES),
];

const STEPS: &[Panel] = &[
    panel(
        Look::Table(&[
            text("workflow_name", "workflow"),
            text("step_name", "step"),
            number("Value", "95 % are faster than", Unit::Seconds),
        ]),
        "Slowest steps",
        "The ten steps with the highest 95th percentile in the chosen weeks.",
    )
    .asks(&[ask(
        r#"topk(10, histogram_quantile(0.95, sum by (le, workflow_name, step_name) (sum_over_time(<:step_duration_seconds_bucket:grown15m>{workflow_name=~"$workflow"}[$__range]))))"#,
        "",
    )])
    .empty(NO_RULES)
    .traces(&[Tag::Of(Field::StepName, "step_name")]),
    panel(
        Look::Table(&[
            text("workflow_name", "workflow"),
            text("step_name", "step"),
            number("Value", "failures", Unit::Count),
        ]),
        "Steps that fail most",
        "The ten steps with the most failures and timeouts in the chosen weeks.",
    )
    .asks(&[ask(
        r#"topk(10, sum by (workflow_name, step_name) (sum_over_time(<:step_executions:grown15m>{workflow_name=~"$workflow",status=~"failed|timeout"}[$__range])) > 0)"#,
        "",
    )])
    .empty(NO_RULES)
    .traces(&[Tag::Of(Field::StepName, "step_name"), Tag::Is(Field::Status, "failed")]),
    panel(Look::Columns, "Items by day", "Items of map-reduce jobs on each day, by outcome.")
        .asks(&[ask("sum by (status) (sum_over_time(<:mapreduce_items:grown15m>[1d]))", "{{status}}")])
        .every("1d")
        .width(24)
        .empty(NO_RULES),
];

const MODELS: &[Panel] = &[
    panel(Look::Columns, "Tokens by day", "Input and output on each day, by model.")
        .asks(&[ask(
            r#"sum by (model) (sum_over_time(<:llm_tokens:grown15m>{token_type=~"input|output",model=~"$model"}[1d]))"#,
            "{{model}}",
        )])
        .every("1d")
        .empty(NO_RULES),
    panel(Look::Columns, "Cost by day", "US dollars on each day, by model, as far as prices are known.")
        .asks(&[ask(
            r#"sum by (model) (sum_over_time(<:llm_cost_usd:grown15m>{model=~"$model"}[1d]))"#,
            "{{model}}",
        )])
        .every("1d")
        .unit(Unit::Dollars)
        .empty("no price is known"),
    panel(
        Look::Gauge,
        "Budget used",
        "What the last 30 days cost, of the budget in the recording rules.",
    )
    .asks(&[ask("sum(sum_over_time(<:llm_cost_usd:grown15m>[30d])) / scalar(<:budget_usd:30d>)", "used")])
    .unit(Unit::Share)
    .worse_from(&[(0.8, Yellow), (1.0, Red)])
    .width(24)
    .empty("no price is known"),
];
