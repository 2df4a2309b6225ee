//! Events become rows.

use flowspan_model::{Event, EventSink as _, Field, Kind, Moment, Status};
use flowspan_postgres::{Postgres, event_id};

use crate::support::{Rig, SOON, Trace, run, server, tables};

#[test]
fn a_run_becomes_rows_of_every_table() {
    let Some(server) = server() else { return };
    let rig = Rig::start(&Postgres::to(server.url()).schema("a_run").service("bot"));
    let events = run(Trace(1));
    for event in &events {
        rig.store.event(event);
    }
    let end = rig.store.shutdown(SOON);
    assert!(end.is_clean(), "{end:?} {:?}", rig.reports());
    assert_eq!(end.account.delivered, events.len() as u64);
    let expected = "\
event|26|12|26|9
01010101-0101-8101-8101-010101010101|audit|success|250|2|1|run-1|0101010101010101
01010101-0101-8101-8303-030303030303|01010101-0101-8101-8101-010101010101|0|shell|clone|failed|250|t|exit code 1
01010101-0101-8101-8404-040404040404|01010101-0101-8101-8101-010101010101|1|agent|ask|success|250|f|
01010101-0101-8101-8a0a-0a0a0a0a0a0a|01010101-0101-8101-8101-010101010101|3|1|1|1|files|success
01010101-0101-8101-8505-050505050505|01010101-0101-8101-8101-010101010101|01010101-0101-8101-8404-040404040404|auditor|success|250
01010101-0101-8101-8101-010101010101|01010101-0101-8101-8505-050505050505|openai|gpt-5-mini|success|812|96|640|f
01010101-0101-8101-8101-010101010101|01010101-0101-8101-8505-050505050505|openai|gpt-5-mini|success|812|96|640|t
01010101-0101-8101-8505-050505050505|ripgrep|call-1|timeout
files|c|added|1|not UTF-8";
    assert_eq!(tables(server, "a_run").trim(), expected);
    let service = server.psql("SELECT DISTINCT service FROM a_run.events").expect("rows");
    assert_eq!(service.trim(), "bot");
}

#[test]
fn batches_of_every_size_make_the_same_rows() {
    let Some(server) = server() else { return };
    let whole = stored_in_batches_of(server, 100);
    for size in [1, 3, 7] {
        assert_eq!(stored_in_batches_of(server, size), whole, "batches of {size}");
    }
}

fn stored_in_batches_of(server: &flowspan_stack::Postgres, size: usize) -> String {
    let schema = format!("batches_{size}");
    let rig = Rig::start(&Postgres::to(server.url()).schema(&schema).batch_size(size));
    for event in run(Trace(2)) {
        rig.store.event(&event);
    }
    assert!(rig.store.shutdown(SOON).is_clean(), "{:?}", rig.reports());
    tables(server, &schema)
}

#[test]
fn what_is_sent_twice_is_stored_once() {
    let Some(server) = server() else { return };
    for (schema, size) in [("twice_arrays", 100), ("twice_copied", 5_000)] {
        let rig = Rig::start(&Postgres::to(server.url()).schema(schema).batch_size(size));
        // Enough for a batch that goes by COPY.
        let events: Vec<_> = (0..1_200)
            .map(|number| {
                let event = Trace(3).ended(Kind::Step, 1, 9, Status::Failed);
                let event = Event {
                    ids: flowspan_model::SpanIds { span: (number + 1_u64).to_be_bytes(), ..event.ids },
                    ..event
                };
                (event_id(event.time), event)
            })
            .chain([{
                let event = Trace(3).occurred(Kind::DeadLetterAdded, 1, 0);
                (event_id(event.time), event)
            }])
            .collect();
        for _ in 0..2 {
            for (id, event) in &events {
                rig.store.record(*id, event.clone()).expect("room");
            }
            rig.store.flush(SOON).expect("stored");
        }
        let account = rig.store.shutdown(SOON).account;
        assert_eq!(account.delivered, 2 * events.len() as u64);
        let counts = server
            .psql(&format!("SET search_path = {schema}; SELECT (SELECT count(*) FROM events), (SELECT count(*) FROM step_executions), (SELECT sum(items) FROM dead_letters)"))
            .expect("counts");
        assert_eq!(counts.trim(), "1201|1200|1", "{schema}");
    }
}

#[test]
fn arrays_and_copy_make_the_same_rows() {
    let Some(server) = server() else { return };
    let stored = |schema: &str, size| {
        let rig = Rig::start(&Postgres::to(server.url()).schema(schema).batch_size(size));
        for trace in 1..=60 {
            for event in run(Trace(trace)) {
                rig.store.event(&event);
            }
        }
        assert!(rig.store.shutdown(SOON).is_clean(), "{:?}", rig.reports());
        // The order of equal rows is nobody's concern.
        let mut rows: Vec<_> = tables(server, schema).lines().map(str::to_owned).collect();
        rows.sort();
        rows
    };
    assert_eq!(stored("by_arrays", 100), stored("by_copy", 5_000));
}

#[test]
fn work_outside_every_trace_has_its_row_from_its_end() {
    let Some(server) = server() else { return };
    let rig = Rig::start(&Postgres::to(server.url()).schema("no_trace"));
    let name = |event: Event| event.with(Field::WorkflowName, "alone");
    rig.store.event(&name(Event::new(Moment::Started, Kind::Workflow)));
    rig.store.event(&name(Event::new(Moment::Ended, Kind::Workflow)).with(Field::Status, "success"));
    assert!(rig.store.shutdown(SOON).is_clean(), "{:?}", rig.reports());
    let rows = server.psql("SELECT workflow_name, status FROM no_trace.workflow_executions").expect("rows");
    assert_eq!(rows.trim(), "alone|success");
}

#[test]
fn work_that_goes_on_is_running() {
    let Some(server) = server() else { return };
    let rig = Rig::start(&Postgres::to(server.url()).schema("going_on"));
    rig.store.event(&Trace(1).started(Kind::Workflow, 1, 0).with(Field::WorkflowName, "long"));
    rig.store.flush(SOON).expect("stored");
    let rows = || {
        server.psql("SELECT status, completed_at IS NULL FROM going_on.workflow_executions").expect("rows")
    };
    assert_eq!(rows().trim(), "running|t");
    rig.store
        .event(&Trace(1).ended(Kind::Workflow, 1, 0, Status::Cancelled).with(Field::WorkflowName, "long"));
    rig.store.flush(SOON).expect("stored");
    assert_eq!(rows().trim(), "cancelled|f");
}

#[test]
fn a_job_with_an_identifier_of_its_own_goes_on_in_its_row_when_it_is_resumed() {
    let Some(server) = server() else { return };
    let rig = Rig::start(&Postgres::to(server.url()).schema("resumed"));
    let job = |event: Event| event.with(Field::Job, "files").with(Field::JobId, "job-7");
    for (trace, status) in [(1, Status::Cancelled), (2, Status::Success)] {
        rig.store.event(&job(Trace(trace).started(Kind::MapReduce, 1, 0)).with(Field::Items, 2_i64));
        rig.store.event(&job(Trace(trace).ended(Kind::MapItem, 2, 1, Status::Success)));
        rig.store.event(&job(Trace(trace).ended(Kind::MapReduce, 1, 0, status)).with(Field::Items, 2_i64));
        rig.store.flush(SOON).expect("stored");
    }
    let rows = server
        .psql("SELECT job_id, successful_items, total_items, status FROM resumed.mapreduce_jobs")
        .expect("rows");
    assert_eq!(rows.trim(), "job-7|2|2|success");
}

#[test]
fn the_queue_of_dead_letters_is_the_sum_of_its_ledger() {
    let Some(server) = server() else { return };
    let rig = Rig::start(&Postgres::to(server.url()).schema("ledger"));
    let letters = |kind: Kind, count: i64| {
        Trace(1).occurred(kind, 1, 0).with(Field::Job, "files").with(Field::Count, count)
    };
    rig.store.event(&letters(Kind::DeadLetterAdded, 5));
    rig.store.event(&letters(Kind::DeadLetterRemoved, 1));
    rig.store.event(&letters(Kind::DeadLetterReprocessed, 1));
    rig.store.event(&letters(Kind::DeadLetterEvicted, 1));
    // A later run finds what the first one left: nothing came, nothing went.
    rig.store.event(&letters(Kind::DeadLetterAdded, 2).with(Field::Reason, "restored"));
    rig.store.flush(SOON).expect("stored");
    let waiting = || {
        server.psql("SELECT job_name, items FROM ledger.dead_letter_queue").expect("rows").trim().to_owned()
    };
    assert_eq!(waiting(), "files|2");
    rig.store.event(&letters(Kind::DeadLetterReprocessed, 2));
    rig.store.flush(SOON).expect("stored");
    assert_eq!(waiting(), "", "an empty queue is none");
}

#[test]
fn what_calls_cost_is_kept_with_its_currency() {
    let Some(server) = server() else { return };
    let rig = Rig::start(&Postgres::to(server.url()).schema("cost"));
    let call = |span: u8| {
        Trace(1).ended(Kind::Embeddings, span, 0, Status::Success).with(Field::InputTokens, 10_i64)
    };
    rig.store.event(&call(1).with(Field::CostAmount, 0.25));
    rig.store.event(&call(2).with(Field::CostAmount, 4.0).with(Field::CostCurrency, "EUR"));
    rig.store.event(&call(3));
    assert!(rig.store.shutdown(SOON).is_clean(), "{:?}", rig.reports());
    let rows = server
        .psql("SELECT sum(cost_usd), count(cost_usd), sum(total_tokens) FROM cost.model_usage")
        .expect("rows");
    assert_eq!(rows.trim(), "0.25|1|30");
}
