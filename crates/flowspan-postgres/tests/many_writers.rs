//! Several programs write into one database, without knowing of each other.

use std::process::{Child, Command};
use std::time::Duration;

use flowspan_model::{Event, EventSink as _, Field, Kind, Moment, SpanIds, Status};
use flowspan_postgres::{Postgres, PostgresStore};
use flowspan_runtime::{Environment, Health, Reporter, Worker};
use flowspan_stack::{Part, Postgres as Server, require};

const WRITERS: u8 = 4;
const STEPS: u64 = 2_000;
const WRITER: &str = "FLOWSPAN_TEST_WRITER";
const PATIENCE: Duration = Duration::from_secs(120);

/// What this test starts as a program of its own; alone it does nothing.
#[test]
fn a_writer() {
    let Ok(writer) = std::env::var(WRITER) else { return };
    let writer: u8 = writer.parse().expect("a number");
    let resolved = Postgres::from_env()
        .service(format!("writer-{writer}"))
        .queue_capacity(50_000)
        .resolve(&Environment::process())
        .expect("usable");
    let worker = Worker::start().expect("a thread");
    let store = PostgresStore::start(&resolved, &worker.handle(), &Health::new(Reporter::stderr()));
    // One trace goes through all of them, and each has a workflow of its own in it; all of them work
    // on the same job.
    let ids = |span: u64, parent| SpanIds {
        trace: [5; 16],
        span: (u64::from(writer) << 32 | span).to_be_bytes(),
        parent,
    };
    let own = ids(1, None).span;
    let named = |event: Event| {
        event.with(Field::WorkflowName, "spread").with(Field::Job, "files").with(Field::JobId, "shared")
    };
    store.event(&named(Event { ids: ids(1, None), ..Event::new(Moment::Started, Kind::Workflow) }));
    for number in 0..STEPS {
        let end = |kind| {
            let event = Event {
                ids: ids(10 + number * 2 + u64::from(kind == Kind::Step), Some(own)),
                ..Event::new(Moment::Ended, kind)
            };
            named(event).with(Field::Status, Status::Success.as_str())
        };
        store.event(&end(Kind::Step));
        store.event(&end(Kind::MapItem));
    }
    let end = store.shutdown(PATIENCE);
    assert!(end.is_clean(), "{end:?}");
    assert_eq!(end.account.delivered, 2 * STEPS + 1);
}

#[test]
fn programs_write_at_once_and_nothing_is_lost_or_doubled() {
    let Some(()) = require(&[Part::Postgres]) else { return };
    let server = Server::start().expect("PostgreSQL");
    let myself = std::env::current_exe().expect("a program");
    // None of them finds the tables there: they are made by whoever comes first.
    let writers: Vec<Child> = (1..=WRITERS)
        .map(|writer| {
            Command::new(&myself)
                .args(["--exact", "a_writer", "--nocapture"])
                .env(WRITER, writer.to_string())
                .env("FLOWSPAN_POSTGRES_URL", server.url())
                .spawn()
                .expect("a writer")
        })
        .collect();
    for mut writer in writers {
        assert!(writer.wait().expect("it ends").success());
    }
    let all = u64::from(WRITERS) * STEPS;
    let sql = "SET search_path = flowspan;
        SELECT count(*), count(DISTINCT service) FROM events;
        SELECT count(*), min(total_steps), max(total_steps) FROM workflow_executions;
        SELECT job_id, job_name, successful_items FROM mapreduce_jobs;
        SELECT count(*) FROM _sqlx_migrations";
    let expected = format!(
        "{}|{WRITERS}\n{WRITERS}|{STEPS}|{STEPS}\nshared|files|{all}\n2",
        2 * all + u64::from(WRITERS)
    );
    assert_eq!(server.psql(sql).expect("rows").trim(), expected);
}
