//! The dashboards as they are committed, with their variables filled in.

use std::{fs, path::Path};

use serde_json::Value;

/// A query as Grafana would send it.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) board: String,
    pub(crate) panel: String,
    pub(crate) id: String,
    pub(crate) question: Question,
    /// Why the panel may have nothing to show.
    pub(crate) empty: Option<String>,
}

#[derive(Clone, Debug)]
pub(crate) enum Question {
    Instant(String),
    Range(String),
    Sql(String),
}

/// What every panel says that must not be empty.
const FAULT: &str = "no data: is the namespace right, and is the program scraped?";

pub(crate) fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every query of every panel of every dashboard.
pub(crate) fn targets() -> Vec<Target> {
    let boards = ["workflows", "map-reduce", "steps", "models", "agents", "health", "history"];
    let targets = boards.iter().flat_map(|name| {
        let board: Value =
            serde_json::from_str(&read(&format!("dashboards/flowspan-{name}.json"))).expect("JSON");
        of_panels(name, &board["panels"])
    });
    targets.collect()
}

fn of_panels(board: &str, panels: &Value) -> Vec<Target> {
    let panels = panels.as_array().map(Vec::as_slice).unwrap_or_default();
    panels
        .iter()
        .flat_map(|panel| match panel["type"].as_str() {
            Some("row") => of_panels(board, &panel["panels"]),
            _ => of_panel(board, panel),
        })
        .collect()
}

fn of_panel(board: &str, panel: &Value) -> Vec<Target> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let targets = panel["targets"].as_array().map(Vec::as_slice).unwrap_or_default();
    assert!(!targets.is_empty(), "{panel}");
    let empty = Some(text(&panel["fieldConfig"]["defaults"]["noValue"])).filter(|reason| reason != FAULT);
    targets
        .iter()
        .map(|target| {
            let question = match (target["rawSql"].as_str(), target["instant"] == true) {
                (Some(sql), _) => Question::Sql(filled(sql)),
                (None, true) => Question::Instant(filled(&text(&target["expr"]))),
                (None, false) => Question::Range(filled(&text(&target["expr"]))),
            };
            Target {
                board: board.to_owned(),
                panel: text(&panel["title"]),
                id: text(&target["refId"]),
                question,
                empty: empty.clone(),
            }
        })
        .collect()
}

/// The query with everything chosen that can be chosen, as Grafana fills it in.
pub(crate) fn filled(query: &str) -> String {
    let mut query = query
        .replace("${namespace}", "flowspan")
        .replace("${workflow:regex}", ".*")
        .replace("${model:regex}", ".*")
        .replace("$workflow", ".*")
        .replace("$model", ".*")
        .replace("$__rate_interval", "1m")
        .replace("$__interval", "1m")
        .replace("$__range", "1h");
    while let Some((before, rest)) = query.split_once("$__timeFilter(") {
        let (column, after) = rest.split_once(')').expect("the end of a macro");
        query = format!("{before}{column} BETWEEN now() - INTERVAL '1 hour' AND now(){after}");
    }
    assert!(!query.contains("$_") && !query.contains("${"), "a variable is left in {query}");
    query
}
