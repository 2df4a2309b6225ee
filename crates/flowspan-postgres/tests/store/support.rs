//! A real server, a store on it, and events to put there.

use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use flowspan_model::{Event, Field, Kind, Moment, SpanIds, Status};
use flowspan_postgres::{Postgres, PostgresStore, ResolvedPostgres};
use flowspan_runtime::{Environment, Health, Reporter, Worker};
use flowspan_stack::{Part, Postgres as Server, require};

/// Long, because a test machine may be busy with compilers.
pub(crate) const SOON: Duration = Duration::from_secs(60);

/// The server of this test binary; each test has a schema of its own there.
pub(crate) fn server() -> Option<&'static Server> {
    static SERVER: LazyLock<Server> = LazyLock::new(|| Server::start().expect("PostgreSQL"));
    require(&[Part::Postgres])?;
    Some(&SERVER)
}

/// A store, the thread that it works on, and what it reports.
pub(crate) struct Rig {
    pub(crate) store: PostgresStore,
    pub(crate) health: Health,
    reports: Arc<Mutex<Vec<String>>>,
    _worker: Worker,
}

impl Rig {
    pub(crate) fn start(postgres: &Postgres) -> Self {
        let worker = Worker::start().expect("a thread");
        let reports = Arc::new(Mutex::new(Vec::new()));
        let heard = reports.clone();
        let health = Health::new(Reporter::new(move |report| {
            heard.lock().unwrap_or_else(PoisonError::into_inner).push(report.to_string());
        }));
        let store = PostgresStore::start(&resolved(postgres), &worker.handle(), &health);
        Rig { store, health, reports, _worker: worker }
    }

    pub(crate) fn reports(&self) -> Vec<String> {
        self.reports.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

pub(crate) fn resolved(postgres: &Postgres) -> ResolvedPostgres {
    postgres.resolve(&Environment::empty()).expect("a usable configuration")
}

/// A trace, and the spans in it by number.
#[derive(Clone, Copy)]
pub(crate) struct Trace(pub(crate) u8);

impl Trace {
    pub(crate) fn event(self, moment: Moment, kind: Kind, span: u8, parent: u8) -> Event {
        let parent = (parent > 0).then_some([parent; 8]);
        Event { ids: SpanIds { trace: [self.0; 16], span: [span; 8], parent }, ..Event::new(moment, kind) }
    }

    pub(crate) fn started(self, kind: Kind, span: u8, parent: u8) -> Event {
        self.event(Moment::Started, kind, span, parent)
    }

    pub(crate) fn ended(self, kind: Kind, span: u8, parent: u8, status: Status) -> Event {
        Event { duration: Some(Duration::from_millis(250)), ..self.event(Moment::Ended, kind, span, parent) }
            .with(Field::Status, status.as_str())
    }

    pub(crate) fn occurred(self, kind: Kind, span: u8, parent: u8) -> Event {
        self.event(Moment::Occurred, kind, span, parent)
    }
}

/// A run with a bit of everything, as the layer tells it: two steps, one of which fails and recovers,
/// an agent with a model call that is heard twice and a tool call, a job of three items.
pub(crate) fn run(trace: Trace) -> Vec<Event> {
    let name = |event: Event| event.with(Field::WorkflowName, "audit");
    let job = |event: Event| name(event).with(Field::Job, "files");
    let step = |event: Event| {
        name(event)
            .with(Field::StepType, "shell")
            .with(Field::StepName, "clone")
            .with(Field::StepIndex, 0_i64)
    };
    let agent_step = |event: Event| {
        name(event).with(Field::StepType, "agent").with(Field::StepName, "ask").with(Field::StepIndex, 1_i64)
    };
    let call = |event: Event| {
        name(event)
            .with(Field::AgentName, "auditor")
            .with(Field::Operation, "chat")
            .with(Field::Provider, "openai")
            .with(Field::RequestModel, "gpt-5-mini")
            .with(Field::InputTokens, 812_i64)
            .with(Field::OutputTokens, 96_i64)
            .with(Field::CacheReadTokens, 640_i64)
            .with(Field::ResponseId, "response-1")
    };
    let item = |event: Event, id: &str| job(event).with(Field::ItemId, id);
    let mut events = vec![
        name(trace.started(Kind::Workflow, 1, 0)).with(Field::RunId, "run-1"),
        name(trace.started(Kind::Phase, 2, 1)).with(Field::PhaseName, "plan"),
        step(trace.started(Kind::Step, 3, 2)),
        name(trace.occurred(Kind::Recovery, 3, 2))
            .with(Field::RecoveryOutcome, "success")
            .with(Field::StepType, "shell"),
        step(trace.ended(Kind::Step, 3, 2, Status::Failed))
            .with(Field::ErrorType, "exit_code")
            .with(Field::ErrorMessage, "exit code 1"),
        agent_step(trace.started(Kind::Step, 4, 2)),
        name(trace.started(Kind::Agent, 5, 4)).with(Field::AgentName, "auditor"),
        call(trace.started(Kind::Inference, 6, 5)),
        call(trace.ended(Kind::Inference, 6, 5, Status::Success)),
        call(trace.started(Kind::Inference, 7, 5)),
        call(trace.ended(Kind::Inference, 7, 5, Status::Success)),
        name(trace.started(Kind::ToolCall, 8, 5))
            .with(Field::ToolName, "ripgrep")
            .with(Field::ToolCallId, "call-1"),
        name(trace.ended(Kind::ToolCall, 8, 5, Status::Timeout))
            .with(Field::ToolName, "ripgrep")
            .with(Field::ToolCallId, "call-1"),
        name(trace.ended(Kind::Agent, 5, 4, Status::Success)).with(Field::AgentName, "auditor"),
        agent_step(trace.ended(Kind::Step, 4, 2, Status::Success)),
        name(trace.ended(Kind::Phase, 2, 1, Status::Success)).with(Field::PhaseName, "plan"),
        job(trace.started(Kind::MapReduce, 10, 1)).with(Field::Items, 3_i64),
    ];
    for (number, id, status) in
        [(11, "a", Status::Success), (12, "b", Status::Failed), (13, "c", Status::Failed)]
    {
        events.push(item(trace.started(Kind::MapItem, number, 10), id));
        let mut end = item(trace.ended(Kind::MapItem, number, 10, status), id);
        if id == "c" {
            events.push(
                item(trace.occurred(Kind::DeadLetterAdded, number, 10), id).with(Field::Reason, "not UTF-8"),
            );
            end = end.with(Field::ItemOutcome, "dlq");
        }
        events.push(end);
    }
    events.push(job(trace.ended(Kind::MapReduce, 10, 1, Status::Success)).with(Field::Items, 3_i64));
    events.push(name(trace.ended(Kind::Workflow, 1, 0, Status::Success)).with(Field::RunId, "run-1"));
    events
}

/// Every row of every table of a schema, without what differs from run to run.
pub(crate) fn tables(server: &Server, schema: &str) -> String {
    let sql = format!(
        "SET search_path = {schema};
         SELECT 'event', count(*), count(DISTINCT execution_id), count(workflow_execution_id), count(job_id) FROM events;
         SELECT id, workflow_name, status, duration_ms, total_steps, failed_steps, run_id, span_id FROM workflow_executions ORDER BY id;
         SELECT id, workflow_execution_id, step_index, step_type, command, status, duration_ms, had_on_failure_recovery, error_message FROM step_executions ORDER BY id;
         SELECT job_id, workflow_execution_id, total_items, successful_items, failed_items, dlq_items, job_name, status FROM mapreduce_jobs ORDER BY job_id;
         SELECT id, workflow_execution_id, step_execution_id, agent_name, status, duration_ms FROM agent_executions ORDER BY id;
         SELECT workflow_execution_id, agent_execution_id, provider, model, status, input_tokens, output_tokens, cache_read_tokens, is_repeat FROM model_calls ORDER BY is_repeat;
         SELECT agent_execution_id, tool_name, call_id, status FROM tool_calls ORDER BY id;
         SELECT job_name, item_id, change, items, reason FROM dead_letters ORDER BY id;"
    );
    server.psql(&sql).expect("the tables")
}
