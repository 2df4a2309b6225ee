//! The parts as they are used: each test starts real programs.

use std::{
    error::Error,
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use flowspan_stack::{
    Collector, Part, Postgres, Prometheus, Signal, Stack, check_collector_config, check_jaeger_config,
    check_metrics, check_prometheus_config, require, wait_until,
};
use serde_json::{Value, json};

type Outcome = Result<(), Box<dyn Error>>;

const TRACE_ID: &str = "5b8efff798038103d269b633813fc60c";
const PATIENCE: Duration = Duration::from_secs(30);

fn post(endpoint: &str, signal: &str, body: &Value) -> Outcome {
    ureq::post(format!("{endpoint}/v1/{signal}"))
        .header("content-type", "application/json")
        .send(body.to_string())?;
    Ok(())
}

/// Nanoseconds since the epoch, as OTLP JSON writes them.
fn now(plus: Duration) -> Result<String, Box<dyn Error>> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)? + plus;
    Ok(now.as_nanos().to_string())
}

fn resource() -> Value {
    json!({"attributes": [{"key": "service.name", "value": {"stringValue": "stack-test"}}]})
}

fn two_spans() -> Result<Value, Box<dyn Error>> {
    let (start, end) = (now(Duration::ZERO)?, now(Duration::from_millis(250))?);
    Ok(json!({"resourceSpans": [{
        "resource": resource(),
        "scopeSpans": [{"scope": {"name": "flowspan"}, "spans": [
            {
                "traceId": TRACE_ID, "spanId": "eee19b7ec3c1b174",
                "name": "invoke_workflow demo", "kind": 1,
                "startTimeUnixNano": start, "endTimeUnixNano": end,
                "attributes": [{"key": "steps", "value": {"intValue": "2"}}],
                "events": [{"timeUnixNano": start, "name": "retry"}],
            },
            {
                "traceId": TRACE_ID, "spanId": "eee19b7ec3c1b175",
                "parentSpanId": "eee19b7ec3c1b174",
                "name": "chat model", "kind": 3,
                "startTimeUnixNano": start, "endTimeUnixNano": end,
                "links": [{"traceId": TRACE_ID, "spanId": "eee19b7ec3c1b176"}],
            },
        ]}],
    }]}))
}

fn one_counter() -> Result<Value, Box<dyn Error>> {
    let time = now(Duration::ZERO)?;
    Ok(json!({"resourceMetrics": [{
        "resource": resource(),
        "scopeMetrics": [{"scope": {"name": "flowspan"}, "metrics": [{
            "name": "demo.runs", "unit": "{run}", "description": "Runs.",
            "sum": {
                "aggregationTemporality": 2, "isMonotonic": true,
                "dataPoints": [{"asInt": "7", "startTimeUnixNano": time, "timeUnixNano": time}],
            },
        }]}],
    }]}))
}

#[test]
fn what_the_collector_gets_is_seen_in_jaeger_and_prometheus() -> Outcome {
    let parts = [Part::Collector, Part::Jaeger, Part::Prometheus, Part::Promtool];
    let Some(()) = require(&parts) else {
        return Ok(());
    };
    let stack = Stack::builder().start()?;
    let endpoint = stack.collector.otlp_http_endpoint();
    post(&endpoint, "traces", &two_spans()?)?;
    post(&endpoint, "metrics", &one_counter()?)?;

    let complete = || stack.jaeger.trace(TRACE_ID).ok()?.filter(|t| t.spans.len() == 2);
    let trace = wait_until(PATIENCE, complete).ok_or("no trace in Jaeger")?;
    let root = trace.span("invoke_workflow demo").ok_or("no root")?;
    assert_eq!((root.kind.as_str(), root.service.as_str()), ("internal", "stack-test"));
    assert_eq!(root.tags["steps"], 2);
    assert_eq!(root.events[0].name, "retry");
    assert!(root.duration >= Duration::from_millis(200));
    let child = trace.children(root).next().ok_or("no child")?;
    assert_eq!((child.name.as_str(), child.kind.as_str()), ("chat model", "client"));
    assert_eq!(child.links().next().ok_or("no link")?.span_id, "eee19b7ec3c1b176");
    assert!(stack.jaeger.services()?.contains(&"stack-test".to_owned()));
    assert_eq!(stack.jaeger.traces("stack-test")?.len(), 1);
    assert!(stack.jaeger.trace_otlp(TRACE_ID)?.is_some());
    assert_eq!(stack.jaeger.trace("00000000000000000000000000000001")?, None);

    let runs = || stack.prometheus.value("demo_runs_total{job='stack-test'}").ok()?;
    assert_eq!(wait_until(PATIENCE, runs), Some(7.0));
    let accepted = "sum(otelcol_receiver_accepted_spans)";
    let accepted = || stack.prometheus.value(accepted).ok()?;
    assert_eq!(wait_until(PATIENCE, accepted), Some(2.0));
    check_metrics(&stack.collector.metrics()?)?;
    Ok(())
}

#[test]
fn a_collector_alone_writes_what_it_gets_and_survives_a_crash() -> Outcome {
    let Some(()) = require(&[Part::Collector]) else {
        return Ok(());
    };
    let mut collector = Collector::builder().into_files().start()?;
    let endpoint = collector.otlp_http_endpoint();
    let lines = |collector: &Collector| {
        let text = std::fs::read_to_string(collector.received(Signal::Traces)).ok()?;
        (text.lines().count() > 0).then_some(text)
    };
    post(&endpoint, "traces", &two_spans()?)?;
    let text = wait_until(PATIENCE, || lines(&collector)).ok_or("nothing received")?;
    assert!(text.contains(TRACE_ID));

    collector.kill();
    assert!(!collector.is_running());
    assert!(post(&endpoint, "traces", &two_spans()?).is_err());
    collector.restart()?;
    post(&endpoint, "traces", &two_spans()?)?;
    Ok(())
}

#[test]
fn prometheus_scrapes_what_starts_after_it() -> Outcome {
    let Some(()) = require(&[Part::Collector, Part::Prometheus]) else {
        return Ok(());
    };
    let mut prometheus = Prometheus::builder().start()?;
    let collector = Collector::builder().start()?;
    assert_eq!(prometheus.value("up")?, None);
    prometheus.scrape(collector.telemetry_target())?;
    let up = || prometheus.value("up{job='flowspan'}").ok()?;
    assert_eq!(wait_until(PATIENCE, up), Some(1.0));
    assert_eq!(prometheus.value("1 + 1")?, Some(2.0));
    Ok(())
}

#[test]
fn a_taken_port_is_named() -> Outcome {
    let Some(()) = require(&[Part::Collector]) else {
        return Ok(());
    };
    // Somebody else may have it already, which serves as well.
    let _listener = std::net::TcpListener::bind("127.0.0.1:4317");
    let error = Collector::builder().standard_ports().start().err().ok_or("it started")?;
    assert!(error.to_string().contains("port 4317 is taken"), "{error}");
    Ok(())
}

#[test]
fn a_wrong_configuration_shows_the_log_of_the_part() -> Outcome {
    let Some(()) = require(&[Part::Collector]) else {
        return Ok(());
    };
    let started = Collector::builder().config("receivers: {nobody: {}}").start();
    let error = started.err().ok_or("it started")?.to_string();
    assert!(error.contains("nobody"), "{error}");
    Ok(())
}

#[test]
fn every_configuration_is_right() -> Outcome {
    let Some(()) = require(&[Part::Collector, Part::Jaeger, Part::Promtool]) else {
        return Ok(());
    };
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let configs = here.join("../../collector-config");
    check_prometheus_config(&configs.join("prometheus.yaml"))?;
    check_jaeger_config(&configs.join("jaeger.yaml"))?;
    check_collector_config(&configs.join("single.yaml"), &[])?;
    let sink = [("COLLECTOR_SINK", "/tmp")];
    check_collector_config(&here.join("configs/file-sink.yaml"), &sink)?;
    Ok(())
}

#[test]
fn what_is_wrong_is_refused() -> Outcome {
    let Some(()) = require(&[Part::Collector, Part::Promtool]) else {
        return Ok(());
    };
    let wrong = check_metrics("# TYPE a_total gauge\na_total 1\n");
    assert!(wrong.is_err());
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    assert!(check_prometheus_config(&manifest).is_err());
    assert!(check_collector_config(&manifest, &[]).is_err());
    Ok(())
}

#[test]
fn postgres_answers_and_keeps_its_rows_through_a_crash() -> Outcome {
    let Some(()) = require(&[Part::Postgres]) else {
        return Ok(());
    };
    let mut postgres = Postgres::start()?;
    assert_eq!(postgres.psql("select 1")?, "1");
    postgres.psql("create table kept (n int)")?;
    postgres.psql("insert into kept values (42)")?;
    postgres.kill();
    assert!(postgres.psql("select 1").is_err());
    postgres.restart()?;
    assert_eq!(postgres.psql("select n from kept")?, "42");
    Ok(())
}
