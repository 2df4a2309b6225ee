//! How many events a second one connection stores, by size of the batch and kind of event.
//!
//! Run with `cargo run --release -p flowspan-postgres --example throughput [EVENTS]`. It starts a server
//! of its own with the settings that PostgreSQL comes with; each figure is the best of three.

use std::error::Error;
use std::io::Write as _;
use std::time::{Duration, Instant};

use flowspan_model::{Event, EventSink as _, Field, Kind, Moment, SpanIds, Status};
use flowspan_postgres::{Postgres, PostgresStore};
use flowspan_runtime::{Environment, Health, Worker};
use flowspan_stack::Postgres as Server;

const PATIENCE: Duration = Duration::from_secs(600);

fn main() -> Result<(), Box<dyn Error>> {
    let count = std::env::args().nth(1).map_or(Ok(200_000), |text| text.parse::<usize>())?;
    let server = Server::start()?;
    let worker = Worker::start()?;
    let mut out = std::io::stdout();
    writeln!(out, "{count} events, one connection, events per second")?;
    writeln!(out, "{:>6}  {:>12}  {:>12}  {:>12}", "batch", "occurrences", "steps", "whole runs")?;
    for batch in [100, 500, 999, 2_000, 5_000, 20_000] {
        let mut best = [0.0_f64; 3];
        for round in 0..3 {
            for (column, make) in [occurrences, steps, whole_runs].into_iter().enumerate() {
                let schema = format!("batch_{batch}_{column}_{round}");
                let config = Postgres::to(server.url())
                    .schema(&schema)
                    .batch_size(batch)
                    .queue_capacity(1_000_000)
                    .queue_bytes(usize::MAX);
                let resolved = config.resolve(&Environment::empty())?;
                let store = PostgresStore::start(&resolved, &worker.handle(), &Health::default());
                // Connecting and making the tables is not what is measured.
                store.event(&Event::new(Moment::Occurred, Kind::CheckpointCreated));
                store.flush(PATIENCE)?;
                let events = make(count);
                let began = Instant::now();
                for event in &events {
                    store.event(event);
                }
                store.flush(PATIENCE)?;
                let rate = events.len() as f64 / began.elapsed().as_secs_f64();
                best[column] = best[column].max(rate);
                assert_eq!(store.shutdown(PATIENCE).account.delivered, events.len() as u64 + 1);
                server.psql(&format!("DROP SCHEMA {schema} CASCADE; CHECKPOINT"))?;
            }
        }
        let [occurrences, steps, runs] = best;
        writeln!(out, "{batch:>6}  {occurrences:>12.0}  {steps:>12.0}  {runs:>12.0}")?;
    }
    Ok(())
}

/// Events that become one row each.
fn occurrences(count: usize) -> Vec<Event> {
    let retry = |number: usize| {
        Event { ids: ids(number as u64 / 100 + 1, 1, None), ..Event::new(Moment::Occurred, Kind::Retry) }
            .with(Field::WorkflowName, "triage")
            .with(Field::Attempt, 2_i64)
            .with(Field::Reason, "rate limited")
    };
    (0..count).map(retry).collect()
}

/// Ends of steps: a row of `events` and one of `step_executions` each.
fn steps(count: usize) -> Vec<Event> {
    (0..count as u64).map(|number| ended(Kind::Step, number / 100 + 1, number + 1, None)).collect()
}

/// Runs with a step, an agent, a model call and a tool call, begun and ended.
fn whole_runs(count: usize) -> Vec<Event> {
    let kinds = [Kind::Workflow, Kind::Step, Kind::Agent, Kind::Inference, Kind::ToolCall];
    let run = |trace: u64| {
        let started = kinds.into_iter().enumerate().map(move |(depth, kind)| {
            let parent = (depth > 0).then_some(depth as u64);
            Event { ids: ids(trace, depth as u64 + 1, parent), ..Event::new(Moment::Started, kind) }
        });
        let ended = kinds.into_iter().enumerate().rev().map(move |(depth, kind)| {
            ended(kind, trace, depth as u64 + 1, (depth > 0).then_some(depth as u64))
        });
        started.chain(ended)
    };
    (1..).flat_map(run).take(count).collect()
}

fn ended(kind: Kind, trace: u64, span: u64, parent: Option<u64>) -> Event {
    Event {
        ids: ids(trace, span, parent),
        duration: Some(Duration::from_millis(12)),
        ..Event::new(Moment::Ended, kind)
    }
    .with(Field::WorkflowName, "triage")
    .with(Field::StepType, "agent")
    .with(Field::StepName, "ask")
    .with(Field::Status, Status::Success.as_str())
    .with(Field::InputTokens, 812_i64)
    .with(Field::OutputTokens, 96_i64)
}

fn ids(trace: u64, span: u64, parent: Option<u64>) -> SpanIds {
    let mut bytes = [1; 16];
    // Spread, as the identifiers of real traces are.
    bytes[8..].copy_from_slice(&trace.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    SpanIds { trace: bytes, span: span.to_be_bytes(), parent: parent.map(u64::to_be_bytes) }
}
