//! Runs that do not go well, and what is left of them.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use flowspan_cli::model_server::Fault;

use crate::support::{asking, demo, model, number, output, sources, summary, summary_of, text};

#[test]
fn a_straggler_is_cancelled_by_the_time_limit_and_tried_again() {
    let (sources, model) = (sources(2), model(&[Fault::Slow]));
    let mut command = demo(sources.path());
    let output = output(asking(&mut command, &model).args(["--call-timeout", "500ms"]));
    let summary = summary_of(&output);
    assert_eq!(summary["status"], "success", "{}", text(&output.stderr));
    assert_eq!((number(&summary, "/items/success"), number(&summary, "/counts/retries")), (2, 2));
    assert_eq!(number(&summary, "/counts/agents"), 4);
    assert!(text(&output.stderr).contains("timeout"), "{}", text(&output.stderr));
    assert_eq!(model.end().abandoned, 2);
}

#[test]
fn a_file_that_keeps_failing_is_a_dead_letter_and_the_others_are_done() {
    let sources = sources(1);
    std::fs::write(sources.path().join("bad.txt"), b"\xff").expect("written");
    let model = model(&[Fault::Unavailable]);
    let summary = summary(asking(&mut demo(sources.path()), &model));
    assert_eq!((number(&summary, "/items/success"), number(&summary, "/items/dlq")), (1, 1));
}

#[test]
fn a_dead_letter_is_worked_on_again_until_somebody_has_mended_it() {
    let sources = sources(1);
    let bad = sources.path().join("bad.txt");
    std::fs::write(&bad, b"\xff").expect("written");
    let mut child = demo(sources.path())
        .args(["--retry-dead-letters", "50ms"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    let mut stderr = BufReader::new(child.stderr.take().expect("piped"));
    let mut said = String::new();
    // The second time: it has failed again.
    while said.matches("goes to the dead-letter queue").count() < 2 {
        assert!(stderr.read_line(&mut said).expect("text") > 0, "it gave up: {said}");
    }
    std::fs::write(&bad, b"mended").expect("written");
    stderr.read_to_string(&mut said).expect("text");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{said}");
    let summary = summary_of(&output);
    assert_eq!((number(&summary, "/items/success"), number(&summary, "/items/dlq")), (2, 0));
    assert_eq!(number(&summary, "/items/total"), 2);
}

#[test]
fn a_model_that_is_not_there_makes_the_run_fail() {
    let sources = sources(2);
    let arguments = ["--model", "m", "--model-url", "http://127.0.0.1:1/v1"];
    let output = output(demo(sources.path()).args(arguments));
    assert_eq!(output.status.code(), Some(1));
    let summary = summary_of(&output);
    assert_eq!((summary["status"].as_str(), number(&summary, "/items/dlq")), (Some("failed"), 2));
    assert!(text(&output.stderr).contains("--model-url"), "{}", text(&output.stderr));
}

#[test]
fn a_collector_that_is_absent_costs_nothing_but_what_was_meant_for_it() {
    let sources = sources(2);
    let output = output(demo(sources.path()).args(["--otlp-endpoint", "http://127.0.0.1:1"]));
    assert!(output.status.success());
    let summary = summary_of(&output);
    let spans = &summary["telemetry"]["spans"];
    let dropped: u64 =
        spans["dropped"].as_object().expect("by reason").values().filter_map(|n| n.as_u64()).sum();
    assert!(dropped > 0);
    assert_eq!(number(spans, "/created"), number(spans, "/delivered") + dropped);
    assert_eq!(text(&output.stderr).matches("otlp.traces fails").count(), 1, "{}", text(&output.stderr));
}

#[test]
fn a_finished_checkpoint_saves_all_further_questions() {
    let sources = sources(3);
    let checkpoint = sources.path().join(".checkpoint");
    let [first, second] =
        [(); 2].map(|()| summary(demo(sources.path()).arg("--checkpoint").arg(&checkpoint)));
    assert!(number(&first, "/counts/model_calls") >= 3);
    assert_eq!(number(&second, "/counts/model_calls"), 0);
    assert_eq!(number(&second, "/items/success"), 3);
    for (summary, loaded, hits, misses) in [(&first, 0, 0, 3), (&second, 1, 3, 0)] {
        assert_eq!(number(summary, "/counts/checkpoints_loaded"), loaded);
        assert_eq!(number(summary, "/counts/cache_hits"), hits);
        assert_eq!(number(summary, "/counts/cache_misses"), misses);
    }
}

#[cfg(unix)]
#[test]
fn ctrl_c_makes_the_run_cancelled_in_every_output() {
    // A model that never answers, so that the run cannot end by itself.
    let (sources, model) = (sources(4), model(&[Fault::Slow]));
    let mut command = demo(sources.path());
    let child = asking(&mut command, &model)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    while model.ledger().calls < 4 {
        std::thread::yield_now();
    }
    let interrupt = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill runs");
    assert!(interrupt.success());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(130));
    let summary = summary_of(&output);
    assert_eq!(summary["status"], "cancelled");
    assert_eq!((number(&summary, "/counts/agents"), number(&summary, "/items/success")), (4, 0));
    let tree = text(&output.stderr);
    let root = tree.lines().find(|line| line.starts_with("workflow audit")).expect("a tree");
    assert!(root.contains("cancelled"), "{root}");
}
