//! Under the names of the systems that flowspan grew out of, every number of theirs is there and right:
//! the expectations are taken from the summary and from the model server's own book.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::{Child, Command};

use flowspan_cli::model_server::Fault;
use flowspan_stack::{Part, check_metrics, require};
use serde_json::Value;

use crate::support::{asking, demo, model, number, sources, start, summary};

/// A seed with an outage, retries, and repairs that succeed.
const EVENTFUL: &str = "6";
/// Files that agents work on; one more is no UTF-8.
const FILES: usize = 24;
/// What the demo has no occasion for: none of its phases heals or bisects.
const NOT_SHOWN: [&str; 2] = ["m31a_phases_heal_count_total", "m31a_phases_bisect_count_total"];
/// What the system and not the run decides; looked at apart.
const OF_THE_SYSTEM: [&str; 2] = ["crew_memory_usage_bytes", "crew_max_memory_usage_bytes"];
/// What is no whole number; looked at apart, too.
const MONEY: &str = "m31a_llms_cost_total";

fn is_apart(family: &str) -> bool {
    OF_THE_SYSTEM.contains(&family) || family == MONEY
}

type Series = BTreeMap<String, f64>;

/// A run that has ended and is still served.
struct Served {
    child: Child,
    summary: Value,
}

impl Served {
    fn run(command: &mut Command) -> Self {
        let (child, summary) = start(command.args(["--keep-open", "10m"]));
        Served { child, summary }
    }

    fn eventful(arguments: &[&str]) -> Self {
        let sources = sources(FILES);
        fs::write(sources.path().join("latin1.txt"), b"gr\xfc\xdfe\n").expect("written");
        Self::run(demo(sources.path()).args(["--seed", EVENTFUL]).args(arguments))
    }

    fn page(&self) -> String {
        page(self.summary["metrics_url"].as_str().expect("metrics are served"))
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It serves until it is told to end; a test that is over has no further use for it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn page(url: &str) -> String {
    ureq::get(url).call().expect("an answer").body_mut().read_to_string().expect("text")
}

/// All series with their values; a histogram with the number of its observations.
fn series(page: &str) -> Series {
    let lines = page.lines().filter(|line| !line.starts_with('#'));
    let pairs = lines.filter_map(|line| line.rsplit_once(' ')).filter_map(|(series, value)| {
        let (name, labels) = series.split_at(series.find('{').unwrap_or(series.len()));
        let is_part = ["_bucket", "_sum"].iter().any(|part| name.ends_with(part));
        let name = name.strip_suffix("_count").unwrap_or(name);
        (!is_part).then(|| (format!("{name}{labels}"), value.parse().expect("a number")))
    });
    pairs.collect()
}

fn sum_of(page: &str, histogram: &str) -> f64 {
    let lines = page.lines().filter(|line| line.starts_with(&format!("{histogram}_sum")));
    lines.map(|line| line.rsplit(' ').next().and_then(|sum| sum.parse::<f64>().ok()).expect("a sum")).sum()
}

fn family(series: &str) -> &str {
    series.split('{').next().unwrap_or(series)
}

/// The names in the third column of a page about migrating.
fn documented(page: &str) -> BTreeSet<&str> {
    let rows = page.lines().map(|line| line.split('|').map(str::trim).collect::<Vec<_>>());
    let metrics = rows.filter(|row| row.len() == 6 && ["counter", "gauge", "histogram"].contains(&row[2]));
    metrics.map(|row| family(row[3].trim_matches('`'))).collect()
}

/// The families that the documentation names have these series and no others, and promtool says nothing.
fn shows(page: &str, documentation: &str, expected: &[(&str, u64)]) {
    let families = documented(documentation);
    let expected: Series =
        expected.iter().map(|(series, value)| ((*series).to_owned(), *value as f64)).collect();
    let mut shown = series(page);
    shown.retain(|series, _| families.contains(family(series)) && !is_apart(family(series)));
    assert_eq!(shown, expected);
    let without_reason = families.iter().filter(|family| {
        let is_shown = shown.keys().any(|series| self::family(series) == **family);
        !is_shown && !NOT_SHOWN.contains(family) && !is_apart(family)
    });
    assert_eq!(without_reason.collect::<Vec<_>>(), Vec::<&&str>::new());
    if let Some(()) = require(&[Part::Promtool]) {
        check_metrics(page).expect("promtool has nothing to say");
    }
}

/// What a run did, as far as possible from the book of the model server.
struct Truth {
    agents: u64,
    done: u64,
    /// Files that an agent began with.
    worked: u64,
    calls: u64,
    /// Calls whose answer arrived.
    answered: u64,
    /// Answers that were of no use, each of which was followed by a question for its repair.
    repairs: u64,
    retries: u64,
    seconds: f64,
}

impl Truth {
    fn of(summary: &Value) -> Self {
        let count = |what: &str| number(summary, &format!("/counts/{what}"));
        let (agents, calls, worked) = (count("agents"), count("model_calls"), count("worktrees"));
        let repairs = calls - agents;
        assert_eq!(count("recoveries"), repairs);
        let requests = number(summary, "/model_server/calls");
        let retries = (requests - calls) + (agents - worked);
        assert_eq!(count("retries"), retries);
        let seconds = summary["duration_seconds"].as_f64().expect("a duration");
        let answered = number(summary, "/model_server/answered");
        assert_eq!(count("validations"), answered);
        let truth = Truth {
            agents,
            done: number(summary, "/items/success"),
            worked,
            calls,
            answered,
            repairs,
            retries,
            seconds,
        };
        assert!(truth.done > 0 && truth.repairs > 0 && truth.retries > 0 && truth.answered < calls);
        truth
    }
}

#[test]
fn all_of_prodigy_s_metrics_have_the_values_of_the_run() {
    let run = Served::eventful(&["--names", "prodigy"]);
    let (page, truth) = (run.page(), Truth::of(&run.summary));
    let Truth { agents, done, worked, calls, answered, repairs, seconds, .. } = truth;
    assert_eq!(worked, FILES as u64);
    let booked = |what: &str| number(&run.summary, &format!("/model_server/{what}"));
    // One before the work, one each sixteen results, one after it.
    let checkpoints = 2 + done / 16;
    assert_eq!(number(&run.summary, "/counts/checkpoints"), checkpoints);
    shows(
        &page,
        include_str!("../../../../docs/migrating/003-prodigy.md"),
        &[
            (r#"prodigy_workflow_executions_total{status="success",workflow_name="audit"}"#, 1),
            (r#"prodigy_workflow_duration_seconds{workflow_name="audit"}"#, 1),
            (r#"prodigy_workflow_steps_total{workflow_name="audit"}"#, 2 + agents),
            (r#"prodigy_workflow_active{workflow_name="audit"}"#, 0),
            (r#"prodigy_step_executions_total{status="success",step_type="files"}"#, 2),
            (r#"prodigy_step_executions_total{status="success",step_type="agent"}"#, done),
            (r#"prodigy_step_executions_total{status="failed",step_type="agent"}"#, agents - done),
            (r#"prodigy_step_duration_seconds{step_type="files"}"#, 2),
            (r#"prodigy_step_duration_seconds{step_type="agent"}"#, agents),
            (r#"prodigy_step_on_failure_recoveries_total{step_type="agent"}"#, repairs),
            (r#"prodigy_step_validations_total{result="passed",step_type="agent"}"#, done),
            (r#"prodigy_step_validations_total{result="failed",step_type="agent"}"#, answered - done),
            (r#"prodigy_mapreduce_jobs_active{job_id="files"}"#, 0),
            (r#"prodigy_mapreduce_agents_active{job_id="files"}"#, 0),
            (r#"prodigy_mapreduce_items_total{job_id="files",status="success"}"#, done),
            (r#"prodigy_mapreduce_items_total{job_id="files",status="dlq"}"#, worked + 1 - done),
            (r#"prodigy_mapreduce_dlq_items{job_id="files"}"#, worked + 1 - done),
            (r#"prodigy_agent_duration_seconds{job_id="files"}"#, agents),
            (r#"prodigy_mapreduce_worktrees_active{job_id="files"}"#, 0),
            (r#"prodigy_claude_tokens_total{token_type="input"}"#, booked("input")),
            (r#"prodigy_claude_tokens_total{token_type="output"}"#, booked("output")),
            (r#"prodigy_claude_tokens_total{token_type="cache"}"#, booked("cache_read")),
            (r#"prodigy_claude_tool_invocations_total{tool_name="wc"}"#, agents),
            (r#"prodigy_claude_tool_invocations_total{tool_name="grep"}"#, agents),
            (r#"prodigy_claude_sessions_total{status="success"}"#, done),
            (r#"prodigy_claude_sessions_total{status="failed"}"#, agents - done),
            (r#"prodigy_claude_errors_total{error_type="server_error"}"#, calls - answered),
            ("prodigy_worktree_pool_size", 8),
            ("prodigy_storage_events_written_total", done),
            ("prodigy_checkpoints_created_total", checkpoints),
        ],
    );
    let took = sum_of(&page, "prodigy_workflow_duration_seconds");
    assert!((took - seconds).abs() < 1e-6, "{took} and {seconds}");
    // Eight agents at once take no longer than eight times the whole.
    let agents_took = sum_of(&page, "prodigy_agent_duration_seconds");
    assert!(agents_took > 0.0 && agents_took <= 8.0 * seconds, "{agents_took} in {seconds}");
}

#[test]
fn the_namespace_alone_gives_the_same_numbers_under_the_names_of_the_catalog() {
    let run = Served::eventful(&["--namespace", "prodigy"]);
    let Truth { agents, done, calls, answered, retries, .. } = Truth::of(&run.summary);
    let all = series(&run.page());
    let sum = |name: &str| -> f64 {
        all.iter().filter(|(series, _)| family(series) == name).map(|(_, value)| value).sum()
    };
    let families: BTreeSet<_> = all.keys().map(|series| family(series)).collect();
    let renamed = |name: &str| match name {
        "prodigy_claude_tool_invocations_total" => "prodigy_tool_executions_total".to_owned(),
        name => name.replace("claude", "llm"),
    };
    let expected = documented(include_str!("../../../../docs/migrating/003-prodigy.md"));
    assert_eq!(expected.len(), 21);
    for name in expected.into_iter().map(renamed) {
        assert!(families.contains(&*name), "no {name}");
        assert!(!name.ends_with("_active") || sum(&name) == 0.0, "{name} is not back at zero");
    }
    for (name, value) in [
        ("prodigy_workflow_steps_total", 2 + agents),
        ("prodigy_tool_executions_total", 2 * agents),
        ("prodigy_llm_sessions_total", agents),
        ("prodigy_llm_errors_total", calls - answered),
        ("prodigy_mapreduce_items_total", FILES as u64 + 1),
        ("prodigy_storage_events_written_total", done),
        ("prodigy_step_retries_total", retries),
    ] {
        assert_eq!(sum(name), value as f64, "{name}");
    }
}

#[test]
fn what_runs_is_in_the_gauges_while_it_runs() {
    // A model that never answers: four files wait for it, with their agents and worktrees.
    let (sources, model) = (sources(6), model(&[Fault::Slow]));
    let free_port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|port| port.local_addr());
    let port = free_port.expect("a port").port().to_string();
    let mut command = Command::new(env!("CARGO_BIN_EXE_flowspan"));
    command.arg("demo").arg(sources.path()).args(["--names", "prodigy", "--concurrency", "4"]);
    asking(&mut command, &model).args(["--metrics-port", &port]);
    let mut child = command.stderr(std::process::Stdio::null()).spawn().expect("the command starts");
    while model.ledger().calls < 4 {
        assert!(child.try_wait().expect("it can be asked").is_none(), "it goes on");
        std::thread::yield_now();
    }
    let shown = series(&page(&format!("http://127.0.0.1:{port}/metrics")));
    child.kill().expect("it still runs");
    child.wait().expect("it has ended");
    for (series, value) in [
        (r#"prodigy_workflow_active{workflow_name="audit"}"#, 1.0),
        (r#"prodigy_mapreduce_jobs_active{job_id="files"}"#, 1.0),
        (r#"prodigy_mapreduce_agents_active{job_id="files"}"#, 4.0),
        (r#"prodigy_mapreduce_worktrees_active{job_id="files"}"#, 4.0),
        ("prodigy_worktree_pool_size", 0.0),
    ] {
        assert_eq!(shown.get(series), Some(&value), "{series}");
    }
}

#[test]
fn all_of_clutch_s_metrics_have_the_values_of_the_run() {
    let run = Served::eventful(&["--names", "clutch"]);
    let (page, truth) = (run.page(), Truth::of(&run.summary));
    let Truth { agents, done, seconds, .. } = truth;
    let step = |name: &str, kind: &str| {
        format!(
            r#"clutch_step_duration_seconds{{step_name="{name}",step_type="{kind}",workflow_name="audit"}}"#
        )
    };
    shows(
        &page,
        include_str!("../../../../docs/migrating/000-clutch.md"),
        &[
            (&step("list-files", "files"), 1),
            (&step("load-checkpoint", "files"), 1),
            (&step("audit-file", "agent"), agents),
            (r#"clutch_execution_duration_seconds{status="success",workflow_name="audit"}"#, 1),
            (r#"clutch_executions_total{status="success",workflow_name="audit"}"#, 1),
            (r#"clutch_step_errors_total{error_type="server_error",step_type="agent"}"#, agents - done),
            (r#"clutch_active_executions{workflow_name="audit"}"#, 0),
        ],
    );
    assert!((sum_of(&page, "clutch_execution_duration_seconds") - seconds).abs() < 1e-6);
}

#[test]
fn all_of_the_crew_s_metrics_have_the_values_of_the_run() {
    let sources = sources(FILES);
    let checkpoint = sources.path().join(".checkpoint");
    let late = [0, 1, 2].map(|nth| sources.path().join(format!("f{nth:02}.rs")));
    let texts = late.each_ref().map(|file| fs::read(file).expect("a source"));
    late.iter().for_each(|file| fs::remove_file(file).expect("removed"));
    let command = || {
        let mut command = demo(sources.path());
        command.args(["--seed", EVENTFUL]).arg("--checkpoint").arg(&checkpoint);
        command
    };
    let kept = number(&summary(&mut command()), "/items/success");
    late.iter().zip(texts).for_each(|(file, text)| fs::write(file, text).expect("written"));

    let run = Served::run(command().args(["--names", "crew"]));
    let before = peak(&run.child);
    let page = run.page();
    let after = peak(&run.child);
    let worked = number(&run.summary, "/counts/worktrees");
    let agents = number(&run.summary, "/counts/agents");
    let done = number(&run.summary, "/items/success") - kept;
    assert!(kept > 0 && done > 0 && done < agents && worked == FILES as u64 - kept, "{}", run.summary);
    shows(
        &page,
        include_str!("../../../../docs/migrating/001-crew.md"),
        &[
            (r#"crew_requests_total{status="success"}"#, 1),
            ("crew_request_duration_seconds", 1),
            ("crew_cache_hits_total", kept),
            ("crew_cache_misses_total", worked),
            (r#"crew_agent_executions_total{agent="auditor",status="success"}"#, done),
            (r#"crew_agent_executions_total{agent="auditor",status="error"}"#, agents - done),
            (r#"crew_agent_duration_seconds{agent="auditor",status="success"}"#, done),
            (r#"crew_agent_duration_seconds{agent="auditor",status="error"}"#, agents - done),
        ],
    );
    let seconds = run.summary["duration_seconds"].as_f64().expect("a duration");
    assert!((sum_of(&page, "crew_request_duration_seconds") - seconds).abs() < 1e-6);
    // Only Linux tells how much memory there is in use.
    if let (Some(before), Some(after)) = (before, after) {
        let all = series(&page);
        let [usage, most] = OF_THE_SYSTEM.map(|name| all[name]);
        assert!((before..=after).contains(&most), "{most} is not between {before} and {after}");
        assert!(usage > before / 10.0 && usage <= after, "{usage} with a peak of {after}");
    }
}

/// The most memory that a process has had in use, in bytes, as the kernel tells it.
fn peak(child: &Child) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok().map(|kibibytes: f64| kibibytes * 1024.0)
}

#[test]
fn all_of_m31a_s_metrics_that_the_demo_has_have_the_values_of_the_run() {
    let run = Served::eventful(&["--names", "m31a"]);
    let (page, truth) = (run.page(), Truth::of(&run.summary));
    let Truth { agents, calls, seconds, .. } = truth;
    let booked = |what: &str| number(&run.summary, &format!("/model_server/{what}"));
    shows(
        &page,
        include_str!("../../../../docs/migrating/002-m31a.md"),
        &[
            (r#"m31a_tools_call_count_total{name="wc",status="success"}"#, agents),
            (r#"m31a_tools_call_count_total{name="grep",status="success"}"#, agents),
            (r#"m31a_tools_duration_seconds{name="wc",status="success"}"#, agents),
            (r#"m31a_tools_duration_seconds{name="grep",status="success"}"#, agents),
            (r#"m31a_llms_tokens_total{kind="prompt",phase="audit"}"#, booked("input")),
            (r#"m31a_llms_tokens_total{kind="completion",phase="audit"}"#, booked("output")),
            (r#"m31a_llms_interaction_count_total{phase="audit"}"#, calls),
            (r#"m31a_phases_duration_seconds{phase="plan",status="success"}"#, 1),
            (r#"m31a_phases_duration_seconds{phase="audit",status="success"}"#, 1),
            (r#"m31a_phases_duration_seconds{phase="report",status="success"}"#, 1),
            (r#"m31a_phases_transition_count_total{phase="plan"}"#, 1),
            (r#"m31a_phases_transition_count_total{phase="audit"}"#, 1),
            (r#"m31a_phases_transition_count_total{phase="report"}"#, 1),
        ],
    );
    let cost = run.summary["cost_usd"].as_f64().expect("the model has a price");
    let spent: f64 = series(&page).iter().filter(|(name, _)| family(name) == MONEY).map(|(_, sum)| sum).sum();
    assert!((spent - cost).abs() < 1e-12 && cost > 0.0);
    // The phases follow each other, so together they take no longer than the whole.
    assert!(sum_of(&page, "m31a_phases_duration_seconds") <= seconds);
}
