//! What an output says about a run, in the same form for all of them.

use std::path::Path;

use flowspan_session::SessionMetrics;
use flowspan_stack::{Postgres, StatsdExporter};
use serde_json::Value;

use crate::program::number;

/// What happened, by the numbers that every output has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    /// Input, output, read from a cache, reasoning.
    pub(crate) tokens: [u64; 4],
    /// What the calls cost, in billionths of a dollar.
    pub(crate) nano_dollars: u64,
    /// Succeeded, failed, dead letters.
    pub(crate) items: [u64; 3],
    pub(crate) workflows: u64,
    pub(crate) steps: u64,
    pub(crate) agents: u64,
    pub(crate) model_calls: u64,
    pub(crate) tool_calls: u64,
}

const TOKENS: [&str; 4] = ["input", "output", "cache_read", "reasoning"];
const ITEMS: [&str; 3] = ["success", "failed", "dlq"];

impl Facts {
    pub(crate) fn of_summary(summary: &Value) -> Self {
        let count = |what: &str| number(summary, &format!("/counts/{what}"));
        Facts {
            tokens: TOKENS.map(|kind| number(summary, &format!("/tokens/{kind}"))),
            nano_dollars: nano(summary["cost_usd"].as_f64().expect("the model has a price")),
            items: ITEMS.map(|status| number(summary, &format!("/items/{status}"))),
            workflows: count("workflows"),
            steps: count("steps"),
            agents: count("agents"),
            model_calls: count("model_calls"),
            tool_calls: count("tool_calls"),
        }
    }

    /// From whatever can add up the series of a counter that have a label, or all of them. The counter is
    /// named as in the catalog, without the namespace.
    pub(crate) fn of_counters(sum: impl Fn(&str, Option<(&str, &str)>) -> f64) -> Self {
        let whole = |name: &str, label: Option<(&str, &str)>| whole(sum(name, label));
        Facts {
            tokens: TOKENS.map(|kind| whole("llm.tokens", Some(("token_type", kind)))),
            nano_dollars: nano(sum("llm.cost.usd", None)),
            items: ITEMS.map(|status| whole("mapreduce.items", Some(("status", status)))),
            workflows: whole("workflow.executions", None),
            steps: whole("step.executions", None),
            agents: whole("agent.executions", None),
            model_calls: whole("llm.calls", None),
            tool_calls: whole("tool.executions", None),
        }
    }

    /// From the text format of Prometheus.
    pub(crate) fn of_exposition(page: &str) -> Self {
        Facts::of_counters(|name, label| total(page, &exposed(name), label))
    }

    /// From `/metrics/json`.
    pub(crate) fn of_json(page: &str) -> Self {
        let document: Value = serde_json::from_str(page).expect("JSON");
        let families = document["metrics"].as_array().expect("families");
        Facts::of_counters(|name, label| {
            let family = families.iter().find(|family| family["name"] == exposed(name));
            let series = family.and_then(|family| family["series"].as_array()).into_iter().flatten();
            series
                .filter(|series| label.is_none_or(|(key, value)| series["labels"][key] == value))
                .map(|series| series["value"].as_f64().expect("a number"))
                .sum()
        })
    }

    /// What Prometheus' StatsD server has added up. It keeps the names, and has no ending for counters.
    pub(crate) fn of_statsd(server: &StatsdExporter) -> Option<Self> {
        let samples = server.samples().ok()?;
        let page: String = samples.iter().map(|(series, value)| format!("{series} {value}\n")).collect();
        Some(Facts::of_counters(|name, label| {
            total(&page, &format!("flowspan_{}", name.replace('.', "_")), label)
        }))
    }

    pub(crate) fn of_session(path: &Path) -> Self {
        let session = SessionMetrics::load(path).expect("the file is whole").expect("it is there");
        let calls = session.model_calls.total();
        Facts {
            tokens: [
                calls.tokens.prompt,
                calls.tokens.completion,
                calls.tokens.cache_read,
                calls.tokens.reasoning,
            ],
            nano_dollars: nano(calls.cost_usd.unwrap_or_default()),
            items: [session.items.success, session.items.failed, session.items.dlq],
            workflows: session.requests.executions,
            steps: session.steps.values().map(|step| step.executions).sum(),
            agents: session.agents.values().map(|agent| agent.work.executions).sum(),
            model_calls: calls.work.executions,
            tool_calls: session.tools.values().map(|tool| tool.executions).sum(),
        }
    }

    pub(crate) fn of_store(server: &Postgres) -> Self {
        let ask = |sql: &str| -> Vec<u64> {
            let answer = server.psql(&format!("SET search_path = flowspan; {sql}")).expect("an answer");
            answer.trim().split('|').map(|number| number.parse().expect("a number")).collect()
        };
        let one = |table: &str| ask(&format!("SELECT count(*) FROM {table} WHERE status <> 'running'"))[0];
        let tokens = TOKENS.map(|kind| format!("coalesce(sum({kind}_tokens), 0)")).join(", ");
        let items = "SELECT sum(successful_items), sum(failed_items), sum(dlq_items) FROM mapreduce_jobs";
        Facts {
            tokens: ask(&format!("SELECT {tokens} FROM model_calls")).try_into().expect("four"),
            nano_dollars: ask("SELECT coalesce(round(sum(cost_usd) * 1e9), 0) FROM model_usage")[0],
            items: ask(items).try_into().expect("three"),
            workflows: one("workflow_executions"),
            steps: one("step_executions"),
            agents: one("agent_executions"),
            model_calls: one("model_calls"),
            tool_calls: one("tool_calls"),
        }
    }
}

/// The name of a counter in the text format of Prometheus.
pub(crate) fn exposed(name: &str) -> String {
    format!("flowspan_{}_total", name.replace('.', "_"))
}

/// The sum of all series of a metric that have this label.
pub(crate) fn total(page: &str, name: &str, label: Option<(&str, &str)>) -> f64 {
    let part = label.map_or_else(String::new, |(key, value)| format!("{key}={value:?}"));
    page.lines()
        .filter(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' '])))
        .filter(|line| line.contains(&part))
        .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
        .sum()
}

fn nano(dollars: f64) -> u64 {
    whole((dollars * 1e9).round())
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "these count what happened")]
fn whole(number: f64) -> u64 {
    assert!(number >= 0.0 && number.fract() == 0.0, "{number} counts nothing");
    number as u64
}
