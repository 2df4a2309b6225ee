//! A server that is away, full, slow, or changed under our hands.

use std::sync::mpsc::channel;
use std::time::Duration;

use flowspan_model::{Event, EventSink as _, Field, Kind, Moment};
use flowspan_postgres::{Migrations, Postgres, migrate};
use flowspan_runtime::{DropReason, Environment};
use flowspan_stack::{Part, Postgres as Server, require, wait_until};

use crate::support::{Rig, SOON, resolved, server};

fn retry() -> Event {
    Event::new(Moment::Occurred, Kind::Retry)
}

fn stored(server: &Server, schema: &str) -> u64 {
    let count = server.psql(&format!("SELECT count(*) FROM {schema}.events")).expect("a count");
    count.trim().parse().expect("a number")
}

#[test]
fn events_wait_for_a_server_that_is_away_and_no_more_than_the_queue_holds() {
    let Some(()) = require(&[Part::Postgres]) else { return };
    let mut server = Server::start().expect("PostgreSQL");
    server.stop();
    let rig = Rig::start(&Postgres::to(server.url()).queue_capacity(200).batch_size(50));
    for _ in 0..50 {
        rig.store.event(&retry());
    }
    wait_until(SOON, || (!rig.health.works()).then_some(())).expect("degraded");
    for _ in 0..250 {
        rig.store.event(&retry());
    }
    // 50 are on their way, 200 wait.
    let account = rig.store.account();
    assert_eq!((account.queued, account.dropped_for(DropReason::QueueFull)), (250, 50));
    assert!(rig.store.flush(Duration::from_millis(50)).is_err());

    server.restart().expect("PostgreSQL again");
    rig.store.flush(SOON).expect("stored");
    assert!(rig.health.works());
    let reports = rig.reports();
    assert!(reports[0].starts_with("flowspan: postgres fails:"), "{reports:?}");
    assert_eq!(reports.iter().filter(|report| report.contains("fails")).count(), 1, "{reports:?}");
    assert_eq!(reports.iter().filter(|report| report.contains("works again")).count(), 1, "{reports:?}");

    // It goes and comes once more, while nobody writes and while somebody does.
    server.restart().expect("PostgreSQL again");
    rig.store.event(&retry());
    rig.store.flush(SOON).expect("stored on a new connection");
    assert_eq!(rig.reports().len(), reports.len(), "a connection that was closed meanwhile is no news");
    server.kill();
    rig.store.event(&retry());
    wait_until(SOON, || rig.store.flush(Duration::from_millis(10)).is_err().then_some(())).expect("waits");
    server.restart().expect("PostgreSQL again");
    let end = rig.store.shutdown(SOON);
    assert!(end.is_clean(), "{end:?}");
    assert_eq!((end.account.created, end.account.delivered), (302, 252));
    assert_eq!(stored(&server, "flowspan"), 252);
}

#[test]
fn events_that_wait_are_bounded_by_their_bytes_too() {
    // Nobody listens at port 1.
    let config = Postgres::to("postgres://postgres@127.0.0.1:1/postgres").queue_bytes(4 << 20);
    let rig = Rig::start(&config);
    for _ in 0..100 {
        rig.store.event(&retry().with(Field::Reason, "x".repeat(1 << 20)));
    }
    let account = rig.store.account();
    assert!(account.queued < 4 && account.is_balanced(), "{account}");
    assert_eq!(account.dropped_for(DropReason::QueueFull), 100 - account.queued);
}

#[test]
fn a_shutdown_ends_at_its_deadline_although_the_server_is_away() {
    let Some(()) = require(&[Part::Postgres]) else { return };
    // Nobody listens at port 1.
    let rig = Rig::start(&Postgres::to("postgres://postgres@127.0.0.1:1/postgres"));
    for _ in 0..150 {
        rig.store.event(&retry());
    }
    let end = rig.store.shutdown(Duration::from_millis(200));
    assert!(end.timed_out && end.account.is_balanced());
    assert_eq!(end.account.dropped_for(DropReason::Shutdown), 150);
}

#[test]
fn a_server_with_too_many_clients_is_waited_for() {
    let Some(()) = require(&[Part::Postgres]) else { return };
    let settings = [("max_connections", "3"), ("superuser_reserved_connections", "0")];
    let server = Server::start_with(&settings).expect("PostgreSQL");
    let (leave, stay) = channel();
    let full = std::thread::scope(|scope| {
        let (url, stay) = (server.url(), stay);
        scope.spawn(move || occupy(&url, 3, &stay));
        let rig = Rig::start(&Postgres::to(server.url()));
        wait_until(SOON, || server.psql("SELECT 1").is_err().then_some(())).expect("no place");
        rig.store.event(&retry());
        assert!(rig.store.flush(Duration::from_millis(300)).is_err());
        let full = rig.reports();
        leave.send(()).expect("the clients");
        let end = rig.store.shutdown(SOON);
        assert!(end.is_clean(), "{end:?} {:?}", rig.reports());
        full
    });
    assert!(full[0].contains("SQLSTATE 53300"), "{full:?}");
    assert_eq!(stored(&server, "flowspan"), 1);
}

/// Holds connections until somebody says that they may go.
fn occupy(url: &str, connections: usize, stay: &std::sync::mpsc::Receiver<()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let held: Vec<_> = (0..connections)
        .map(|_| runtime.block_on(sqlx::Connection::connect(url)))
        .collect::<Result<Vec<sqlx::PgConnection>, _>>()
        .expect("connections");
    let _ = stay.recv();
    drop(held);
}

#[test]
fn an_attempt_that_hangs_is_given_up_and_made_again() {
    let Some(server) = server() else { return };
    let config = Postgres::to(server.url()).schema("hangs").timeout(Duration::from_millis(300));
    let rig = Rig::start(&config);
    rig.store.event(&retry());
    rig.store.flush(SOON).expect("the tables");
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let hold = "BEGIN; LOCK TABLE hangs.events; SELECT pg_sleep(2); COMMIT";
            server.psql(hold).expect("a lock");
        });
        let locked = "SELECT 1 FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND relation = 'hangs.events'::regclass";
        wait_until(SOON, || (!server.psql(locked).ok()?.trim().is_empty()).then_some(())).expect("locked");
        rig.store.event(&retry());
        let end = rig.store.shutdown(SOON);
        assert!(end.is_clean(), "{end:?}");
    });
    assert!(rig.reports()[0].contains("no answer within 300ms"), "{:?}", rig.reports());
    // What was given up went on waiting for the lock on the server, and then found itself stored.
    let idle = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'flowspan' AND query LIKE '%fresh%' AND state = 'active' AND wait_event_type = 'Lock'";
    wait_until(SOON, || server.psql(idle).ok()?.trim().is_empty().then_some(())).expect("idle");
    assert_eq!(stored(server, "hangs"), 2);
}

#[test]
fn tables_that_were_dropped_are_made_again() {
    let Some(server) = server() else { return };
    let rig = Rig::start(&Postgres::to(server.url()).schema("dropped"));
    rig.store.event(&retry());
    rig.store.flush(SOON).expect("stored");
    server.psql("DROP SCHEMA dropped CASCADE").expect("dropped");
    rig.store.event(&retry());
    let end = rig.store.shutdown(SOON);
    assert!(end.is_clean(), "{end:?} {:?}", rig.reports());
    assert_eq!(stored(server, "dropped"), 1);
}

#[test]
fn without_migrations_events_wait_until_somebody_has_made_the_tables() {
    let Some(server) = server() else { return };
    let config = Postgres::to(server.url()).schema("made_later").migrations(Migrations::Never);
    let rig = Rig::start(&config);
    rig.store.event(&retry());
    assert!(rig.store.flush(Duration::from_millis(200)).is_err());
    let reports = rig.reports();
    assert!(reports[0].contains("SQLSTATE 42P01"), "{reports:?}");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(migrate(&resolved(&config))).expect("migrated");
    assert!(rig.store.shutdown(SOON).is_clean());
    assert_eq!(stored(server, "made_later"), 1);
}

#[test]
fn the_environment_configures_what_code_leaves_open() {
    let of = |pairs: &[(&str, &str)]| {
        Postgres::from_env().resolve(&Environment::from_pairs(pairs.iter().copied()))
    };
    let url = ("FLOWSPAN_POSTGRES_URL", "postgres://bot:secret@db.example/observed");
    let limits =
        of(&[url, ("FLOWSPAN_POSTGRES_BATCH_SIZE", "7"), ("FLOWSPAN_POSTGRES_FLUSH_INTERVAL", "20")])
            .expect("usable");
    assert_eq!((limits.limits().batch_size, limits.limits().delay), (7, Duration::from_millis(20)));
    assert_eq!(limits.limits().queue_capacity, 10_000);
    assert_eq!(limits.target(), "observed at db.example:5432 as bot");
    for (variable, value) in [
        ("FLOWSPAN_POSTGRES_BATCH_SIZE", "0"),
        ("FLOWSPAN_POSTGRES_QUEUE_CAPACITY", "many"),
        ("FLOWSPAN_POSTGRES_QUEUE_BYTES", "64MB"),
        ("FLOWSPAN_POSTGRES_FLUSH_INTERVAL", "5s"),
        ("FLOWSPAN_POSTGRES_TIMEOUT", "-1"),
        ("FLOWSPAN_POSTGRES_MIGRATE", "perhaps"),
        ("FLOWSPAN_POSTGRES_SCHEMA", "a\"b"),
        ("FLOWSPAN_POSTGRES_TEXT_LIMIT", "1k"),
    ] {
        let error = of(&[url, (variable, value)]).expect_err(variable).to_string();
        assert!(error.contains(variable) && error.contains("must be"), "{error}");
    }
    let error = of(&[]).expect_err("no URL").to_string();
    assert!(error.starts_with("FLOWSPAN_POSTGRES_URL is not set"), "{error}");
}
