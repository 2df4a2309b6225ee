//! What `docs/jaeger.md` says, done with the real Jaeger: runs of the demo that are slow, failed,
//! expensive and fine, and every search of that page has to tell them apart.

use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error,
    fmt::Write as _,
    fs,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use flowspan_stack::{Part, Search, Span, Stack, Trace, require, wait_until};
use serde_json::Value;

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

const PAGE: &str = include_str!("../../../docs/jaeger.md");
const DATA_SOURCES: &str = include_str!("../../../dashboards/provisioning/datasources/flowspan.yaml");
const SERVICE: &str = "flowspan-demo";
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs the demo on a directory and returns its summary.
fn demo(endpoint: &str, directory: &Path, more: &[&str]) -> Outcome<Value> {
    let output = Command::new(env!("CARGO_BIN_EXE_flowspan"))
        .arg("demo")
        .arg(directory)
        .args(["--summary", "json", "--no-metrics", "--otlp-endpoint", endpoint])
        .args(more)
        .stderr(Stdio::null())
        .output()?;
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// A program of so many functions, each a little different.
fn program(functions: usize) -> String {
    (0..functions).fold(String::new(), |mut text, number| {
        let _ = writeln!(text, "fn work_{number}(input: u64) -> u64 {{\n    input * {number} // TODO\n}}");
        text
    })
}

#[test]
fn every_search_of_the_page_returns_the_right_traces() -> Outcome {
    let Some(()) = require(&[Part::Collector, Part::Jaeger, Part::Prometheus]) else {
        return Ok(());
    };
    let stack = Stack::builder().collector_env("COLLECTOR_EXPENSIVE_TOKENS", "10000").start()?;
    let endpoint = stack.collector.otlp_http_endpoint();
    let work = tempfile::tempdir()?;
    let write = |directory: &str, name: &str, functions: usize| -> Outcome {
        fs::create_dir_all(work.path().join(directory))?;
        Ok(fs::write(work.path().join(directory).join(name), program(functions))?)
    };
    write("fine", "lib.rs", 3)?;
    write("expensive", "lib.rs", 1500)?;
    write("failed", "lib.rs", 3)?;
    write("troubled", "main.rs", 3)?;
    for number in 0..60 {
        write("troubled", &format!("part_{number}.rs"), 3 + number)?;
    }
    let mut runs = Vec::new();
    for (name, more) in [
        ("fine", [].as_slice()),
        ("expensive", &[]),
        ("troubled", &["--seed", "3"]),
        // Nobody listens there.
        ("failed", &["--model-url", "http://127.0.0.1:9", "--model", "gone"]),
    ] {
        runs.push(demo(&endpoint, &work.path().join(name), more)?);
    }

    let arrived = |run: &Value| {
        let trace = stack.jaeger.trace(run["trace_id"].as_str()?).ok()??;
        let spans = run.pointer("/telemetry/spans/delivered")?.as_u64()?;
        (trace.spans.len() as u64 == spans).then_some(trace)
    };
    let all = wait_until(PATIENCE, || runs.iter().map(arrived).collect::<Option<Vec<_>>>());
    let all = all.ok_or_else(|| {
        let missing: Vec<_> = runs.iter().filter(|run| arrived(run).is_none()).collect();
        format!("not in Jaeger, or not whole: {missing:?}")
    })?;
    let run_id = runs[0]["run_id"].as_str().ok_or("a run has an id")?;
    let searches = searches(run_id)?;
    assert!(searches.len() >= 14, "the page has searches");
    for search in &searches {
        let expected: BTreeSet<_> = all
            .iter()
            .filter(|trace| trace.spans.iter().any(|span| has_all(span, search)))
            .map(|trace| trace.trace_id.as_str())
            .collect();
        assert!(!expected.is_empty() && expected.len() < all.len(), "{search:?} tells nothing apart");
        let found = stack.jaeger.search(search)?;
        let found: BTreeSet<_> = found.iter().map(|trace| trace.trace_id.as_str()).collect();
        assert_eq!(found, expected, "{search:?}");
    }
    // The tag that the Collector sets is on what is expensive, and on nothing else.
    for trace in &all {
        for span in &trace.spans {
            let tokens = span.tags.get("gen_ai.usage.input_tokens").and_then(Value::as_u64).unwrap_or(0);
            let rolled_up = span.tags.get("flowspan.usage.input_tokens").and_then(Value::as_u64).unwrap_or(0);
            let is_expensive = tokens.max(rolled_up) >= 10_000;
            assert_eq!(span.tags.contains_key("flowspan.expensive"), is_expensive, "{span:?}");
        }
    }
    the_monitor_page_has_numbers(&stack, &all)?;
    the_way_from_a_span_to_metrics_has_an_answer(&stack)
}

/// The rows of the page's table of searches.
fn searches(run_id: &str) -> Outcome<Vec<Search>> {
    let (_, table) = PAGE.split_once("| you look for |").ok_or("there is a table")?;
    let cell = |text: &str| Some(text.trim().trim_matches('`').to_owned()).filter(|text| !text.is_empty());
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    rows.map(|row| {
        let cells: Vec<_> = row.trim_matches('|').split('|').collect();
        let [_, operation, tags, min_duration] = cells[..] else {
            return Err(format!("a row has four cells: {row}").into());
        };
        let tags = cell(tags).map(|tag| {
            let (key, value) = tag.split_once('=').ok_or_else(|| format!("a tag has a value: {row}"))?;
            Ok::<_, String>((key.to_owned(), value.replace("RUN", run_id)))
        });
        Ok(Search {
            service: SERVICE.to_owned(),
            operation: cell(operation),
            tags: tags.transpose()?.into_iter().collect(),
            min_duration: cell(min_duration),
        })
    })
    .collect()
}

/// Whether a span has what the search asks for, by our own reading of the page.
fn has_all(span: &Span, search: &Search) -> bool {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let says = |map: &BTreeMap<String, Value>, key: &str, wanted: &str| {
        map.get(key).is_some_and(|value| text(value) == wanted)
    };
    let least = search
        .min_duration
        .as_ref()
        .map_or(0, |duration| duration.trim_end_matches('s').parse().expect("the page gives whole seconds"));
    search.operation.as_ref().is_none_or(|operation| *operation == span.name)
        && span.duration >= Duration::from_secs(least)
        && search.tags.iter().all(|(key, wanted)| {
            says(&span.tags, key, wanted) || span.events.iter().any(|event| says(&event.fields, key, wanted))
        })
}

fn the_monitor_page_has_numbers(stack: &Stack, all: &[Trace]) -> Outcome {
    let counted = |kind: &str| -> BTreeSet<_> {
        let spans = all.iter().flat_map(|trace| &trace.spans);
        spans.filter(|span| span.kind == kind).map(|span| span.name.clone()).collect()
    };
    for kind in ["internal", "client"] {
        let shown = || {
            let rates = stack.jaeger.call_rates(SERVICE, kind).ok()?;
            (rates.keys().cloned().collect::<BTreeSet<_>>() == counted(kind)).then_some(())
        };
        wait_until(PATIENCE, shown).ok_or_else(|| format!("the monitor page lacks {kind} spans"))?;
    }
    // And the numbers are those of the spans.
    for name in ["invoke_workflow audit", "chat auditor-1"] {
        let spans = all.iter().flat_map(|trace| &trace.spans).filter(|span| span.name == name).count();
        let query =
            format!(r#"sum(traces_span_metrics_calls_total{{service_name="{SERVICE}",span_name="{name}"}})"#);
        let counted = || stack.prometheus.value(&query).ok()?.filter(|count| *count == spans as f64);
        wait_until(PATIENCE, counted).ok_or_else(|| format!("there are {spans} spans of {name}"))?;
    }
    let (_, query) = PAGE.split_once("```promql\n").ok_or("the page has a query")?;
    let query = query.split("```").next().ok_or("it ends")?;
    assert!(!stack.prometheus.query(query.trim())?.is_empty(), "no answer to {query}");
    Ok(())
}

fn the_way_from_a_span_to_metrics_has_an_answer(stack: &Stack) -> Outcome {
    let queries: Vec<_> =
        DATA_SOURCES.lines().filter_map(|line| line.trim().strip_prefix("query: ")).collect();
    assert_eq!(queries.len(), 2, "as many as the data source has");
    for query in queries {
        // What Grafana makes of it for a span of the demo.
        let query = query.replace("$$__tags", &format!(r#"service_name="{SERVICE}""#));
        let answer = || stack.prometheus.query(&query).ok().filter(|samples| !samples.is_empty());
        wait_until(PATIENCE, answer).ok_or_else(|| format!("no answer to {query}"))?;
    }
    Ok(())
}
