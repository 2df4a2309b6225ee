//! The demo through the real Collector, Jaeger and Prometheus: one trace, nothing missing, and the
//! same numbers everywhere.

use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use flowspan_stack::{Part, Span, Stack, Trace, check_metrics, require, wait_until};
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
        Demo::of(&sources, protocol, endpoint, &[])
    }

    fn of(sources: &Path, protocol: &str, endpoint: &str, arguments: &[&str]) -> Outcome<Self> {
        let mut child = Command::new(env!("CARGO_BIN_EXE_flowspan"))
            .arg("demo")
            .arg(sources)
            .args(arguments)
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

/// The demo lets itself be reviewed by itself: a second process, with a collector connection of its own.
#[test]
fn a_trace_goes_through_a_child_process_and_back() -> Outcome {
    let Some(()) = require(&[Part::Collector, Part::Jaeger]) else {
        return Ok(());
    };
    let stack = Stack::builder().start()?;
    let endpoint = stack.collector.otlp_grpc_endpoint();
    let directory = tempfile::tempdir()?;
    let [sources, child] = ["a.rs", "child.json"].map(|name| directory.path().join(name));
    std::fs::write(&sources, "fn f() {\n    g().unwrap();\n}\n")?;
    let review = format!(
        "'{}' demo '{}' --summary json --metrics-port 0 --otlp-protocol grpc --otlp-endpoint {endpoint} > '{}'",
        env!("CARGO_BIN_EXE_flowspan"),
        sources.display(),
        child.display(),
    );
    let demo = Demo::of(&sources, "grpc", &endpoint, &["--review-with", &review])?;
    let child: Value = serde_json::from_slice(&std::fs::read(&child)?)?;
    assert_eq!(child["trace_id"], demo.summary["trace_id"], "one trace");

    let delivered = |summary: &Value| summary.pointer("/telemetry/spans/delivered").and_then(Value::as_u64);
    let expected = [&demo.summary, &child].map(delivered).into_iter().flatten().sum::<u64>() as usize;
    let complete = |trace: &Trace| trace.spans.len() == expected;
    let trace = wait_until(PATIENCE, || stack.jaeger.trace(demo.text("/trace_id")).ok()?.filter(complete))
        .ok_or("Jaeger never showed the spans of both processes")?;

    let parent_of =
        |span: &Span| span.parent_id.as_deref().and_then(|id| trace.spans.iter().find(|s| s.span_id == id));
    let runs: Vec<_> = trace.spans.iter().filter(|span| span.name == "invoke_workflow audit").collect();
    let [outer, inner] = runs[..] else { return Err(format!("two runs, not {}", runs.len()).into()) };
    assert_eq!(outer.parent_id, None);
    let step = parent_of(inner).ok_or("the child has a parent")?;
    assert_eq!(step.name, "step review");
    assert!(step.start <= inner.start && inner.start + inner.duration <= step.start + step.duration);
    for span in trace.spans.iter().filter(|span| span.span_id != outer.span_id) {
        assert!(parent_of(span).is_some(), "the parent of {} is missing", span.name);
    }
    links_lead_to_what_belongs_together(&trace);
    Ok(())
}

fn links_lead_to_what_belongs_together(trace: &Trace) {
    let links = |span: &Span| {
        let links = span.references.iter().filter(|reference| reference.ref_type == "FOLLOWS_FROM");
        links.map(|link| link.span_id.clone()).collect::<Vec<_>>()
    };
    for job in trace.spans.iter().filter(|span| span.name == "map_reduce files") {
        let named = |name: &str| trace.children(job).filter(|span| span.name == name).collect::<Vec<_>>();
        let (items, reductions) = (named("map_item files"), named("reduce files"));
        assert!(items.iter().all(|item| links(item).is_empty()));
        let [reduction] = reductions[..] else { panic!("one reduction") };
        assert_eq!(links(reduction), items.iter().map(|item| item.span_id.clone()).collect::<Vec<_>>());
    }
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
