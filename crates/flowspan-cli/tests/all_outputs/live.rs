//! A run of the demo with every output on, and the import of what it wrote.

use std::{collections::BTreeMap, error::Error, fs, path::Path, time::Duration};

use flowspan_stack::{Collector, Jaeger, Part, Postgres, Stack, StatsdExporter, Trace, require, wait_until};

use crate::{
    facts::{Facts, exposed},
    program::{Done, PATIENCE, flowspan, sources},
};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

#[test]
fn every_output_says_what_the_summary_says_and_what_was_written_can_be_imported() -> Outcome {
    let parts = [Part::Collector, Part::Jaeger, Part::Prometheus, Part::Postgres, Part::StatsdExporter];
    let Some(()) = require(&parts) else { return Ok(()) };
    let mut stack = Stack::builder().scrape_interval(Duration::from_millis(250)).start()?;
    let (store, statsd) = (Postgres::start()?, StatsdExporter::start()?);
    let place = tempfile::tempdir()?;
    let [config, session, events] =
        ["flowspan.toml", "session.json", "events.jsonl"].map(|name| place.path().join(name));
    let audited = place.path().join("sources");
    fs::create_dir(&audited)?;
    sources(&audited, 12);
    fs::write(
        &config,
        // Over a Unix socket, which pushes back: a server that reads UDP too slowly loses silently.
        format!(
            "[metrics.postgres]\nconnection_string = {:?}\n[statsd]\nserver = {:?}\ndialect = \"dogstatsd\"\ndatagram_size = 8192\n\
             [session]\nfile = {session:?}\n",
            store.url(),
            statsd.socket(),
        ),
    )?;
    let demo = Done::run(
        flowspan("demo")
            .arg(&audited)
            .args(["--seed", "4", "--otlp-endpoint", &stack.collector.otlp_http_endpoint()])
            .arg("--config")
            .arg(&config)
            .env("FLOWSPAN_EVENTS_FILE", &events),
    );

    demo.assert_nothing_is_lost();
    let told = Facts::of_summary(&demo.summary);
    assert!(told.tokens.iter().all(|tokens| *tokens > 0) && told.items[2] == 1, "{told:?}");
    assert!(told.nano_dollars > 0, "{told:?}");
    let model = ["input", "output", "cache_read", "reasoning"];
    assert_eq!(told.tokens, model.map(|kind| demo.number(&format!("/model_server/{kind}"))));
    assert_eq!(Facts::of_exposition(&demo.page("/metrics")), told, "/metrics");
    assert_eq!(Facts::of_json(&demo.page("/metrics/json")), told, "/metrics/json");
    assert_eq!(Facts::of_session(&session), told, "the session file");
    assert_eq!(Facts::of_store(&store), told, "PostgreSQL");
    let _ = wait_until(PATIENCE, || Facts::of_statsd(&statsd).filter(|facts| *facts == told));
    assert_eq!(Facts::of_statsd(&statsd).ok_or("the server answers")?, told, "StatsD");
    let pushed = || Facts::of_exposition(&stack.collector.metrics().unwrap_or_default());
    let _ = wait_until(PATIENCE, || (pushed() == told).then_some(()));
    assert_eq!(pushed(), told, "the Collector");
    let target = demo.summary["metrics_url"].as_str().ok_or("it serves")?;
    let target = target.trim_start_matches("http://").trim_end_matches("/metrics").to_owned();
    stack.prometheus.scrape(&target)?;
    let _ = wait_until(PATIENCE, || (scraped(&stack, &target) == told).then_some(()));
    assert_eq!(scraped(&stack, &target), told, "Prometheus");

    let trace_id = demo.summary["trace_id"].as_str().ok_or("a trace")?;
    let spans = demo.number("/telemetry/spans/delivered");
    let live = whole_trace(&stack.jaeger, trace_id, spans)?;
    drop(demo);
    what_was_imported_is_what_happened(place.path(), &events, &told, &live)
}

fn scraped(stack: &Stack, target: &str) -> Facts {
    Facts::of_counters(|name, label| {
        let label = label.map_or_else(String::new, |(key, value)| format!(",{key}={value:?}"));
        let query = format!("sum({}{{instance={target:?}{label}}})", exposed(name));
        stack.prometheus.value(&query).ok().flatten().unwrap_or_default()
    })
}

/// The trace, once Jaeger has all of its spans.
fn whole_trace(jaeger: &Jaeger, trace_id: &str, spans: u64) -> Outcome<Trace> {
    let is_whole = |trace: &Trace| trace.spans.len() as u64 == spans;
    let found = wait_until(PATIENCE, || jaeger.trace(trace_id).ok()?.filter(is_whole));
    Ok(found.ok_or("Jaeger never showed all spans of the trace")?)
}

fn what_was_imported_is_what_happened(place: &Path, events: &Path, told: &Facts, live: &Trace) -> Outcome {
    let jaeger = Jaeger::builder().start()?;
    let collector = Collector::builder().traces_to(&jaeger).start()?;
    let session = place.join("imported.json");
    let import = Done::run(
        flowspan("import")
            .arg(events)
            .args(["--service", "flowspan-demo", "--otlp-endpoint", &collector.otlp_http_endpoint()])
            .arg("--session-file")
            .arg(&session),
    );
    assert_eq!(import.number("/imported/malformed"), 0);
    assert_eq!(&Facts::of_exposition(&import.page("/metrics")), told, "/metrics of the import");
    assert_eq!(&Facts::of_session(&session), told, "the session of the import");

    let imported = whole_trace(&jaeger, &live.trace_id, import.number("/telemetry/spans/delivered"))?;
    let by_id = |trace: &Trace| -> BTreeMap<String, _> {
        let spans = trace.spans.iter().cloned();
        spans.map(|span| (span.span_id.clone(), (span.parent_id, span.name, span.kind, span.start))).collect()
    };
    assert_eq!(by_id(&imported), by_id(live), "identifiers, parents, names and times");
    for (again, span) in imported.spans.iter().zip(&live.spans) {
        let differs = again.duration.abs_diff(span.duration);
        assert!(differs <= Duration::from_micros(1), "{}: {differs:?}", span.name);
    }
    Ok(())
}
