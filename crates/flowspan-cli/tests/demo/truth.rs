//! What the command says is true: the same numbers wherever one looks.

use std::{fs, process::Command};

use flowspan_cli::model_server::Fault;
use serde_json::Value;

use crate::support::{asking, demo, model, number, output, sources, start, summary, summary_of, text};

const TOKENS: [&str; 4] = ["input", "output", "cache_read", "reasoning"];

#[test]
fn the_tokens_that_telemetry_counted_are_those_in_the_book_of_the_model() {
    let sources = sources(24);
    let summary = summary(demo(sources.path()).args(["--seed", "4"]));
    for kind in TOKENS {
        let (counted, booked) = (
            number(&summary, &format!("/tokens/{kind}")),
            number(&summary, &format!("/model_server/{kind}")),
        );
        assert_eq!(counted, booked, "{kind}");
        assert!(counted > 0, "{kind}");
    }
    assert_eq!(number(&summary, "/items/total"), 24);
    let outcomes: u64 =
        ["success", "failed", "dlq"].iter().map(|kind| number(&summary, &format!("/items/{kind}"))).sum();
    assert_eq!(outcomes, 24);
    assert_eq!((number(&summary, "/counts/workflows"), number(&summary, "/counts/phases")), (1, 3));
    assert!(number(&summary, "/counts/checkpoints") >= 2);
}

#[test]
fn a_broken_stream_is_counted_to_the_token_on_both_sides() {
    let (sources, model) = (sources(3), model(&[Fault::Dropped, Fault::Dropped]));
    let summary = summary(asking(&mut demo(sources.path()), &model));
    let ledger = model.end();
    assert_eq!(ledger.interrupted, 6);
    assert!(ledger.unreported_output > 0);
    assert_eq!(number(&summary, "/tokens/output"), ledger.output);
    assert_eq!(number(&summary, "/tokens/input"), ledger.input);
    assert_eq!(number(&summary, "/counts/retries"), 6);
}

#[test]
fn one_seed_gives_one_result_whatever_the_concurrency() {
    let sources = sources(10);
    let [one, many] = ["1", "8"]
        .map(|concurrency| summary(demo(sources.path()).args(["--seed", "9", "--concurrency", concurrency])));
    for path in ["/items", "/tokens", "/counts", "/model_server"] {
        assert_eq!(one.pointer(path), many.pointer(path), "{path}");
    }
}

/// Runs the demo to its end, and returns its summary and what it serves then.
async fn summary_and_metrics(command: &mut Command) -> (Value, String) {
    let (mut child, summary) = start(command.args(["--keep-open", "10m", "--namespace", "audit"]));
    let url = summary["metrics_url"].as_str().expect("metrics are served").to_owned();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let page = client.get(url).send().await.expect("an answer").text().await.expect("text");
    child.kill().expect("it still runs");
    child.wait().expect("it has ended");
    (summary, page)
}

/// The value of the series that begins like this; the page is without a series that nobody fed.
fn series(page: &str, beginning: &str) -> Option<f64> {
    let line = page.lines().find(|line| line.starts_with(beginning))?;
    Some(line.rsplit(' ').next().and_then(|value| value.parse().ok()).expect("a number"))
}

#[tokio::test]
async fn the_metrics_that_are_served_agree_with_the_summary() {
    let sources = sources(6);
    let (summary, page) = summary_and_metrics(&mut demo(sources.path())).await;
    for kind in TOKENS {
        let of_kind = |line: &&str| {
            line.starts_with("audit_llm_tokens_total{") && line.contains(&format!("\"{kind}\""))
        };
        let line = page.lines().find(of_kind).unwrap_or_else(|| panic!("no {kind} tokens in {page}"));
        let counted = number(&summary, &format!("/tokens/{kind}")) as f64;
        assert_eq!(series(&page, line), Some(counted), "{kind}");
    }
    let cost = summary["cost_usd"].as_f64().expect("the model has a price");
    let served = series(&page, "audit_llm_cost_usd_total{").expect("it is served");
    assert!((served - cost).abs() < 1e-12, "{served} and {cost}");
}

#[tokio::test]
async fn every_generation_of_the_convention_counts_the_tokens_in_the_book_of_the_model() {
    let sources = sources(6);
    for (chosen, is_latest, is_older) in [
        ("gen_ai_latest_experimental", true, false),
        ("gen_ai/1.41", false, true),
        ("gen_ai/dup", true, true),
    ] {
        let mut demo = demo(sources.path());
        demo.env("OTEL_SEMCONV_STABILITY_OPT_IN", chosen);
        let (summary, page) = summary_and_metrics(&mut demo).await;
        // The model is called for one operation, by one name, and some calls end with an error.
        let sum = |name: &str, label: &str| {
            let lines = page.lines().filter(|line| line.starts_with(name) && line.contains(label));
            let values: Vec<u64> =
                lines.map(|line| line.rsplit(' ').next().expect("a value").parse().expect("whole")).collect();
            (!values.is_empty()).then(|| values.iter().sum::<u64>())
        };
        for kind in ["input", "output"] {
            let book = number(&summary, &format!("/model_server/{kind}"));
            let latest = sum(&format!("gen_ai_client_inference_usage_{kind}_tokens_total{{"), "");
            assert_eq!(latest, is_latest.then_some(book), "{chosen}: {kind}");
            let older = sum("gen_ai_client_token_usage_sum{", &format!("gen_ai_token_type=\"{kind}\""));
            assert_eq!(older, is_older.then_some(book), "{chosen}: {kind}");
        }
    }
}

#[test]
fn the_cost_of_a_run_is_that_of_the_tokens_in_the_book_of_the_model() {
    let sources = sources(12);
    let summary = summary(demo(sources.path()).args(["--seed", "4"]));
    let tokens = |kind| number(&summary, &format!("/model_server/{kind}")) as f64;
    // The prices of the embedded model, per million tokens: cached ones cost a tenth of others.
    let expected = (0.25 * (tokens("input") - tokens("cache_read"))
        + 0.025 * tokens("cache_read")
        + 2.0 * tokens("output"))
        / 1e6;
    let cost = summary["cost_usd"].as_f64().expect("the model has a price");
    assert!((cost - expected).abs() < 1e-12, "{cost} and {expected}");
}

#[test]
fn a_model_without_a_price_has_no_cost_and_no_zero() {
    let (sources, model) = (sources(2), model(&[]));
    let summary = summary(asking(&mut demo(sources.path()), &model));
    assert!(summary["cost_usd"].is_null(), "{summary}");
    assert!(number(&summary, "/tokens/input") > 0);
}

#[tokio::test]
async fn what_stands_around_the_work_is_measured_as_it_was() {
    let sources = sources(5);
    fs::write(sources.path().join("latin1.txt"), b"gr\xfc\xdfe\n").expect("written");
    let checkpoint = sources.path().join(".checkpoint");
    for run in [
        // The first run finds nothing and keeps five results; the second one has them all.
        [None, None, Some(5.0), Some(5.0)],
        [Some(1.0), Some(5.0), None, None],
    ] {
        let mut command = demo(sources.path());
        let (summary, page) = summary_and_metrics(command.arg("--checkpoint").arg(&checkpoint)).await;
        let told = [
            "audit_checkpoints_loaded_total",
            "audit_cache_hits_total{cache=\"results\"}",
            "audit_cache_misses_total{cache=\"results\"}",
            "audit_storage_events_written_total",
        ];
        assert_eq!(told.map(|name| series(&page, name)), run, "{page}");
        assert_eq!(series(&page, "audit_queue_depth{queue=\"files\"}"), Some(0.0));
        assert_eq!(series(&page, "audit_mapreduce_dlq_items{job_name=\"files\"}"), Some(1.0));
        assert!(series(&page, "audit_mapreduce_dlq_oldest_age_seconds{").is_some_and(|age| age > 0.0));
        let created = number(&summary, "/counts/checkpoints") as f64;
        assert_eq!(series(&page, "audit_checkpoints_created_total"), Some(created));
        assert_eq!(number(&summary, "/counts/sessions"), number(&summary, "/counts/agents"));
    }
}

#[test]
fn a_file_that_is_no_utf8_is_a_dead_letter_and_named_in_the_report() {
    let sources = sources(2);
    fs::write(sources.path().join("latin1.txt"), b"gr\xfc\xdfe\n").expect("written");
    let report = sources.path().join(".report.md");
    let summary = summary(demo(sources.path()).arg("--report").arg(&report));
    assert_eq!((number(&summary, "/items/dlq"), number(&summary, "/items/success")), (1, 2));
    let report = fs::read_to_string(report).expect("a report");
    assert!(report.contains("## Files without a result\n\n- latin1.txt: the file is not UTF-8"), "{report}");
}

#[test]
fn the_audit_is_the_same_with_telemetry_and_without() {
    let sources = sources(5);
    let [with, without] = [&[][..], &["--no-telemetry"]].map(|arguments: &[&str]| {
        let report = sources.path().join(".report.md");
        let output = output(demo(sources.path()).arg("--report").arg(&report).args(arguments));
        assert!(output.status.success(), "{}", text(&output.stderr));
        (fs::read_to_string(report).expect("a report"), summary_of(&output))
    });
    assert_eq!(with.0, without.0);
    assert!(with.1["trace_id"].is_string() && without.1["trace_id"].is_null());
    assert!(without.1["metrics_url"].is_null());
}

#[test]
fn the_key_of_the_model_appears_in_no_output() {
    let (sources, model) = (sources(2), model(&[]));
    let mut command = demo(sources.path());
    command.env("OPENAI_API_KEY", "sk-very-secret").env("RUST_LOG", "trace");
    let output = output(asking(&mut command, &model));
    assert!(output.status.success());
    assert!(!text(&output.stdout).contains("sk-very-secret"));
    assert!(!text(&output.stderr).contains("sk-very-secret"));
}

#[test]
fn nothing_that_is_piped_has_colours() {
    let output = output(&mut demo(sources(2).path()));
    assert!(!output.stdout.contains(&0x1b) && !output.stderr.contains(&0x1b), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("workflow audit"), "{}", text(&output.stderr));
}

#[test]
fn the_log_lines_of_a_run_carry_its_trace_id() {
    let sources = sources(1);
    let output = output(demo(sources.path()).env("RUST_LOG", "info"));
    let trace = summary_of(&output)["trace_id"].as_str().map(|id| format!("trace_id={id}")).expect("a trace");
    let log = text(&output.stderr);
    for said in ["the files are listed", "checkpoint written", "the audit is done"] {
        let line =
            log.lines().find(|line| line.contains(said)).unwrap_or_else(|| panic!("no {said:?} in {log}"));
        assert!(line.contains(&trace), "{line}");
    }
}
