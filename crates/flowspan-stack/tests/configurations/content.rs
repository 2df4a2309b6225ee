//! What must not come out.

use flowspan_stack::{Collector, Part, Signal, require, wait_until};
use serde_json::{Value, json};

use crate::{
    Outcome, PATIENCE,
    fleet::Fleet,
    load::{Trace, send_counter, send_spans},
    readings::text,
};

/// Attributes that hold what somebody said.
const CONTENT: [&str; 12] = [
    "gen_ai.input.messages",
    "gen_ai.output.messages",
    "gen_ai.prompt",
    "gen_ai.completion.0.content",
    "gen_ai.system_instructions",
    "gen_ai.tool.definitions",
    "gen_ai.tool.call.arguments",
    "gen_ai.tool.call.result",
    "gen_ai.retrieval.query.text",
    "input.value",
    "llm.prompts",
    "traceloop.entity.output",
];

/// Texts with a secret in them, which contains `canary`.
const SECRETS: [&str; 6] = [
    "the key is sk-canary0123456789abcdef",
    "Authorization: Bearer canary.0123456789",
    "cloned from https://me:canary@forge.example/repository",
    "ghp_canary0123456789012345678901234567",
    "eyJcanary01234567.eyJjYW5hcnkwMTI.c2lnbmF0dXJl",
    "-----BEGIN PRIVATE KEY-----canary-----END PRIVATE KEY-----",
];

/// Names of attributes that are secrets.
const SECRET_KEYS: [&str; 4] =
    ["http.request.header.authorization", "api_key", "db.password", "access_token"];

fn trace() -> Outcome<Trace> {
    let said = json!({"stringValue": "a said canary"});
    let hidden = json!({"stringValue": "a hidden canary"});
    let mut trace = Trace::new(1)?;
    let mut step = trace.step.failed();
    let mut in_event = Vec::new();
    for key in CONTENT {
        step = step.attribute(key, said.clone());
        in_event.push(json!({"key": key, "value": said}));
    }
    for key in SECRET_KEYS {
        step = step.attribute(key, hidden.clone());
        in_event.push(json!({"key": key, "value": hidden}));
    }
    for (number, secret) in SECRETS.into_iter().enumerate() {
        step = step.attribute(&format!("note.{number}"), json!({"stringValue": secret}));
    }
    trace.step = step
        .event("gen_ai.client.inference.operation.details", Value::Array(in_event))
        .attribute("gen_ai.usage.input_tokens", json!({"intValue": 812}))
        .attribute("note", json!({"stringValue": "an ordinary note"}));
    Ok(trace)
}

/// What came out of a trace that had all of the above in it.
fn outcome(endpoint: &str, sink: &Collector) -> Outcome<String> {
    let trace = trace()?;
    send_spans(endpoint, [trace.step, trace.workflow])?;
    wait_until(PATIENCE, || Some(text(sink, Signal::Traces)).filter(|text| text.contains("step clone")))
        .ok_or_else(|| "nothing came out".into())
}

fn is_clean(text: &str) {
    assert!(!text.contains("canary"), "{text}");
    // What nobody has to hide is there.
    assert!(text.contains("gen_ai.usage.input_tokens") && text.contains("812"), "{text}");
    assert!(text.contains("an ordinary note"), "{text}");
}

#[test]
fn neither_content_nor_secrets_come_through_a_single_collector() -> Outcome {
    let Some(()) = require(&[Part::Collector]) else {
        return Ok(());
    };
    let sink = Collector::builder().into_files().start()?;
    let single = Collector::builder().env("COLLECTOR_JAEGER_OTLP", &sink.otlp_grpc_address()).start()?;
    is_clean(&outcome(&single.otlp_http_endpoint(), &sink)?);

    send_counter(&single.otlp_http_endpoint(), "demo.runs", 7, ("note", SECRETS[0]))?;
    let metrics = || single.metrics().ok().filter(|text| text.contains("demo_runs_total"));
    let metrics = wait_until(PATIENCE, metrics).ok_or("no metric came out")?;
    assert!(!metrics.contains("canary"), "{metrics}");
    Ok(())
}

#[test]
fn neither_content_nor_secrets_come_through_agent_and_gateway() -> Outcome {
    let Some(()) = require(&[Part::Collector]) else {
        return Ok(());
    };
    let sink = Collector::builder().into_files().start()?;
    let fleet = Fleet::start(&sink.otlp_grpc_address(), &[])?;
    is_clean(&outcome(&fleet.agent.otlp_http_endpoint(), &sink)?);
    Ok(())
}

#[test]
fn content_comes_through_where_it_is_wanted_and_secrets_do_not() -> Outcome {
    let Some(()) = require(&[Part::Collector]) else {
        return Ok(());
    };
    let sink = Collector::builder().into_files().start()?;
    let fleet = Fleet::start(&sink.otlp_grpc_address(), &[("COLLECTOR_CONTENT", "keep")])?;
    let text = outcome(&fleet.agent.otlp_http_endpoint(), &sink)?;
    assert_eq!(text.matches("a said canary").count(), CONTENT.len() * 2, "on the span and its event: {text}");
    assert_eq!(text.matches("canary").count(), CONTENT.len() * 2, "{text}");
    Ok(())
}
