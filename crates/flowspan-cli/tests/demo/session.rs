//! The session file of a run, and what is shown of it.

use std::{fs, process::Command};

use flowspan_session::SessionMetrics;
use serde_json::Value;

use crate::support::{demo, number, output, sources, start, summary, text};

fn agrees(session: &SessionMetrics, summary: &Value) {
    let calls = session.model_calls.total();
    let executions = |works: &mut dyn Iterator<Item = u64>| works.sum::<u64>();
    for (path, kept) in [
        ("/tokens/input", calls.tokens.prompt),
        ("/tokens/output", calls.tokens.completion),
        ("/tokens/cache_read", calls.tokens.cache_read),
        ("/tokens/cache_write", calls.tokens.cache_write),
        ("/tokens/reasoning", calls.tokens.reasoning),
        ("/counts/model_calls", calls.work.executions),
        ("/counts/workflows", session.requests.executions),
        ("/counts/phases", executions(&mut session.phases.values().map(|phase| phase.work.executions))),
        ("/counts/steps", executions(&mut session.steps.values().map(|step| step.executions))),
        ("/counts/agents", executions(&mut session.agents.values().map(|agent| agent.work.executions))),
        ("/counts/tool_calls", executions(&mut session.tools.values().map(|tool| tool.executions))),
        ("/counts/retries", session.retries),
        ("/counts/cache_hits", session.cache.hits),
        ("/counts/cache_misses", session.cache.misses),
        ("/items/total", session.items.planned),
        ("/items/success", session.items.success),
        ("/items/failed", session.items.failed),
        ("/items/dlq", session.items.dlq),
        ("/telemetry/events/delivered", session.events),
        ("/telemetry/events/created", session.events),
    ] {
        assert_eq!(kept, number(summary, path), "{path}");
    }
    let cost = summary["cost_usd"].as_f64().expect("the model has a price");
    assert!((calls.cost_usd.expect("it is known") - cost).abs() < 1e-12 && cost > 0.0, "{cost}");
}

#[test]
fn the_session_file_of_a_run_equals_its_summary() {
    let sources = sources(12);
    fs::write(sources.path().join("latin1.txt"), b"gr\xfc\xdfe\n").expect("written");
    let path = sources.path().join(".session.json");
    let summary = summary(demo(sources.path()).args(["--seed", "4"]).arg("--session-file").arg(&path));
    let session = SessionMetrics::load(&path).expect("the file is whole").expect("it is there");
    agrees(&session, &summary);
    assert_eq!((session.items.planned, session.items.dlq), (13, 1));
    assert!(session.agents["auditor"].tools["wc"].executions > 0);
    assert_eq!(session.bounded, 0);
}

#[tokio::test]
async fn the_session_that_is_served_is_the_one_in_the_file() {
    let sources = sources(3);
    let path = sources.path().join(".session.json");
    let mut command = demo(sources.path());
    let (mut child, summary) =
        start(command.args(["--keep-open", "10m"]).env("FLOWSPAN_SESSION_FILE", &path));
    let url = summary["metrics_url"].as_str().expect("it is served").replace("/metrics", "/session");
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let page: Value = client.get(url).send().await.expect("an answer").json().await.expect("JSON");
    child.kill().expect("it still runs");
    child.wait().expect("it has ended");
    let file: Value = serde_json::from_slice(&fs::read(&path).expect("it is there")).expect("JSON");
    assert_eq!(page, file);
    agrees(&SessionMetrics::load(&path).expect("whole").expect("it is there"), &summary);
}

#[test]
fn a_report_shows_a_run_as_tables_as_a_page_and_as_json() {
    let sources = sources(3);
    let [file, page] = [".session.json", ".session.html"].map(|name| sources.path().join(name));
    let summary = summary(demo(sources.path()).arg("--session-file").arg(&file));
    let report = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_flowspan"));
        output(command.arg("report").arg(&file).args(arguments))
    };
    let tables = report(&["--html", &page.to_string_lossy()]);
    assert!(tables.status.success(), "{}", text(&tables.stderr));
    let tables = text(&tables.stdout);
    for part in ["Phases", "auditor", "audit-file", "grep", "auditor-1"] {
        assert!(tables.contains(part), "{part} is not in\n{tables}");
    }
    assert!(fs::read_to_string(&page).expect("a page").contains("<svg"));
    let json: Value = serde_json::from_slice(&report(&["--json"]).stdout).expect("JSON");
    assert_eq!(json["retries"], summary["counts"]["retries"]);
    let both = report(&[&file.to_string_lossy(), "--json"]);
    let both: Value = serde_json::from_slice(&both.stdout).expect("JSON");
    assert_eq!(both["requests"]["executions"], 2);

    fs::write(&file, "{").expect("written");
    let damaged = report(&[]);
    assert!(!damaged.status.success() && damaged.stdout.is_empty());
    assert!(
        text(&damaged.stderr).contains(".session.json is damaged at line 1"),
        "{}",
        text(&damaged.stderr)
    );
}
