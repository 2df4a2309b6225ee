//! Every panel has data, and the key panels have the right data.

use std::{collections::BTreeMap, fs, time::Duration};

use flowspan_dashboards::{Chosen, Question, Target, targets};
use flowspan_stack::{Part, Postgres, Prometheus, require, wait_until};
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    ask::{ask, instant},
    demo::{Demo, Summary},
    read,
    rules::impatient,
    workload::Workload,
};

const PATIENCE: Duration = Duration::from_secs(180);

/// Panels that these runs give nothing to show, and why.
const QUIET: [(&str, &str); 5] = [
    ("Dropped, by reason", "nothing is lost"),
    ("Runs without an end", "no program has been dead for a day"),
    ("Models without a price", "every model has one"),
    ("Usage that was not believed", "all of it can be true"),
    ("Content cut or refused", "no content leaves"),
];
/// Metrics of which the same holds.
const SILENT: [&str; 6] = [
    "flowspan_telemetry_dropped_total",
    "flowspan_telemetry_usage_unpriced_total",
    "flowspan_telemetry_usage_refused_total",
    "flowspan_telemetry_usage_duplicates_total",
    "flowspan_telemetry_content_cut_total",
    "flowspan_telemetry_content_refused_total",
];

/// The dashboards, by the names of their files.
const BOARDS: [&str; 7] = ["workflows", "map-reduce", "steps", "models", "agents", "health", "history"];

const CHOSEN: Chosen<'_> = Chosen { namespace: "flowspan", range: "1h", interval: "1m", rate_interval: "1m" };

/// A query and the dashboard that it stands on.
type Asked = (&'static str, Target);

fn board(name: &str) -> Value {
    serde_json::from_str(&read(&format!("dashboards/flowspan-{name}.json"))).expect("JSON")
}

/// Some files to audit, one of them a dead letter for certain.
fn sources() -> TempDir {
    let sources = tempfile::tempdir().expect("a directory");
    let write = |name: &str, text: &[u8]| fs::write(sources.path().join(name), text).expect("written");
    for nth in 0..24 {
        let text =
            format!("fn f{nth}() {{\n    // TODO: name it\n    g({nth}).unwrap();\n}}\n").repeat(nth + 1);
        write(&format!("f{nth:02}.rs"), text.as_bytes());
    }
    write("latin1.txt", b"gr\xfc\xdfe\n");
    sources
}

#[test]
fn every_panel_shows_data_and_the_key_panels_show_the_numbers_of_the_run() {
    let Some(()) = require(&[Part::Prometheus, Part::Postgres]) else { return };
    let store = Postgres::start().expect("PostgreSQL");
    // Seconds instead of minutes between what is added up over weeks.
    let prometheus =
        impatient().into_iter().fold(Prometheus::builder(), |builder, rules| builder.rules(rules));
    let mut prometheus = prometheus.start().expect("Prometheus");
    let sources = sources();
    let mut demo = Demo::start(sources.path(), &["--seed", "6", "--postgres", &store.url()]);
    // Scraped when it has ended, so that there is nothing to extrapolate.
    let run = demo.summary();
    prometheus.scrape(&demo.target).expect("scraped");
    let targets: Vec<Asked> = BOARDS
        .into_iter()
        .flat_map(|name| targets(&board(name), &CHOSEN).into_iter().map(move |target| (name, target)))
        .collect();
    assert!(targets.len() > 100, "{} queries", targets.len());
    the_key_panels_are_right(&targets, &run, &prometheus);
    the_event_store_says_the_same(&targets, &run, &prometheus, &store);

    let workload = Workload::start(&store.url());
    prometheus.scrape(&workload.target).expect("scraped");
    every_panel_has_data(&targets, &prometheus, &store);
    every_documented_query_and_variable_has_an_answer(&prometheus);
    every_query_of_the_reference_can_be_asked(&prometheus);
    every_rule_is_evaluated_without_an_error(&prometheus);
    an_unknown_namespace_says_so(&prometheus);
}

/// The panel's value once the last scrape of the run is there.
fn the_key_panels_are_right(targets: &[Asked], run: &Summary, prometheus: &Prometheus) {
    let count = |what: &str| run.number(&format!("/counts/{what}"));
    let tokens = |what: &str| run.number(&format!("/tokens/{what}"));
    let expected = [
        ("workflows", "Programs under this namespace", 1.0),
        ("workflows", "Running now", 0.0),
        ("workflows", "Ended", count("workflows")),
        ("workflows", "Success rate, seven days", 1.0),
        ("workflows", "Failure rate, now", 0.0),
        ("workflows", "Average duration", run.number("/duration_seconds")),
        ("workflows", "Steps for each run", count("steps")),
        ("map-reduce", "Agents at work", 0.0),
        ("map-reduce", "Dead letters", run.number("/items/dlq")),
        ("steps", "Steps", count("steps")),
        ("steps", "Recovery rate", count("recoveries") / count("steps")),
        ("models", "Tokens", tokens("input") + tokens("output")),
        ("models", "Calls", count("model_calls")),
        ("models", "Input from the cache", tokens("cache_read") / tokens("input")),
        ("models", "Retries for each call", count("retries") / count("model_calls")),
        ("agents", "Most used tools", count("tool_calls")),
        ("agents", "All agents", count("agents")),
        ("health", "Delivered", 1.0),
    ];
    for (board, panel, value) in expected {
        let (_, target) = targets
            .iter()
            .find(|(name, target)| *name == board && target.panel == panel)
            .unwrap_or_else(|| panic!("{board} has no {panel}"));
        let Question::Instant(query) = &target.question else { panic!("{panel} is no number") };
        let mut shown = Vec::new();
        wait_until(PATIENCE, || {
            shown = instant(prometheus, query).unwrap_or_else(|error| panic!("{panel}: {error}"));
            let sum: f64 = shown.iter().filter_map(|value| value.parse::<f64>().ok()).sum();
            (!shown.is_empty() && (sum - value).abs() <= 1e-9 * value.abs().max(1.0)).then_some(())
        })
        .unwrap_or_else(|| panic!("{panel} shows {shown:?} where the run says {value}: {query}"));
    }
}

fn the_event_store_says_the_same(
    targets: &[Asked],
    run: &Summary,
    prometheus: &Prometheus,
    store: &Postgres,
) {
    let (_, target) =
        targets.iter().find(|(_, target)| target.panel == "Tokens by model, exact").expect("the panel");
    let rows = ask(target, prometheus, store).expect("an answer");
    let number = |pointer: &str| run.number(pointer);
    let [row] = &rows[..] else { panic!("one model was called: {rows:?}") };
    let (row, cost) = row.rsplit_once('|').expect("columns");
    assert_eq!(cost.parse().ok(), Some(number("/cost_usd")), "a decimal sum has no error");
    assert_eq!(
        row,
        format!(
            "flowspan|auditor-1|{}|{}|{}|{}|{}",
            number("/counts/model_calls"),
            number("/tokens/input"),
            number("/tokens/cache_read"),
            number("/tokens/output"),
            number("/tokens/reasoning"),
        )
    );
}

fn every_panel_has_data(targets: &[Asked], prometheus: &Prometheus, store: &Postgres) {
    let mut empty = Vec::new();
    wait_until(PATIENCE, || {
        empty = targets.iter().filter(|(_, target)| is_empty(target, prometheus, store)).collect();
        empty.is_empty().then_some(())
    });
    assert!(empty.is_empty(), "no data for {empty:#?}");
}

fn is_empty(target: &Target, prometheus: &Prometheus, store: &Postgres) -> bool {
    let answer = ask(target, prometheus, store)
        .unwrap_or_else(|error| panic!("{} of {}: {error}\n{target:#?}", target.id, target.panel));
    let is_quiet = target.empty.is_some() && QUIET.iter().any(|(panel, _)| *panel == target.panel);
    answer.is_empty() && !is_quiet
}

fn every_documented_query_and_variable_has_an_answer(prometheus: &Prometheus) {
    for page in ["docs/dashboards.md", "docs/alerting.md", "docs/runbook.md", "docs/getting-started.md"] {
        let text = read(page);
        let queries = text.split("```promql\n").skip(1).filter_map(|rest| rest.split("```").next());
        for query in queries {
            let answer = instant(prometheus, query.trim()).unwrap_or_else(|error| panic!("{page}: {error}"));
            assert!(!answer.is_empty(), "{page}: no answer to {query}");
        }
    }
    let board = board("workflows");
    let variables = board["templating"]["list"].as_array().expect("variables");
    let asked: BTreeMap<_, _> = variables
        .iter()
        .filter_map(|variable| Some((variable["name"].as_str()?, variable["definition"].as_str()?)))
        .collect();
    assert_eq!(asked.keys().copied().collect::<Vec<_>>(), ["model", "service", "workflow"]);
    for (name, definition) in asked {
        let inner = definition.strip_prefix("label_values(").and_then(|rest| rest.strip_suffix(')'));
        let (series, label) = inner.and_then(|inner| inner.rsplit_once(", ")).expect("two arguments");
        let query = CHOSEN.fill(&format!("count by ({label}) ({series})"));
        assert!(!instant(prometheus, &query).expect("an answer").is_empty(), "{name}: {query}");
    }
}

fn every_query_of_the_reference_can_be_asked(prometheus: &Prometheus) {
    let page = read("docs/metrics-reference.md");
    let queries = page.split("```promql\n").skip(1).filter_map(|rest| rest.split("```").next());
    let unanswered = queries.filter(|query| {
        instant(prometheus, query.trim()).unwrap_or_else(|error| panic!("{query}: {error}")).is_empty()
    });
    let is_silent = |query: &&str| SILENT.iter().any(|metric| query.contains(metric));
    let unanswered: Vec<_> = unanswered.map(str::trim).filter(|query| !is_silent(query)).collect();
    assert!(unanswered.is_empty(), "no answer to {unanswered:#?}");
}

fn every_rule_is_evaluated_without_an_error(prometheus: &Prometheus) {
    let mut answer = ureq::get(format!("{}/api/v1/rules", prometheus.url())).call().expect("an answer");
    let text = answer.body_mut().read_to_string().expect("text");
    let answer: Value = serde_json::from_str(&text).expect("JSON");
    let groups = answer["data"]["groups"].as_array().expect("groups");
    let rules: Vec<_> = groups.iter().filter_map(|group| group["rules"].as_array()).flatten().collect();
    assert!(rules.len() > 20, "{} rules", rules.len());
    for rule in rules {
        assert_eq!(rule["health"], "ok", "{rule:#}");
    }
}

fn an_unknown_namespace_says_so(prometheus: &Prometheus) {
    let board = board("workflows");
    let panels = board["panels"].as_array().expect("panels");
    let query = |title: &str| {
        let panel = panels.iter().find(|panel| panel["title"] == title).expect("the panel");
        panel["targets"][0]["expr"].as_str().expect("a query").to_owned()
    };
    let unknown = query("Programs under this namespace").replace("${namespace}", "nobody");
    assert_eq!(instant(prometheus, &unknown).expect("an answer"), ["0"]);
    let known = prometheus.query(&query("Namespaces that there are")).expect("an answer");
    let names: Vec<_> = known.iter().filter_map(|sample| sample.labels.get("namespace")).collect();
    assert_eq!(names, ["flowspan"]);
}
