//! The tables come into being.

use flowspan_postgres::{Postgres, migrate};

use crate::support::{resolved, server};

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

#[test]
fn programs_that_migrate_at_once_wait_for_each_other() {
    let Some(server) = server() else { return };
    let config = resolved(&Postgres::to(server.url()).schema("at_once"));
    let barrier = std::sync::Barrier::new(6);
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                let runtime = runtime();
                barrier.wait();
                runtime.block_on(migrate(&config)).expect("migrated");
            });
        }
    });
    let applied =
        server.psql("SELECT count(*), count(DISTINCT version) FROM at_once._sqlx_migrations").expect("rows");
    assert_eq!(applied.trim(), "2|2");
    runtime().block_on(migrate(&config)).expect("once more changes nothing");
}

#[test]
fn a_newer_program_may_have_been_there_before() {
    let Some(server) = server() else { return };
    let config = resolved(&Postgres::to(server.url()).schema("newer"));
    runtime().block_on(migrate(&config)).expect("migrated");
    server
        .psql("INSERT INTO newer._sqlx_migrations SELECT 999, 'later', now(), true, checksum, 1 FROM newer._sqlx_migrations LIMIT 1")
        .expect("a later migration");
    runtime().block_on(migrate(&config)).expect("passes over it");
}

#[test]
fn the_tables_of_the_program_itself_are_left_alone() {
    let Some(server) = server() else { return };
    server.psql("CREATE SCHEMA beside; CREATE TABLE public.events (mine int)").expect("a table");
    runtime().block_on(migrate(&resolved(&Postgres::to(server.url()).schema("beside")))).expect("migrated");
    let columns = server.psql("SELECT column_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name = 'events'").expect("columns");
    assert_eq!(columns.trim(), "mine");
    let tables = server.psql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").expect("tables");
    assert_eq!(tables.trim(), "1");
}

#[test]
fn a_server_that_is_away_is_an_error_that_names_it() {
    let config = resolved(&Postgres::to("postgres://bot:canary@127.0.0.1:1/observed"));
    let error = runtime().block_on(migrate(&config)).expect_err("nobody listens");
    assert!(error.to_string().contains("observed at 127.0.0.1:1 as bot"), "{error}");
    assert!(!format!("{error:?} {config:?}").contains("canary"));
}
