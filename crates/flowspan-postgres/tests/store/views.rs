//! The questions that the views answer, and the queries of the documentation.

use flowspan_model::{Event, EventSink as _, Kind, Status};
use flowspan_postgres::Postgres;
use flowspan_stack::{Part, Postgres as Server, require};

use crate::support::{Rig, SOON, Trace, run, server};

#[test]
fn the_views_answer_the_questions_of_operators() {
    let Some(server) = server() else { return };
    let rig = Rig::start(&Postgres::to(server.url()).schema("answers"));
    for trace in 1..=3 {
        for event in run(Trace(trace)) {
            rig.store.event(&event);
        }
    }
    let failing = |event: Event| event.with(flowspan_model::Field::WorkflowName, "audit");
    rig.store.event(&failing(Trace(4).started(Kind::Workflow, 1, 0)));
    rig.store.event(&failing(Trace(4).ended(Kind::Workflow, 1, 0, Status::Failed)));
    assert!(rig.store.shutdown(SOON).is_clean(), "{:?}", rig.reports());
    let ask = |sql: &str| {
        server.psql(&format!("SET search_path = answers; {sql}")).expect("an answer").trim().to_owned()
    };
    assert_eq!(
        ask("SELECT workflow_name, runs, succeeded, failed, success_percent FROM workflow_success_7d"),
        "audit|4|3|1|75.00"
    );
    assert_eq!(
        ask(
            "SELECT workflow_name, runs, p95_ms, input_tokens, output_tokens, total_tokens FROM workflow_cost_7d"
        ),
        "audit|4|250|2436|288|2724"
    );
    assert_eq!(ask("SELECT job_name, items FROM dead_letter_queue"), "files|3");
    assert_eq!(
        ask("SELECT step_type, steps, recovered, recovery_percent FROM step_recovery_7d ORDER BY 1"),
        "agent|3|0|0.00\nshell|3|3|100.00"
    );
    assert_eq!(ask("SELECT agent_name, job_name, runs, p95_ms FROM agent_latency_7d"), "auditor||3|250");
    assert_eq!(
        ask("SELECT workflow_name, status, runs FROM workflow_runs_by_day ORDER BY 2"),
        "audit|failed|1\naudit|success|3"
    );
}

/// The SQL of the documentation, as it stands there.
fn documented() -> Vec<String> {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/postgres.md");
    let page = std::fs::read_to_string(page).expect("the page");
    page.split("```sql\n")
        .skip(1)
        .map(|block| block.split("```").next().unwrap_or_default().to_owned())
        .collect()
}

#[test]
fn the_documented_queries_can_be_asked_and_the_documented_partitions_be_made() {
    let Some(()) = require(&[Part::Postgres]) else { return };
    // A server of its own: the page makes a role and speaks of the default schema.
    let server = Server::start().expect("PostgreSQL");
    let rig = Rig::start(&Postgres::to(server.url()));
    let events = run(Trace(1));
    for event in &events {
        rig.store.event(event);
    }
    rig.store.flush(SOON).expect("stored");
    let blocks = documented();
    assert!(blocks.len() > 10, "the search finds them");
    for block in &blocks {
        // As Grafana puts its macro into words.
        let mut block = block.clone();
        while let Some((before, rest)) = block.split_once("$__timeFilter(") {
            let (column, after) = rest.split_once(')').expect("the end of a macro");
            block = format!("{before}{column} BETWEEN now() - INTERVAL '7 days' AND now(){after}");
        }
        server
            .psql(&format!("SET search_path = flowspan; {block}"))
            .unwrap_or_else(|error| panic!("{block}: {error:?}"));
    }

    // The tables are partitioned now, and the program goes on.
    rig.store.event(&Trace(2).occurred(Kind::Retry, 1, 0));
    let later = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(4_103_000_000);
    rig.store.event(&Event { time: later, ..Trace(2).occurred(Kind::Retry, 1, 0) });
    let end = rig.store.shutdown(SOON);
    assert!(end.is_clean(), "{end:?} {:?}", rig.reports());
    let rows = server
        .psql("SET search_path = flowspan; SELECT tableoid::regclass, count(*) FROM events GROUP BY 1 ORDER BY 1")
        .expect("rows");
    assert_eq!(rows.trim(), format!("events_before|{}\nevents_2100_01|1", events.len() + 1));
}
