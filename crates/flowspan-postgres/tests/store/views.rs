//! The questions that the views answer, and the queries of the documentation.

use flowspan_model::{Event, EventSink as _, Kind, Status};
use flowspan_postgres::Postgres;

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
