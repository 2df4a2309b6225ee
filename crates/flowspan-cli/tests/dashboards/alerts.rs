//! An alert in a live run.

use std::{sync::mpsc, thread, time::Duration};

use flowspan::{MapReduce, Workflow, event};
use flowspan_stack::{Part, Prometheus, require, wait_until};

use crate::{
    read,
    workload::{target, telemetry},
};

const PATIENCE: Duration = Duration::from_secs(60);
const FIRING: &str = r#"count(ALERTS{alertname="FlowspanDeadLettersGrowing",alertstate="firing"})"#;

/// The rules as they are, but for their patience: seconds where people have minutes.
fn impatient() -> String {
    let rules = read("dashboards/alerts/flowspan-alerts.yaml");
    assert!(rules.contains(r#"for: "1m""#));
    rules.replace(r#"for: "1m""#, r#"for: "1s""#)
}

#[test]
fn the_alert_of_the_dead_letters_fires_while_they_pile_up_and_clears_when_they_are_taken_out() {
    let Some(()) = require(&[Part::Prometheus]) else { return };
    let telemetry = telemetry("mailer").build().expect("it builds");
    let prometheus =
        Prometheus::builder().rules(impatient()).scrape(target(&telemetry)).start().expect("Prometheus");
    let (drain, wait) = mpsc::channel::<()>();
    let (drained, is_drained) = mpsc::channel();
    let program = thread::spawn(move || {
        let guard = telemetry.set_default();
        let workflow = Workflow::new("mailing").enter();
        let job = MapReduce::new("letters", 20);
        let of_job = job.span().clone();
        for number in 0..20 {
            let item = job.item(&format!("letter-{number}"));
            item.dead_letter("no such address");
            drop(item.enter());
        }
        wait.recv().expect("the test goes on");
        of_job.in_scope(|| event::dead_letters_reprocessed(20));
        drained.send(()).expect("the test waits");
        drop((job, workflow, guard));
        wait.recv().expect_err("the test ends");
    });
    let firing = || prometheus.value(FIRING).expect("an answer");
    assert_eq!(wait_until(PATIENCE, firing), Some(1.0), "it fires");
    assert_eq!(
        prometheus.value("sum(flowspan_mapreduce_dlq_items)").expect("an answer"),
        Some(20.0),
        "all letters wait"
    );
    drain.send(()).expect("the program waits");
    is_drained.recv().expect("the program goes on");
    assert!(wait_until(PATIENCE, || firing().is_none().then_some(())).is_some(), "it clears");
    assert_eq!(prometheus.value("sum(flowspan_mapreduce_dlq_items)").expect("an answer"), Some(0.0));
    drop(drain);
    program.join().expect("the program ends well");
}
