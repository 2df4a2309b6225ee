//! What a gateway keeps, and that it counts all.

use std::{collections::BTreeSet, time::Duration};

use flowspan_stack::{Collector, Part, Prometheus, require, wait_until};
use serde_json::json;

use crate::{
    Outcome, PATIENCE,
    fleet::Fleet,
    load::{Trace, send_counter, send_log, send_spans},
    readings::{counted, decided, told, traces},
};

const ORDINARY: u64 = 400;

/// One trace for each reason to keep it.
fn noteworthy() -> Outcome<Vec<(&'static str, Trace)>> {
    let names =
        ["failed", "retried", "second attempt", "slow", "dear run", "dear call", "many tokens", "timed out"];
    names
        .into_iter()
        .zip(10_000..)
        .map(|(name, number)| {
            let mut trace = Trace::new(number)?;
            let step = trace.step;
            trace.step = match name {
                "failed" => step.failed(),
                "retried" => step.event("retry", json!([])),
                "second attempt" => step.attribute("flowspan.attempt", json!({"intValue": 2})),
                "slow" => step.lasting(Duration::from_secs(61)),
                "dear run" => step.attribute("flowspan.usage.cost", json!({"doubleValue": 1.5})),
                "dear call" => step.attribute("flowspan.cost.amount", json!({"doubleValue": 2.0})),
                "many tokens" => step.attribute("flowspan.usage.input_tokens", json!({"intValue": 600_000})),
                _ => step.attribute("flowspan.status", json!({"stringValue": "timeout"})),
            };
            Ok((name, trace))
        })
        .collect()
}

#[test]
fn a_gateway_keeps_what_is_noteworthy_and_a_share_of_the_rest_and_counts_all() -> Outcome {
    let Some(()) = require(&[Part::Collector, Part::Prometheus]) else {
        return Ok(());
    };
    let sink = Collector::builder().into_files().start()?;
    let prometheus = Prometheus::builder().start()?;
    let metrics = format!("{}/v1/metrics", prometheus.otlp_http_endpoint());
    let fleet = Fleet::start(&sink.otlp_grpc_address(), &[("COLLECTOR_PROMETHEUS_OTLP", &metrics)])?;
    let endpoint = fleet.agent.otlp_http_endpoint();

    let ordinary = (0..ORDINARY).map(Trace::new).collect::<Outcome<Vec<_>>>()?;
    let noteworthy = noteworthy()?;
    let all: Vec<_> = ordinary.iter().chain(noteworthy.iter().map(|(_, trace)| trace)).collect();
    // The step of a trace comes in another request than its workflow, as from a real program.
    for traces in all.chunks(50) {
        send_spans(&endpoint, traces.iter().map(|trace| trace.step.clone()))?;
    }
    for traces in all.chunks(50) {
        send_spans(&endpoint, traces.iter().map(|trace| trace.workflow.clone()))?;
    }
    send_counter(&endpoint, "demo.runs", 7, ("workflow_name", "audit"))?;
    send_log(&endpoint, "cloned", json!([]))?;

    // All are counted, before anything was left out.
    let total = all.len() as f64;
    for name in ["invoke_workflow audit", "step clone"] {
        let calls = || counted(&fleet.gateways, "traces_span_metrics_calls_total", name).ok();
        let complete = wait_until(PATIENCE, || calls().filter(|calls| *calls >= total));
        // None is missing. The way from the agent to the gateways is at least once: a batch of which one
        // gateway took its part, while the other was not ready, is sent again as a whole.
        assert!(
            complete.is_some(),
            "the counts are of all {total} runs, and there are {:?} of {name}",
            calls()
        );
        let durations = counted(&fleet.gateways, "traces_span_metrics_duration_milliseconds_count", name)?;
        assert!(durations >= total, "and so are the {durations} durations");
    }
    let logs = || {
        let logs = told(&fleet.gateways[..1], "otelcol_receiver_accepted_log_records", "").ok()?;
        (logs == 1.0).then_some(())
    };
    wait_until(PATIENCE, logs).ok_or("the log was not counted")?;
    for gateway in &fleet.gateways {
        let share = counted(std::slice::from_ref(gateway), "traces_span_metrics_calls_total", "")?;
        assert!(share > total * 0.4, "both have their share, and one has {share} of {}", total * 2.0);
    }
    let runs = || prometheus.value("demo_runs_total{job='auditor'}").ok()?;
    assert_eq!(wait_until(PATIENCE, runs), Some(7.0), "what a program measured is in Prometheus");

    // What is noteworthy is kept, and whole.
    let missing = || -> Vec<_> {
        let kept = traces(&sink);
        let is_whole = |trace: &Trace| kept.get(&trace.id).is_some_and(|spans| spans.len() == 2);
        noteworthy.iter().filter(|(_, trace)| !is_whole(trace)).map(|(name, _)| *name).collect()
    };
    let complete = wait_until(PATIENCE, || missing().is_empty().then_some(()));
    assert!(complete.is_some(), "not kept, or not whole: {:?}", missing());

    // Of the rest a tenth: the trace's id decides, so the number is always the same.
    let judged = || decided(&fleet.gateways, "").ok().filter(|judged| *judged >= total);
    wait_until(PATIENCE, judged).ok_or("not all traces were judged")?;
    let sampled = decided(&fleet.gateways, r#"sampled="true""#)?;
    // What was decided has yet to be written.
    let written = || {
        let kept = traces(&sink);
        let is_whole = kept.len() as f64 >= sampled && kept.values().all(|spans| spans.len() == 2);
        is_whole.then_some(kept)
    };
    let kept = wait_until(PATIENCE, written).ok_or("what is kept did not arrive, or not whole")?;
    assert_eq!(kept.len() as f64, sampled, "nothing arrives that was not kept");
    let ids: BTreeSet<_> = ordinary.iter().map(|trace| trace.id.as_str()).collect();
    let share = kept.keys().filter(|id| ids.contains(id.as_str())).count();
    assert!((20..=65).contains(&share), "{share} of {ORDINARY} ordinary traces were kept");
    Ok(())
}
