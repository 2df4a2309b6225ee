//! A server that is killed in mid-batch, again and again: what was acknowledged is stored exactly once,
//! and nothing else is.

use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use flowspan_model::{Event, EventSink as _, Field, Kind, Moment, SpanIds, Status};
use flowspan_postgres::{Postgres, PostgresStore};
use flowspan_runtime::{Environment, Health, Reporter, Worker};
use flowspan_stack::{Part, Postgres as Server, require, wait_until};

const ROUNDS: u64 = 20;
const PATIENCE: Duration = Duration::from_secs(120);

/// A step that ended, with a number of its own. It counts in the row of its workflow, too.
fn step(number: u64, workflow: [u8; 8]) -> Event {
    let ids = SpanIds { trace: [7; 16], span: (number << 8 | 1).to_be_bytes(), parent: Some(workflow) };
    Event { ids, duration: Some(Duration::from_millis(1)), ..Event::new(Moment::Ended, Kind::Step) }
        .with(Field::Status, Status::Success.as_str())
        .with(Field::StepIndex, number)
}

fn workflow() -> Event {
    let ids = SpanIds { trace: [7; 16], span: [9; 8], parent: None };
    Event { ids, ..Event::new(Moment::Started, Kind::Workflow) }.with(Field::WorkflowName, "long")
}

#[test]
fn what_was_acknowledged_is_stored_exactly_once() {
    let Some(()) = require(&[Part::Postgres]) else { return };
    let mut server = Server::start().expect("PostgreSQL");
    let resolved = Postgres::to(server.url())
        .queue_capacity(200_000)
        .timeout(Duration::from_secs(5))
        .resolve(&Environment::empty())
        .expect("usable");
    let worker = Worker::start().expect("a thread");
    let health = Health::new(Reporter::silent());
    let store = PostgresStore::start(&resolved, &worker.handle(), &health);
    store.event(&workflow());

    let ended = AtomicBool::new(false);
    let offered = std::thread::scope(|scope| {
        let (store, ended) = (&store, &ended);
        let offering = scope.spawn(move || {
            let mut number = 0;
            while !ended.load(Ordering::Relaxed) {
                // Never more than a few batches ahead, so that every kill meets one on its way.
                if store.account().queued < 2_000 {
                    store.event(&step(number, [9; 8]));
                    number += 1;
                } else {
                    std::thread::yield_now();
                }
            }
            number
        });
        let ends = Ends(ended);
        for round in 0..ROUNDS {
            let before = store.account().delivered;
            // Somewhere in the stream, at another place each time.
            let goal = before + 300 + round * 37;
            wait_until(PATIENCE, || (store.account().delivered >= goal).then_some(())).expect("it delivers");
            let writers = processes(&server, "application_name = 'flowspan'");
            let helpers = processes(&server, "backend_type <> 'client backend'");
            // The process of the connection first: it would finish its batch after the server's end.
            kill(&writers);
            server.kill();
            // One that waits for what a killed process has held never ends, and the server would not start
            // beside it. A machine that crashes takes them all.
            kill(&helpers);
            let acknowledged = store.account().delivered;
            server.restart().expect("PostgreSQL again");
            let stored = stored(&server);
            assert!(stored >= acknowledged, "round {round}: {acknowledged} acknowledged, {stored} stored");
        }
        drop(ends);
        offering.join().expect("offered")
    });
    let end = store.shutdown(PATIENCE);
    assert!(end.is_clean(), "{end:?}");
    let account = end.account;
    assert!(account.is_balanced());
    assert_eq!((account.created, account.delivered, account.lost()), (offered + 1, offered + 1, 0));
    assert_eq!(stored(&server), offered + 1);
    let sql = "SET search_path = flowspan;
        SELECT count(*), count(DISTINCT step_index), max(step_index) FROM step_executions;
        SELECT total_steps FROM workflow_executions";
    let rows = server.psql(sql).expect("rows");
    assert_eq!(rows.trim(), format!("{offered}|{offered}|{}\n{offered}", offered - 1));
}

/// Ends the offering, also when a check fails: the failure would wait for it.
struct Ends<'test>(&'test AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// The processes of the server of which this is true.
fn processes(server: &Server, condition: &str) -> Vec<String> {
    let sql = format!("SELECT pid FROM pg_stat_activity WHERE {condition}");
    let pids = server.psql(&sql).expect("processes");
    pids.lines().map(|pid| pid.trim().to_owned()).filter(|pid| !pid.is_empty()).collect()
}

fn kill(processes: &[String]) {
    for process in processes {
        let _ = Command::new("kill").args(["-KILL", process]).status();
    }
}

fn stored(server: &Server) -> u64 {
    let count = server.psql("SELECT count(*) FROM flowspan.events").expect("a count");
    count.trim().parse().expect("a number")
}
