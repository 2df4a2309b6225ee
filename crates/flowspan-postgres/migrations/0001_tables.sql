-- What workflows and agents did. Column by column: docs/postgres.md.
--
-- Events come in any order, from any number of programs, and a row of one program must never have to
-- wait for a row of another. That is why no foreign key is enforced: the columns that end in
-- `_execution_id` and `job_id` refer to rows that may arrive later, or may have been pruned.

-- A number in a document; null if there is none or if it is something else.
CREATE FUNCTION flowspan_number(value jsonb) RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT CASE WHEN jsonb_typeof(value) = 'number' THEN value::numeric END $$;

-- The smallest identifier that an event of this time can have: for bounds of partitions, and to find
-- events by time through their index.
CREATE FUNCTION flowspan_id_at(at timestamptz) RETURNS uuid
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT rpad(lpad(to_hex(floor(extract(epoch FROM at) * 1000)::bigint), 12, '0'), 32, '0')::uuid $$;

-- Every event as it came. The identifiers are UUIDs of version 7: they begin with the time of the
-- event, so the index grows at its end, and the table can be partitioned by them.
CREATE TABLE events (
    id UUID PRIMARY KEY,
    time TIMESTAMPTZ NOT NULL,
    service TEXT NOT NULL,
    kind TEXT NOT NULL,
    moment TEXT NOT NULL,
    duration_ms DOUBLE PRECISION,
    trace_id TEXT,
    span_id TEXT,
    parent_span_id TEXT,
    execution_id UUID,
    workflow_execution_id UUID,
    step_execution_id UUID,
    agent_execution_id UUID,
    job_id TEXT,
    fields JSONB NOT NULL
);

CREATE INDEX idx_events_time ON events USING brin (time);
CREATE INDEX idx_events_workflow ON events (workflow_execution_id) WHERE workflow_execution_id IS NOT NULL;

CREATE TABLE workflow_executions (
    id UUID PRIMARY KEY,
    workflow_name TEXT NOT NULL,
    started_at TIMESTAMPTZ NOT NULL,
    completed_at TIMESTAMPTZ,
    status TEXT NOT NULL,
    duration_ms BIGINT,
    total_steps INT,
    failed_steps INT,
    metadata JSONB,
    run_id TEXT,
    service TEXT,
    trace_id TEXT,
    span_id TEXT,
    error_type TEXT,
    error_message TEXT
);

CREATE INDEX idx_workflow_executions_started ON workflow_executions (started_at);
CREATE INDEX idx_workflow_executions_name_started ON workflow_executions (workflow_name, started_at);

CREATE TABLE step_executions (
    id UUID PRIMARY KEY,
    workflow_execution_id UUID,
    step_index INT,
    step_type TEXT NOT NULL,
    command TEXT,
    started_at TIMESTAMPTZ NOT NULL,
    completed_at TIMESTAMPTZ,
    status TEXT NOT NULL,
    duration_ms BIGINT,
    had_on_failure_recovery BOOLEAN NOT NULL DEFAULT false,
    error_message TEXT,
    error_type TEXT,
    attempt INT,
    job_id TEXT,
    trace_id TEXT,
    span_id TEXT
);

CREATE INDEX idx_step_executions_workflow ON step_executions (workflow_execution_id);
CREATE INDEX idx_step_executions_started ON step_executions (started_at);

CREATE TABLE mapreduce_jobs (
    job_id TEXT PRIMARY KEY,
    workflow_execution_id UUID,
    started_at TIMESTAMPTZ NOT NULL,
    completed_at TIMESTAMPTZ,
    total_items INT,
    successful_items INT,
    failed_items INT,
    dlq_items INT,
    job_name TEXT NOT NULL,
    status TEXT NOT NULL,
    duration_ms BIGINT,
    trace_id TEXT,
    span_id TEXT
);

CREATE INDEX idx_mapreduce_jobs_started ON mapreduce_jobs (started_at);

CREATE TABLE agent_executions (
    id UUID PRIMARY KEY,
    workflow_execution_id UUID,
    step_execution_id UUID,
    job_id TEXT,
    agent_name TEXT NOT NULL,
    started_at TIMESTAMPTZ NOT NULL,
    completed_at TIMESTAMPTZ,
    status TEXT NOT NULL,
    duration_ms DOUBLE PRECISION,
    attempt INT,
    error_type TEXT,
    error_message TEXT,
    trace_id TEXT,
    span_id TEXT
);

CREATE INDEX idx_agent_executions_started ON agent_executions (started_at);
CREATE INDEX idx_agent_executions_workflow ON agent_executions (workflow_execution_id);

CREATE TABLE model_calls (
    id UUID PRIMARY KEY,
    workflow_execution_id UUID,
    step_execution_id UUID,
    agent_execution_id UUID,
    operation TEXT,
    provider TEXT,
    model TEXT,
    started_at TIMESTAMPTZ NOT NULL,
    completed_at TIMESTAMPTZ NOT NULL,
    status TEXT NOT NULL,
    duration_ms DOUBLE PRECISION,
    input_tokens BIGINT,
    output_tokens BIGINT,
    cache_read_tokens BIGINT,
    cache_write_tokens BIGINT,
    reasoning_tokens BIGINT,
    cost DOUBLE PRECISION,
    currency TEXT,
    response_id TEXT,
    -- The same response was seen before, through another layer: its tokens count once.
    is_repeat BOOLEAN NOT NULL DEFAULT false,
    error_type TEXT,
    error_message TEXT,
    trace_id TEXT,
    span_id TEXT
);

CREATE INDEX idx_model_calls_started ON model_calls (started_at);
CREATE INDEX idx_model_calls_workflow ON model_calls (workflow_execution_id);
CREATE INDEX idx_model_calls_response ON model_calls (trace_id, response_id) WHERE response_id IS NOT NULL;

CREATE TABLE tool_calls (
    id UUID PRIMARY KEY,
    workflow_execution_id UUID,
    step_execution_id UUID,
    agent_execution_id UUID,
    tool_name TEXT NOT NULL,
    call_id TEXT,
    started_at TIMESTAMPTZ NOT NULL,
    completed_at TIMESTAMPTZ NOT NULL,
    status TEXT NOT NULL,
    duration_ms DOUBLE PRECISION,
    error_type TEXT,
    error_message TEXT,
    trace_id TEXT,
    span_id TEXT
);

CREATE INDEX idx_tool_calls_started ON tool_calls (started_at);
CREATE INDEX idx_tool_calls_workflow ON tool_calls (workflow_execution_id);

-- What went into the dead-letter queues and what left them: a ledger, whose sum is what waits there.
CREATE TABLE dead_letters (
    id UUID PRIMARY KEY,
    time TIMESTAMPTZ NOT NULL,
    job_name TEXT NOT NULL,
    job_id TEXT,
    item_id TEXT,
    change TEXT NOT NULL,
    -- Above zero for what came, below zero for what left, zero for what a later run found there.
    items BIGINT NOT NULL,
    reason TEXT,
    trace_id TEXT
);

CREATE INDEX idx_dead_letters_job ON dead_letters (job_name, time);
