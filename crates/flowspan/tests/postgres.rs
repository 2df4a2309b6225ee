//! The event store behind the front door, with a server that is away. With one that is there, the
//! command's own tests compare it with everything else.
#![cfg(feature = "postgres")]

use std::time::Duration;

use flowspan::{DropReason, Environment, Migrations, Reporter, Signal, prelude::*};

/// Nobody listens at port 1.
const AWAY: &str = "postgres://bot:canary@127.0.0.1:1/observed";

fn builder() -> flowspan::Builder {
    Flowspan::builder("bot").console(Console::off()).reporter(Reporter::silent())
}

fn run() {
    Workflow::new("triage").in_scope(|| Ok::<_, std::io::Error>(())).expect("nothing fails");
}

#[test]
fn what_cannot_be_stored_is_in_the_account_of_events() {
    let store = Postgres::to(AWAY).migrations(Migrations::Never);
    let telemetry = builder()
        .environment(Environment::empty())
        .postgres(store)
        .build()
        .expect("a server that is away is no error");
    let _default = telemetry.set_default();
    run();
    assert_eq!(telemetry.accounts().events.queued, 2, "a start and an end");
    telemetry.disable(Signal::Events);
    run();
    assert_eq!(telemetry.accounts().events.created, 2, "switched off");
    telemetry.enable(Signal::Events);
    run();
    let accounts = telemetry.flush(Duration::from_millis(500));
    assert_eq!((accounts.events.created, accounts.events.queued), (4, 4));
    assert!(!telemetry.health().works());
    let state = format!("{:?}", telemetry.health().exporters());
    assert!(state.contains("postgres") && !state.contains("canary"), "{state}");
    let error = telemetry.shutdown(Duration::from_millis(50)).into_result().expect_err("lost");
    assert_eq!(error.accounts().events.dropped_for(DropReason::Shutdown), 4);
    assert_eq!(error.to_string(), "telemetry was lost: 4 of 4 events (shutdown)");
}

#[test]
fn a_bad_setting_of_the_store_is_an_error_of_the_build() {
    let environment = Environment::from_pairs([("FLOWSPAN_POSTGRES_URL", "bot:canary@host")]);
    let error =
        builder().environment(environment).postgres(Postgres::from_env()).build().expect_err("no URL");
    let text = error.to_string();
    assert!(
        text.starts_with("FLOWSPAN_POSTGRES_URL is [redacted], but must be") && !text.contains("canary"),
        "{text}"
    );
}
