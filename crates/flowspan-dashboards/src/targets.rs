//! The queries of a dashboard as Grafana sends them, read from its JSON: for tests and measurements.

use serde_json::Value;

use crate::grafana::NOTHING_THERE;

/// A query of a panel, with the variables filled in.
#[derive(Clone, Debug)]
pub struct Target {
    /// The panel's title.
    pub panel: String,
    /// The letter of the query in its panel.
    pub id: String,
    /// What is asked, and of whom.
    pub question: Question,
    /// Why the panel may have nothing to show; none if that is a fault.
    pub empty: Option<String>,
}

/// What is asked.
#[derive(Clone, Debug)]
pub enum Question {
    /// PromQL, at one moment.
    Instant(String),
    /// PromQL, over time.
    Range(String),
    /// SQL.
    Sql(String),
}

/// What somebody has chosen at the top of a dashboard. All workflows and models are.
#[derive(Clone, Copy, Debug)]
pub struct Chosen<'a> {
    /// The namespace.
    pub namespace: &'a str,
    /// The time that is shown, as `$__range`.
    pub range: &'a str,
    /// The time between two points, as `$__interval`.
    pub interval: &'a str,
    /// The time that a rate is taken over, as `$__rate_interval`.
    pub rate_interval: &'a str,
}

impl Chosen<'_> {
    /// The query with everything filled in. Times in SQL are those of the last hour.
    pub fn fill(&self, query: &str) -> String {
        let mut query = query
            .replace("${namespace}", self.namespace)
            .replace("${workflow:regex}", ".*")
            .replace("${model:regex}", ".*")
            .replace("$workflow", ".*")
            .replace("$model", ".*")
            .replace("$__rate_interval", self.rate_interval)
            .replace("$__interval", self.interval)
            .replace("$__range", self.range);
        while let Some((before, (column, after))) = query
            .split_once("$__timeFilter(")
            .and_then(|(before, rest)| Some((before, rest.split_once(')')?)))
        {
            query = format!("{before}{column} BETWEEN now() - INTERVAL '1 hour' AND now(){after}");
        }
        query
    }
}

/// Every query of every panel of a dashboard, those in closed rows included.
pub fn targets(dashboard: &Value, chosen: &Chosen<'_>) -> Vec<Target> {
    items(&dashboard["panels"])
        .iter()
        .flat_map(
            |panel| {
                if panel["type"] == "row" { items(&panel["panels"]) } else { std::slice::from_ref(panel) }
            },
        )
        .flat_map(|panel| items(&panel["targets"]).iter().map(move |target| (panel, target)))
        .map(|(panel, target)| Target {
            panel: text(&panel["title"]),
            id: text(&target["refId"]),
            question: question(target, chosen),
            empty: Some(text(&panel["fieldConfig"]["defaults"]["noValue"]))
                .filter(|reason| reason != NOTHING_THERE),
        })
        .collect()
}

fn question(target: &Value, chosen: &Chosen<'_>) -> Question {
    let query = chosen.fill(&text(&target["expr"]));
    match (target["rawSql"].as_str(), target["instant"] == true) {
        (Some(sql), _) => Question::Sql(chosen.fill(sql)),
        (None, true) => Question::Instant(query),
        (None, false) => Question::Range(query),
    }
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
