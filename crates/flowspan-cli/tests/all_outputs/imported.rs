//! A large log of Prodigy, with damage, imported into every output.

use std::{collections::BTreeSet, error::Error, fs};

use flowspan_stack::{Collector, Part, Postgres, Signal, StatsdExporter, require, wait_until};
use serde_json::Value;

use crate::{
    facts::{Facts, total},
    prodigy::{self, Truth},
    program::{Done, PATIENCE, flowspan},
};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

const EVENTS: u64 = 100_000;

/// What the log says, in the form of a run: Prodigy tells nothing of workflows and steps.
fn facts(truth: &Truth) -> Facts {
    let [completed, failed] = ["agent_completed", "agent_failed"].map(|event| truth.of(event));
    Facts {
        tokens: [truth.uncached + truth.cached, truth.output, truth.cached, 0],
        nano_dollars: 0,
        items: [completed, failed, 0],
        workflows: 0,
        steps: 0,
        agents: completed + failed,
        model_calls: truth.of("claude_token_usage"),
        tool_calls: truth.of("claude_tool_invoked"),
    }
}

#[test]
fn a_damaged_log_of_prodigy_gives_every_output_the_same_numbers() -> Outcome {
    let Some(()) = require(&[Part::Collector, Part::Postgres, Part::StatsdExporter]) else { return Ok(()) };
    let collector = Collector::builder().into_files().start()?;
    let (store, statsd) = (Postgres::start()?, StatsdExporter::start()?);
    let place = tempfile::tempdir()?;
    let [log, config, session, events, again] =
        ["prodigy.jsonl", "flowspan.toml", "session.json", "events.jsonl", "again.json"]
            .map(|name| place.path().join(name));
    let (text, truth) = prodigy::log(EVENTS, 7);
    fs::write(&log, text)?;
    fs::write(
        &config,
        // Over a Unix socket, which pushes back: a server that reads UDP too slowly loses silently.
        format!(
            "[metrics.postgres]\nconnection_string = {:?}\nbatch_size = 1000\n\
             [statsd]\nserver = {:?}\ndialect = \"dogstatsd\"\ndatagram_size = 8192\n\
             [otlp]\nendpoint = {:?}\nprotocol = \"grpc\"\n[session]\nfile = {session:?}\n\
             [events]\nfile = \"nobody/writes/here\"\n",
            store.url(),
            statsd.socket(),
            collector.otlp_grpc_endpoint(),
        ),
    )?;
    let import = Done::run(
        flowspan("import")
            .arg(&log)
            .args(["--max-problems", "0", "--config"])
            .arg(&config)
            .arg("--events")
            .arg(&events),
    );

    for (path, counted) in [
        ("/imported/lines", truth.lines),
        ("/imported/accepted", truth.accepted),
        ("/imported/unknown", truth.unknown),
        ("/imported/malformed", truth.malformed),
        ("/imported/blank", truth.blank),
    ] {
        assert_eq!(import.number(path), counted, "{path}");
    }
    import.assert_nothing_is_lost();
    let told = facts(&truth);
    let page = import.page("/metrics");
    assert_eq!(Facts::of_exposition(&page), told, "/metrics");
    assert_eq!(total(&page, "flowspan_agent_duration_seconds_sum", None), truth.agent_seconds);
    assert_eq!(Facts::of_json(&import.page("/metrics/json")), told, "/metrics/json");
    let of_session = Facts::of_session(&session);
    assert_eq!(of_session.tokens, told.tokens, "the session file");
    assert_eq!((of_session.agents, of_session.tool_calls), (told.agents, told.tool_calls));
    let stored = |sql: &str| store.psql(&format!("SET search_path = flowspan; {sql}"));
    let sums = "SELECT sum(input_tokens), sum(output_tokens), sum(cache_read_tokens) FROM model_calls";
    let [input, output, cached, _] = told.tokens;
    assert_eq!(stored(sums)?.trim(), format!("{input}|{output}|{cached}"), "PostgreSQL");
    let imported = import.number("/imported/events");
    assert_eq!(stored("SELECT count(*) FROM events")?.trim(), imported.to_string());

    let of_statsd = || Facts::of_statsd(&statsd);
    let _ = wait_until(PATIENCE, || of_statsd().filter(|facts| *facts == told));
    assert_eq!(of_statsd().ok_or("the exporter answers")?, told, "StatsD");
    spans_have_the_times_of_the_log(&collector, import.number("/telemetry/spans/delivered"), &truth)?;
    drop(import);

    let second = Done::run(flowspan("import").arg(&events).arg("--session-file").arg(&again));
    assert_eq!(second.number("/imported/events"), imported, "the file of events");
    assert_eq!(Facts::of_exposition(&second.page("/metrics")), told);
    assert_eq!(Facts::of_session(&again), of_session);
    Ok(())
}

fn spans_have_the_times_of_the_log(collector: &Collector, delivered: u64, truth: &Truth) -> Outcome {
    let path = collector.received(Signal::Traces);
    let spans = || -> Option<Vec<Value>> {
        let text = fs::read_to_string(&path).ok()?;
        let mut spans = Vec::new();
        for line in text.lines() {
            let request: Value = serde_json::from_str(line).ok()?;
            for scope in request["resourceSpans"]
                .as_array()?
                .iter()
                .filter_map(|resource| resource["scopeSpans"].as_array())
                .flatten()
            {
                spans.extend(scope["spans"].as_array()?.iter().cloned());
            }
        }
        (spans.len() as u64 >= delivered).then_some(spans)
    };
    let spans = wait_until(PATIENCE, spans).ok_or("spans are missing")?;
    assert_eq!(spans.len() as u64, delivered);
    let chats =
        spans.iter().filter(|span| span["name"].as_str().is_some_and(|name| name.starts_with("chat")));
    assert_eq!(chats.count() as u64, truth.of("claude_token_usage"));
    let traces: BTreeSet<_> = spans.iter().map(|span| span["traceId"].as_str().unwrap_or_default()).collect();
    assert_eq!(traces.len(), 1, "what one logger has written is one trace");
    // January 2026, when the log was written; agents began up to five minutes before they were done.
    let month = 1_767_225_600_000_000_000 - 300_000_000_000..1_769_904_000_000_000_000_u64;
    for span in &spans {
        let time = |name: &str| span[name].as_str().and_then(|nanoseconds| nanoseconds.parse::<u64>().ok());
        let [start, end] =
            ["startTimeUnixNano", "endTimeUnixNano"].map(|name| time(name).unwrap_or_default());
        assert!(month.contains(&start) && month.contains(&end) && start <= end, "{span}");
    }
    Ok(())
}
