//! What is generated is what Grafana and Prometheus read, and what the catalog and the pages say.

use std::{collections::BTreeSet, fs, path::PathBuf};

use flowspan_dashboards::{
    ALERTS, Namespace, Panel, RECORDINGS, Semconv, Settings, Store, boards, expand, files, metrics_in,
};
use flowspan_model::catalog::METRICS;
use flowspan_stack::{Part, check_dashboards, check_rules, require, test_rules};

fn repository(path: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).join(path)
}

fn page(path: &str) -> String {
    fs::read_to_string(repository(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn settings(namespace: &str, semconv: Semconv) -> Settings {
    Settings { namespace: namespace.to_owned(), semconv }
}

fn panels() -> Vec<Panel> {
    boards(Semconv::Both).iter().flat_map(|board| &board.rows).flat_map(|row| row.panels).copied().collect()
}

/// Every query in PromQL: of panels, alerts and recording rules.
fn queries() -> Vec<&'static str> {
    let of_panels = panels().into_iter().filter(|panel| panel.store == Store::Prometheus);
    of_panels
        .flat_map(|panel| panel.queries)
        .map(|query| query.text)
        .chain(ALERTS.iter().map(|alert| alert.query))
        .chain(RECORDINGS.iter().map(|recording| recording.query))
        .collect()
}

#[test]
fn dashboards_fit_the_types_that_grafana_publishes() {
    let Some(()) = require(&[Part::GrafanaSchema]) else { return };
    let all: Vec<_> = [("flowspan", Semconv::Latest), ("", Semconv::Both), ("a.b", Semconv::V1_41)]
        .into_iter()
        .flat_map(|(namespace, semconv)| files(&settings(namespace, semconv)).expect("files"))
        .filter(|file| file.path.ends_with(".json"))
        .map(|file| file.text)
        .collect();
    let texts: Vec<_> = all.iter().map(String::as_str).collect();
    check_dashboards(&texts).unwrap_or_else(|error| panic!("{error:?}"));
    // The check can fail.
    let wrong = texts[0].replace("\"graphMode\"", "\"graphMood\"");
    assert!(check_dashboards(&[&wrong]).is_err());
}

#[test]
fn every_alert_fires_and_clears_in_the_unit_tests_of_the_rules() {
    let tests = page("dashboards/alerts/tests.yaml");
    for alert in ALERTS {
        let clears = format!("alertname: {}, exp_alerts: []", alert.name);
        assert!(tests.contains(&clears), "{} never clears", alert.name);
        let fires = tests.contains(&format!("alertname: {}\n", alert.name))
            || tests.contains(&format!("alertname=\"{}\",alertstate=\"firing\"", alert.name));
        assert!(fires, "{} never fires", alert.name);
    }
    let Some(()) = require(&[Part::Promtool]) else { return };
    test_rules(&repository("dashboards/alerts/tests.yaml")).unwrap_or_else(|error| panic!("{error:?}"));
}

#[test]
fn rules_of_any_namespace_are_rules() {
    let Some(()) = require(&[Part::Promtool]) else { return };
    let directory = tempfile::tempdir().expect("a directory");
    for namespace in ["flowspan", "", "a.b"] {
        for file in files(&settings(namespace, Semconv::Both)).expect("files") {
            if file.path.starts_with("alerts/") {
                let path = directory.path().join("rules.yaml");
                fs::write(&path, &file.text).expect("written");
                check_rules(&path).unwrap_or_else(|error| panic!("{namespace} {}: {error:?}", file.path));
            }
        }
    }
}

#[test]
fn what_is_committed_is_what_is_generated() {
    for file in files(&Settings::default()).expect("files") {
        let path = format!("dashboards/{}", file.path);
        assert_eq!(page(&path), file.text, "{path}: run `cargo xtask dashboards`");
    }
}

#[test]
fn every_metric_is_used_by_a_panel_an_alert_or_a_page() {
    let used: BTreeSet<_> = queries()
        .into_iter()
        .flat_map(|query| metrics_in(query).expect("a query"))
        .map(|metric| metric.name)
        .collect();
    let documented = ["dashboards.md", "alerting.md", "runbook.md"].map(|name| page(&format!("docs/{name}")));
    let unused: Vec<_> = METRICS
        .iter()
        // Of the conventions there are more than a row of panels needs: they are for dashboards of others.
        .filter(|metric| !used.contains(metric.name) && !metric.name.starts_with("gen_ai."))
        .map(|metric| metric.prometheus_name("flowspan"))
        .filter(|name| !documented.iter().any(|page| page.contains(name.as_str())))
        .collect();
    assert!(unused.is_empty(), "nobody looks at {unused:?}: add a panel, or name them in docs/dashboards.md");
}

/// A label that no metric of a query has groups everything into one series, and says nothing.
#[test]
fn queries_group_and_choose_by_labels_that_their_metrics_have() {
    // Set by Prometheus, by histograms, or by the rules.
    const EVERYWHERE: [&str; 5] = ["le", "instance", "namespace", "alertname", "alertstate"];
    for query in queries().into_iter().filter(|query| !query.contains("gen_ai") && !query.contains("ALERTS"))
    {
        let metrics = metrics_in(query).expect("a query");
        let mut known: BTreeSet<String> = EVERYWHERE.map(str::to_owned).into();
        known.extend(
            metrics.iter().flat_map(|metric| metric.labels).map(|label| label.name.replace('.', "_")),
        );
        let expanded = expand(query, Namespace::Fixed("flowspan")).expect("a query");
        for label in grouped_by(&expanded).into_iter().filter(|_| !metrics.is_empty()) {
            assert!(known.contains(&label), "no metric of `{query}` has the label {label}");
        }
    }
}

/// The labels in `by (…)` and `on (…)`, and those before a matcher's sign.
fn grouped_by(query: &str) -> Vec<String> {
    let mut labels = Vec::new();
    for word in ["by (", "on ("] {
        let lists = query.split(word).skip(1).filter_map(|rest| rest.split(')').next());
        labels.extend(lists.flat_map(|list| list.split(',')).map(|label| label.trim().to_owned()));
    }
    for matchers in query.split('{').skip(1).filter_map(|rest| rest.split('}').next()) {
        labels.extend(
            matchers.split("\",").filter_map(|matcher| matcher.split(['=', '!']).next()).map(str::to_owned),
        );
    }
    labels
}

#[test]
fn panels_ask_only_for_what_their_generation_of_the_convention_has() {
    for semconv in [Semconv::Latest, Semconv::V1_41] {
        let boards = boards(semconv);
        let panels = boards.iter().flat_map(|board| &board.rows).flat_map(|row| row.panels);
        for query in panels.filter(|panel| panel.store == Store::Prometheus).flat_map(|panel| panel.queries) {
            for metric in metrics_in(query.text).expect("a query") {
                assert!(metric.is_spoken(semconv), "{} in {semconv:?}", metric.name);
            }
        }
    }
}

#[test]
fn every_alert_has_its_section_in_the_runbook() {
    let runbook = page("docs/runbook.md");
    for alert in ALERTS {
        assert!(runbook.contains(&format!("\n## {}\n", alert.name)), "{}", alert.name);
    }
}

#[test]
fn panels_say_what_to_do_and_none_stands_twice() {
    for board in boards(Semconv::Both) {
        let mut titles = BTreeSet::new();
        for (row, panel) in
            board.rows.iter().flat_map(|row| row.panels.iter().map(move |panel| (row.title, panel)))
        {
            assert!(panel.description.ends_with('.') && panel.description.len() > 20, "{}", panel.title);
            assert!(!panel.queries.is_empty() && (1..=24).contains(&panel.width), "{}", panel.title);
            assert!(titles.insert((row, panel.title)), "{} stands twice in {}", panel.title, board.title);
        }
    }
}
