//! More than one process: a review by another agent, and a run that goes on where another one ended.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::{demo, number, output, sources, summary, text};

/// What another agent prints: three calls of one model and two of another.
const AGENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../flowspan-agents/tests/files/claude.jsonl");

/// The events of a run of this command.
fn events(command: &mut Command, file: &Path) -> (Value, Vec<Value>) {
    let summary = summary(command.arg("--events").arg(file));
    let lines = fs::read_to_string(file).expect("written");
    (summary, lines.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect())
}

#[test]
fn a_review_is_counted_as_the_agent_says() {
    let sources = sources(2);
    let review = format!("cat >/dev/null; cat {AGENT}");
    let plain = summary(demo(sources.path()).args(["--seed", "7"]));
    let reviewed = summary(demo(sources.path()).args(["--seed", "7", "--review-with", &review]));
    for (what, more) in [
        ("/tokens/input", 42_115),
        ("/tokens/output", 570),
        ("/counts/model_calls", 5),
        ("/counts/tool_calls", 4),
        ("/counts/agents", 1),
        ("/counts/sessions", 1),
        ("/counts/steps", 1),
    ] {
        assert_eq!(number(&reviewed, what), number(&plain, what) + more, "{what}");
    }
}

#[test]
fn a_review_that_fails_does_not_undo_the_audit() {
    let sources = sources(1);
    let output = output(demo(sources.path()).args(["--review-with", "exit 3"]));
    assert!(output.status.success());
    assert!(text(&output.stderr).contains("exit status: 3"), "{}", text(&output.stderr));
}

#[test]
fn the_trace_of_the_caller_goes_on_in_the_run_and_in_what_it_starts() {
    let sources = sources(1);
    let caller = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let seen = sources.path().join(".seen");
    let review = format!("printf %s \"$TRACEPARENT $BAGGAGE\" > {}", seen.display());
    let mut command = demo(sources.path());
    command.args(["--review-with", &review]).env("TRACEPARENT", caller).env("BAGGAGE", "tenant=blue");
    let summary = summary(&mut command);
    assert_eq!(summary["trace_id"], "0af7651916cd43dd8448eb211c80319c");
    let seen = fs::read_to_string(seen).expect("written by the child");
    assert!(seen.starts_with("00-0af7651916cd43dd8448eb211c80319c-"), "{seen}");
    assert!(!seen.contains("b7ad6b7169203331"), "the child is part of the step: {seen}");
    assert!(seen.ends_with(" tenant=blue"), "{seen}");
}

#[test]
fn a_run_that_resumes_another_one_names_it() {
    let sources = sources(3);
    let files = tempfile::tempdir().expect("a temporary directory");
    let checkpoint = files.path().join("checkpoint");
    let runs = ["first", "second"].map(|name| {
        let mut command = demo(sources.path());
        events(command.arg("--checkpoint").arg(&checkpoint), &files.path().join(name))
    });
    let resumed = |events: &[Value]| {
        let texts: Vec<_> = events.iter().map(Value::to_string).collect();
        texts.iter().find(|event| event.contains("flowspan.run.resumes")).cloned()
    };
    assert_eq!(resumed(&runs[0].1), None);
    let event = resumed(&runs[1].1).expect("the second run says whom it resumes");
    let first = runs[0].0["trace_id"].as_str().expect("a trace");
    assert!(event.contains(&format!("00-{first}-")), "{event}");
}
