//! The recording rules.

use super::{Every, Recording};

/// Every recording rule, in the order of evaluation.
pub static RECORDINGS: &[Recording] = &[
    rate(
        "budget_usd:30d",
        "vector(1000)",
        "What model calls may cost in 30 days, in US dollars. Put your budget here.",
    ),
    rate(
        "llm_cost_usd:rate5m",
        "sum(%grown(<llm.cost.usd>, 5m)) / 300",
        "Dollars each second, over five minutes.",
    ),
    rate(
        "llm_cost_usd:rate30m",
        "sum(%grown(<llm.cost.usd>, 30m)) / 1800",
        "Dollars each second, over half an hour.",
    ),
    rate(
        "llm_cost_usd:rate1h",
        "sum(%grown(<llm.cost.usd>, 1h)) / 3600",
        "Dollars each second, over an hour.",
    ),
    rate(
        "llm_cost_usd:rate6h",
        "sum(%grown(<llm.cost.usd>, 6h)) / 21600",
        "Dollars each second, over six hours.",
    ),
    rate(
        "llm_tokens:rate10m",
        r#"sum(%grown(<llm.tokens>{token_type=~"input|output"}, 10m)) / 600"#,
        "Tokens each second, over ten minutes: what the anomaly is measured against.",
    ),
    growth(
        "workflow_executions:grown15m",
        "sum by (workflow_name, status) (%grown(<workflow.executions>, 15m))",
        "Runs that ended.",
    ),
    growth(
        "workflow_duration_seconds_bucket:grown15m",
        "sum by (le, workflow_name) (%grown(<workflow.duration:bucket>, 15m))",
        "Runs by duration.",
    ),
    growth(
        "workflow_duration_seconds_sum:grown15m",
        "sum by (workflow_name) (%grown(<workflow.duration:sum>, 15m))",
        "The time that runs took.",
    ),
    growth(
        "step_executions:grown15m",
        "sum by (workflow_name, step_name, status) (%grown(<step.executions>, 15m))",
        "Steps that ended.",
    ),
    growth(
        "step_duration_seconds_bucket:grown15m",
        "sum by (le, workflow_name, step_name) (%grown(<step.duration:bucket>, 15m))",
        "Steps by duration.",
    ),
    growth(
        "mapreduce_items:grown15m",
        "sum by (<job>, status) (%grown(<mapreduce.items>, 15m))",
        "Items that ended.",
    ),
    growth(
        "llm_tokens:grown15m",
        "sum by (model, token_type) (%grown(<llm.tokens>, 15m))",
        "Tokens of model calls.",
    ),
    growth("llm_cost_usd:grown15m", "sum by (model) (%grown(<llm.cost.usd>, 15m))", "What model calls cost."),
];

const fn rate(name: &'static str, query: &'static str, description: &'static str) -> Recording {
    Recording { name, query, description, every: Every::Evaluation }
}

const fn growth(name: &'static str, query: &'static str, description: &'static str) -> Recording {
    Recording { name, query, description, every: Every::QuarterHour }
}
