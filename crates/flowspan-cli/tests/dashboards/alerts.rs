//! An alert in a live run.

use std::{fs, time::Duration};

use flowspan_stack::{OpenAlert, Part, Prometheus, require, wait_until};

use crate::{demo::Demo, rules::impatient};

const PATIENCE: Duration = Duration::from_secs(90);
const ALERT: &str = "FlowspanDeadLettersGrowing";
/// What the queue holds, as the demo says.
const LETTERS: &str = r#"flowspan_mapreduce_dlq_items{job_name="files"}"#;
/// More than the ten that the alert lets pass.
const BAD: usize = 12;

#[test]
fn the_alert_of_the_dead_letters_fires_while_the_demo_fills_its_queue_and_clears_when_it_has_drained_it() {
    let Some(()) = require(&[Part::Prometheus]) else { return };
    let files = tempfile::tempdir().expect("a directory");
    let write = |name: &str, text: &[u8]| fs::write(files.path().join(name), text).expect("written");
    write("good.txt", "grüße\n".as_bytes());
    let bad = |number: usize| format!("latin1-{number:02}.txt");
    for number in 0..BAD {
        // No UTF-8: a dead letter for certain, until somebody mends it.
        write(&bad(number), b"gr\xfc\xdfe\n");
    }
    let prometheus =
        impatient().into_iter().fold(Prometheus::builder(), |builder, rules| builder.rules(rules));
    let mut prometheus = prometheus.start().expect("Prometheus");
    let mut demo = Demo::start(files.path(), &["--retry-dead-letters", "500ms"]);
    prometheus.scrape(&demo.target).expect("scraped");
    let alerts = || prometheus.alerts(ALERT).expect("an answer");
    let letters = || prometheus.value(LETTERS).expect("an answer");

    let firing = wait_until(PATIENCE, || {
        alerts().into_iter().find(|alert| alert.is_firing && alert.value == BAD as f64)
    });
    let firing = firing.unwrap_or_else(|| panic!("it does not fire: {:?}, {:?}", alerts(), letters()));
    let OpenAlert { labels, .. } = firing;
    assert_eq!(labels.get("job_name").map(String::as_str), Some("files"), "{labels:?}");
    // They are tried again and again, and a scrape may meet a letter that is there twice for a moment.
    let full = wait_until(PATIENCE, || letters().filter(|letters| *letters == BAD as f64));
    assert!(full.is_some(), "those that fail again are in the queue again: {:?}", letters());

    for number in 0..BAD {
        write(&bad(number), "grüße\n".as_bytes());
    }
    let cleared = wait_until(PATIENCE, || alerts().is_empty().then_some(()));
    assert!(cleared.is_some(), "it does not clear: {:?}, {:?}", alerts(), letters());
    let drained = wait_until(PATIENCE, || letters().filter(|letters| *letters == 0.0));
    assert!(drained.is_some(), "the queue is not empty: {:?}", letters());
    let summary = demo.summary();
    assert_eq!(summary.number("/items/success"), BAD as f64 + 1.0, "all files have a result in the end");
    assert_eq!(summary.number("/items/dlq"), 0.0);
}
