//! The demo through the real Collector, Jaeger and Prometheus: one trace, nothing missing, and the
//! same numbers everywhere.

use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use flowspan_stack::{Part, Stack, Trace, check_metrics, require, wait_until};
use serde_json::Value;

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

const PATIENCE: Duration = Duration::from_secs(60);

/// A demo that has ended its run and goes on serving its metrics.
struct Demo {
    child: Child,
    summary: Value,
}

impl Demo {
    fn run(protocol: &str, endpoint: &str) -> Outcome<Self> {
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let mut child = Command::new(env!("CARGO_BIN_EXE_flowspan"))
            .arg("demo")
            .arg(sources)
            .args(["--summary", "json", "--keep-open", "10m", "--metrics-port", "0", "--concurrency", "16"])
            .args(["--otlp-protocol", protocol, "--otlp-endpoint", endpoint])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let stdout = child.stdout.take().ok_or("stdout is piped")?;
        let summary =
            serde_json::Deserializer::from_reader(stdout).into_iter().next().ok_or("no summary")??;
        Ok(Demo { child, summary })
    }

    fn number(&self, pointer: &str) -> u64 {
        self.summary
            .pointer(pointer)
            .and_then(Value::as_u64)
            .unwrap_or_else(|| panic!("no {pointer} in {}", self.summary))
    }

    fn text(&self, pointer: &str) -> &str {
        self.summary
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_else(|| panic!("no {pointer} in {}", self.summary))
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // It serves until it is told to end; a test that is over has no further use for it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn one_trace_and_the_same_numbers_everywhere_over_both_protocols() -> Outcome {
    let Some(()) = require(&[Part::Collector, Part::Jaeger, Part::Prometheus, Part::Promtool]) else {
        return Ok(());
    };
    let mut stack = Stack::builder().scrape_interval(Duration::from_millis(250)).start()?;
    let endpoints = [
        ("grpc", stack.collector.otlp_grpc_endpoint()),
        ("http/protobuf", stack.collector.otlp_http_endpoint()),
    ];
    for (protocol, endpoint) in endpoints {
        let demo = Demo::run(protocol, &endpoint)?;
        assert_eq!(demo.text("/status"), "success", "{}", demo.summary);
        nothing_is_lost(&demo);
        the_trace_is_whole(&demo, &stack)?;
        the_tokens_are_the_same_everywhere(&demo, &mut stack)?;
        every_documented_query_has_an_answer(&stack)?;
    }
    Ok(())
}

fn nothing_is_lost(demo: &Demo) {
    for signal in ["spans", "metrics", "logs"] {
        let [created, delivered] =
            ["created", "delivered"].map(|what| demo.number(&format!("/telemetry/{signal}/{what}")));
        assert_eq!(created, delivered, "{signal}: {}", demo.summary);
        assert!(created > 0, "{signal}: {}", demo.summary);
    }
}

fn the_trace_is_whole(demo: &Demo, stack: &Stack) -> Outcome {
    let expected = demo.number("/telemetry/spans/delivered") as usize;
    let complete = |trace: &Trace| trace.spans.len() == expected;
    let trace = wait_until(PATIENCE, || stack.jaeger.trace(demo.text("/trace_id")).ok()?.filter(complete))
        .ok_or("Jaeger never showed all spans of the trace")?;

    let ids: BTreeSet<_> = trace.spans.iter().map(|span| span.span_id.as_str()).collect();
    assert_eq!(ids.len(), expected, "no span stands twice");
    for span in &trace.spans {
        match span.parent_id.as_deref() {
            Some(parent) => assert!(ids.contains(parent), "the parent of {} is missing", span.name),
            None => assert_eq!(span.name, "invoke_workflow audit"),
        }
        assert!(span.tags.contains_key("flowspan.status"), "{} has no status", span.name);
    }

    let mut by_verb = BTreeMap::<&str, u64>::new();
    for span in &trace.spans {
        *by_verb.entry(span.name.split(' ').next().unwrap_or_default()).or_default() += 1;
    }
    for (verb, count) in [
        ("invoke_workflow", "/counts/workflows"),
        ("phase", "/counts/phases"),
        ("step", "/counts/steps"),
        ("invoke_agent", "/counts/agents"),
        ("execute_tool", "/counts/tool_calls"),
        ("chat", "/counts/model_calls"),
        ("map_item", "/items/total"),
    ] {
        assert_eq!(by_verb.get(verb).copied().unwrap_or(0), demo.number(count), "{verb}");
    }
    for (attribute, total) in
        [("gen_ai.usage.input_tokens", "/tokens/input"), ("gen_ai.usage.output_tokens", "/tokens/output")]
    {
        let sum: i64 = trace.spans.iter().filter_map(|span| span.tags.get(attribute)?.as_i64()).sum();
        assert_eq!(u64::try_from(sum)?, demo.number(total), "{attribute} is a whole number on every call");
    }
    for chat in trace.spans.iter().filter(|span| span.name.starts_with("chat ")) {
        assert_eq!(chat.kind, "client");
    }
    Ok(())
}

fn the_tokens_are_the_same_everywhere(demo: &Demo, stack: &mut Stack) -> Outcome {
    let url = demo.text("/metrics_url");
    check_metrics(&ureq::get(url).call()?.body_mut().read_to_string()?)?;
    let target = url.trim_start_matches("http://").trim_end_matches("/metrics").to_owned();
    stack.prometheus.scrape(&target)?;
    for token_type in ["input", "output", "cache_read", "reasoning"] {
        let told = demo.number(&format!("/tokens/{token_type}"));
        assert_eq!(
            told,
            demo.number(&format!("/model_server/{token_type}")),
            "{token_type} in the server's ledger"
        );
        let query =
            format!(r#"sum(flowspan_llm_tokens_total{{token_type="{token_type}",instance="{target}"}})"#);
        let scraped = wait_until(PATIENCE, || stack.prometheus.value(&query).ok()?);
        assert_eq!(scraped, Some(told as f64), "{query}");
    }
    let running = format!(r#"sum(flowspan_workflow_active{{instance="{target}"}})"#);
    assert_eq!(stack.prometheus.value(&running)?, Some(0.0), "nothing runs any more");
    Ok(())
}

fn every_documented_query_has_an_answer(stack: &Stack) -> Outcome {
    let page = include_str!("../../../dashboards/README.md");
    let queries: Vec<_> =
        page.split("```promql\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(queries.len() > 5, "the page has queries");
    for query in queries {
        assert!(!stack.prometheus.query(query.trim())?.is_empty(), "no answer to {query}");
    }
    Ok(())
}
