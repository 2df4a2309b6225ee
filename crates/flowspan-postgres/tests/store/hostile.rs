//! Events that nobody would wish for.

use std::time::{Duration, SystemTime};

use flowspan_model::{Event, EventSink as _, Field, Kind, Moment, Status};
use flowspan_postgres::Postgres;
use flowspan_runtime::DropReason;

use crate::support::{Rig, SOON, Trace, server};

#[test]
fn nul_and_huge_texts_are_mended_and_counted() {
    let Some(server) = server() else { return };
    let rig = Rig::start(&Postgres::to(server.url()).schema("mended").service("b\0t"));
    let trace = Trace(1);
    let long = "x".repeat(10 * 1024 * 1024);
    rig.store.event(
        &trace
            .ended(Kind::Step, 1, 0, Status::Failed)
            .with(Field::ErrorMessage, "a\0b")
            .with(Field::StepName, "\\u0000 '; DROP TABLE events; --"),
    );
    rig.store.event(
        &trace
            .ended(Kind::Step, 2, 0, Status::Failed)
            .with(Field::ErrorMessage, long.as_str())
            .with(Field::WorkflowName, long.as_str()),
    );
    rig.store
        .event(&trace.ended(Kind::Workflow, 3, 0, Status::Failed).with(Field::WorkflowName, long.as_str()));
    rig.store.event(&trace.occurred(Kind::Retry, 2, 0).with(Field::RetryDelay, f64::NAN));
    let end = rig.store.shutdown(SOON);
    assert!(end.is_clean(), "{end:?} {:?}", rig.reports());
    assert_eq!((rig.store.sanitised(), rig.store.shortened()), (1, 3));
    let rows = server.psql("SELECT command, left(error_message, 6), length(error_message) < 66000 FROM mended.step_executions ORDER BY id").expect("rows");
    assert_eq!(rows.trim(), "\\u0000 '; DROP TABLE events; --|a\u{fffd}b|t\n|xxxxxx|t");
    let rows = server
        .psql("SELECT fields ->> 'flowspan.retry.delay' FROM mended.events WHERE kind = 'retry'")
        .expect("rows");
    assert_eq!(rows.trim(), "NaN");
}

#[test]
fn a_row_that_cannot_be_stored_costs_itself() {
    let Some(server) = server() else { return };
    for (schema, size) in [("set_aside_arrays", 100), ("set_aside_copied", 5_000)] {
        let rig = Rig::start(&Postgres::to(server.url()).schema(schema).batch_size(size));
        let far = SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 62);
        for number in 0..1_500_u64 {
            let event = Event::new(Moment::Occurred, Kind::Retry).with(Field::Count, number);
            match number {
                // No server can hold this time, nor this number of items.
                7 | 700 => rig.store.event(&Event { time: far, ..event }),
                1_001 => {
                    rig.store.event(&Trace(1).started(Kind::MapReduce, 1, 0).with(Field::Items, i64::MAX))
                }
                _ => rig.store.event(&event),
            }
        }
        let end = rig.store.shutdown(SOON);
        assert!(!end.timed_out, "{end:?}");
        assert_eq!(end.account.dropped_for(DropReason::Rejected), 3, "{schema} {:?}", rig.reports());
        assert_eq!((end.account.delivered, end.account.lost()), (1_497, 3));
        assert!(end.account.is_balanced());
        let stored = server.psql(&format!("SELECT count(*) FROM {schema}.events")).expect("rows");
        assert_eq!(stored.trim(), "1497", "{schema}");
        assert!(rig.reports().iter().any(|report| report.contains("SQLSTATE 22")), "{:?}", rig.reports());
    }
}

#[test]
fn what_the_owner_forbids_is_set_aside() {
    let Some(server) = server() else { return };
    let rig = Rig::start(&Postgres::to(server.url()).schema("forbidden"));
    rig.store.event(&Event::new(Moment::Occurred, Kind::CheckpointCreated));
    rig.store.flush(SOON).expect("the tables");
    server
        .psql("ALTER TABLE forbidden.events ADD CONSTRAINT no_retries CHECK (kind <> 'retry')")
        .expect("a constraint");
    for kind in [Kind::CheckpointCreated, Kind::Retry, Kind::CheckpointCreated] {
        rig.store.event(&Event::new(Moment::Occurred, kind));
    }
    let account = rig.store.shutdown(SOON).account;
    assert_eq!((account.delivered, account.dropped_for(DropReason::Rejected)), (3, 1));
}

#[test]
fn a_field_of_an_unexpected_type_is_kept_where_it_fits() {
    let Some(server) = server() else { return };
    let rig = Rig::start(&Postgres::to(server.url()).schema("types"));
    rig.store.event(
        &Trace(1)
            .ended(Kind::Step, 1, 0, Status::Success)
            .with(Field::StepIndex, "first")
            .with(Field::StepName, true),
    );
    assert!(rig.store.shutdown(SOON).is_clean(), "{:?}", rig.reports());
    let rows = server.psql("SELECT step_index, command FROM types.step_executions").expect("rows");
    assert_eq!(rows.trim(), "|true");
}
