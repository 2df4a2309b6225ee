//! `flowspan import` as a person runs it: files in, any output out.

#[path = "../../flowspan-jsonl/tests/support/prodigy.rs"]
mod prodigy;

use std::fs::{self, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use flowspan_stack::{Part, Postgres, require};
use serde_json::Value;

/// A command without an environment that would change what it does.
fn flowspan(subcommand: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flowspan"));
    for (variable, _) in std::env::vars_os() {
        let name = variable.to_string_lossy();
        if ["OTEL_", "FLOWSPAN_", "OPENAI_", "RUST_LOG"].iter().any(|beginning| name.starts_with(beginning)) {
            command.env_remove(&variable);
        }
    }
    command.arg(subcommand).args(["--summary", "json"]).stdin(Stdio::null());
    command
}

fn output(command: &mut Command) -> Output {
    command.output().expect("the command starts")
}

fn summary(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", text(&output.stderr)))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn number(summary: &Value, path: &str) -> u64 {
    summary.pointer(path).and_then(Value::as_u64).unwrap_or_else(|| panic!("{path} in {summary}"))
}

/// A command that serves metrics, and where.
struct Serving {
    child: Child,
    url: String,
}

impl Serving {
    fn start(command: &mut Command) -> Self {
        let mut child = command
            .args(["--metrics-port", "0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut said =
            BufReader::new(child.stderr.take().expect("piped")).lines().map(|line| line.expect("text"));
        let told = "metrics are served at ";
        let url =
            said.find_map(|line| line.strip_prefix(told).map(str::to_owned)).expect("metrics are served");
        // Nobody shall wait for a pipe that nobody reads.
        std::thread::spawn(move || said.for_each(drop));
        Serving { child, url }
    }

    fn page(&self) -> String {
        ureq::get(&self.url).call().expect("an answer").body_mut().read_to_string().expect("text")
    }

    /// The page, as soon as it has this.
    fn page_with(&self, has: impl Fn(&str) -> bool) -> String {
        let began = Instant::now();
        loop {
            let page = self.page();
            if has(&page) {
                return page;
            }
            assert!(began.elapsed() < Duration::from_secs(60), "{page}");
        }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The sum of all series of a metric that have these labels.
fn total(page: &str, name: &str, labels: &[&str]) -> f64 {
    page.lines()
        .filter(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' '])))
        .filter(|line| labels.iter().all(|label| line.contains(label)))
        .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
        .sum()
}

fn sources(directory: &Path) {
    for nth in 0..6 {
        let text =
            format!("fn f{nth}() {{\n    // TODO: name it\n    g({nth}).unwrap();\n}}\n").repeat(nth + 1);
        fs::write(directory.join(format!("f{nth}.rs")), text).expect("written");
    }
}

#[test]
fn the_file_of_a_run_has_the_same_totals_when_it_is_imported() {
    let (directory, files) =
        (tempfile::tempdir().expect("a directory"), tempfile::tempdir().expect("a directory"));
    sources(directory.path());
    let events = files.path().join("events.jsonl");
    let run = output(
        flowspan("demo").arg(directory.path()).args(["--no-metrics", "--seed", "4", "--events"]).arg(&events),
    );
    assert!(run.status.success(), "{}", text(&run.stderr));
    let run = summary(&run);
    let written = number(&run, "/telemetry/events/delivered");
    assert_eq!(written, number(&run, "/telemetry/events/created"));

    let serving = Serving::start(flowspan("import").arg(&events).args(["--follow"]));
    let done = |page: &str| total(page, "flowspan_workflow_executions_total", &[]) == 1.0;
    let page = serving.page_with(done);
    for kind in ["input", "output", "cache_read", "reasoning"] {
        let label = format!("token_type=\"{kind}\"");
        let counted = number(&run, &format!("/tokens/{kind}")) as f64;
        assert_eq!(total(&page, "flowspan_llm_tokens_total", &[&label]), counted, "{kind}");
    }
    for (name, path) in [
        ("flowspan_agent_executions_total", "/counts/agents"),
        ("flowspan_llm_calls_total", "/counts/model_calls"),
        ("flowspan_tool_executions_total", "/counts/tool_calls"),
        ("flowspan_mapreduce_items_total", "/items/total"),
        ("flowspan_step_retries_total", "/counts/retries"),
    ] {
        assert_eq!(total(&page, name, &[]), number(&run, path) as f64, "{name}");
    }
    assert_eq!(total(&page, "flowspan_workflow_active", &[]), 0.0);
    drop(serving);

    let imported = output(flowspan("import").arg(&events));
    assert!(imported.status.success(), "{}", text(&imported.stderr));
    assert_eq!(number(&summary(&imported), "/imported/events"), written);
}

#[test]
fn what_prodigy_wrote_is_on_the_metrics_to_the_last_token() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("events-20260101_000000.jsonl.gz");
    let (log, truth) = prodigy::log(20_000, 11);
    // As Prodigy leaves it: called compressed, and not compressed.
    fs::write(&path, &log).expect("written");
    let mut command = flowspan("import");
    let serving = Serving::start(command.arg(directory.path()).args(["--follow", "--namespace", "prodigy"]));
    let tools = truth.of("claude_tool_invoked") as f64;
    // The log ends with any event: all of them are there when the last kind of each is.
    let complete = |page: &str| {
        total(page, "prodigy_llm_calls_total", &[]) == truth.of("claude_token_usage") as f64
            && total(page, "prodigy_tool_executions_total", &[]) == tools
            && total(page, "prodigy_agent_executions_total", &[])
                == (truth.of("agent_completed") + truth.of("agent_failed")) as f64
            && total(page, "prodigy_step_retries_total", &[]) == truth.of("agent_retrying") as f64
    };
    let page = serving.page_with(complete);
    let tokens = |kind: &str| total(&page, "prodigy_llm_tokens_total", &[&format!("token_type=\"{kind}\"")]);
    assert_eq!(tokens("input"), (truth.uncached + truth.cached) as f64);
    assert_eq!((tokens("output"), tokens("cache_read")), (truth.output as f64, truth.cached as f64));
    let items =
        |status: &str| total(&page, "prodigy_mapreduce_items_total", &[&format!("status=\"{status}\"")]);
    assert_eq!(items("success"), truth.of("agent_completed") as f64);
    assert_eq!(items("failed"), truth.of("agent_failed") as f64);
    assert_eq!(total(&page, "prodigy_agent_duration_seconds_sum", &[]), truth.agent_seconds);
    assert_eq!(total(&page, "prodigy_checkpoints_created_total", &[]), truth.of("checkpoint_created") as f64);
    assert_eq!(total(&page, "prodigy_llm_sessions_total", &[]), truth.of("claude_session_started") as f64);
    assert_eq!(total(&page, "prodigy_queue_depth", &[]), truth.last_queue_depth as f64);

    // More of it comes, the file is renamed, and the next one begins.
    let more = br#"{"id":"x","timestamp":"2026-02-01T00:00:00Z","correlation_id":"4f9c","event":{"event_type":"claude_tool_invoked","agent_id":"agent-1","tool_name":"Bash","tool_id":"t","parameters":{},"timestamp":"2026-02-01T00:00:00Z"},"metadata":{}}"#;
    let append = |path: &Path| {
        let mut file = OpenOptions::new().append(true).create(true).open(path).expect("opened");
        file.write_all(&[&more[..], b"\n"].concat()).expect("written");
    };
    append(&path);
    fs::rename(&path, directory.path().join("events-20260101_000000.jsonl")).expect("renamed");
    append(&directory.path().join("events-20260201_000000.jsonl"));
    serving.page_with(|page| total(page, "prodigy_tool_executions_total", &[]) == tools + 2.0);
}

#[test]
fn bad_lines_are_told_so_many_and_counted_all() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("x.jsonl");
    let (log, truth) = prodigy::log(5_000, 5);
    fs::write(&path, log).expect("written");
    let unknown = directory.path().join("unknown");
    let imported =
        output(flowspan("import").arg(&path).args(["--max-problems", "3", "--unknown"]).arg(&unknown));
    assert!(imported.status.success(), "{}", text(&imported.stderr));
    let said = text(&imported.stderr);
    let told = said.lines().filter(|line| line.contains("x.jsonl:")).count();
    assert!(told == 3 && said.contains(&format!("{} more problems", truth.malformed - 3)), "{said}");
    let summary = summary(&imported);
    for (path, counted) in [
        ("/imported/lines", truth.lines),
        ("/imported/accepted", truth.accepted),
        ("/imported/unknown", truth.unknown),
        ("/imported/malformed", truth.malformed),
        ("/imported/unknown_types/agent_dreamed", truth.unknown),
    ] {
        assert_eq!(number(&summary, path), counted, "{path}");
    }
    let kept = fs::read(&unknown).expect("kept");
    assert_eq!(kept.iter().filter(|byte| **byte == b'\n').count() as u64, truth.unknown);
}

#[test]
fn what_was_imported_is_not_imported_again() {
    let directory = tempfile::tempdir().expect("a directory");
    let [path, positions] = ["x.jsonl", "positions"].map(|name| directory.path().join(name));
    fs::write(&path, prodigy::log(500, 5).0).expect("written");
    let import = || {
        let imported = output(
            flowspan("import").arg(&path).args(["--max-problems", "0", "--positions"]).arg(&positions),
        );
        assert!(imported.status.success(), "{}", text(&imported.stderr));
        number(&summary(&imported), "/imported/events")
    };
    assert!(import() > 500);
    assert_eq!(import(), 0);
}

#[test]
fn a_store_keeps_what_is_imported_twice_once() {
    if require(&[Part::Postgres]).is_none() {
        return;
    }
    let server = Postgres::start().expect("PostgreSQL");
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("x.jsonl");
    fs::write(&path, prodigy::log(3_000, 5).0).expect("written");
    let counts = || {
        let imported =
            output(flowspan("import").arg(&path).args(["--max-problems", "0", "--postgres", &server.url()]));
        assert!(imported.status.success(), "{}", text(&imported.stderr));
        let summary = summary(&imported);
        let events = number(&summary, "/imported/events");
        assert_eq!(number(&summary, "/telemetry/events/delivered"), events, "{summary}");
        let sql =
            "SELECT count(*), (SELECT sum(input_tokens) FROM flowspan.model_calls) FROM flowspan.events";
        (events, server.psql(sql).expect("counts"))
    };
    let (events, once) = counts();
    assert!(once.starts_with(&format!("{events}|")), "{events} {once}");
    assert_eq!(counts(), (events, once));
}

#[test]
fn what_cannot_be_imported_is_an_error_that_says_why() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("x.jsonl");
    fs::write(&path, "").expect("written");
    let shown = path.to_string_lossy().into_owned();
    let within = directory.path().join("new.jsonl").to_string_lossy().into_owned();
    let all = directory.path().to_string_lossy().into_owned();
    for (arguments, code, said) in [
        (vec!["no such file"], 1, "no such file: it cannot be read"),
        (vec![&shown, "--events", &shown], 2, "is both read and written to"),
        (vec![&all, "--events", &within], 2, "is both read and written to"),
        (vec!["-", "--follow"], 2, "standard input cannot be followed"),
        (vec![&shown, "--positions", &all], 2, "cannot read the positions"),
    ] {
        let refused = output(flowspan("import").args(&arguments));
        let error = text(&refused.stderr);
        assert_eq!(refused.status.code(), Some(code), "{error}");
        assert!(error.contains(said), "{error}");
    }
}
