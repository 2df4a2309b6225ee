-- Answers to the questions that operators ask. docs/postgres.md says how each is put.

-- What share of the runs of a workflow succeeds? Of the last seven days; runs that go on do not count.
CREATE VIEW workflow_success_7d AS
SELECT
    workflow_name,
    count(*) AS runs,
    count(*) FILTER (WHERE status = 'success') AS succeeded,
    count(*) FILTER (WHERE status IN ('failed', 'timeout')) AS failed,
    count(*) FILTER (WHERE status = 'cancelled') AS cancelled,
    round(100.0 * count(*) FILTER (WHERE status = 'success') / count(*), 2) AS success_percent
FROM workflow_executions
WHERE started_at > now() - INTERVAL '7 days' AND completed_at IS NOT NULL
GROUP BY workflow_name;

-- The same by day, for a line over time.
CREATE VIEW workflow_runs_by_day AS
SELECT
    date_trunc('day', started_at) AS time,
    workflow_name,
    status,
    count(*) AS runs,
    avg(duration_ms)::double precision AS average_ms
FROM workflow_executions
GROUP BY 1, 2, 3;

-- The tokens of each model call, each response once. An unknown price is no price of zero.
CREATE VIEW model_usage AS
SELECT
    id, workflow_execution_id, step_execution_id, agent_execution_id, provider, model, status,
    started_at, completed_at,
    coalesce(input_tokens, 0) AS input_tokens,
    coalesce(output_tokens, 0) AS output_tokens,
    coalesce(cache_read_tokens, 0) AS cache_read_tokens,
    coalesce(cache_write_tokens, 0) AS cache_write_tokens,
    coalesce(reasoning_tokens, 0) AS reasoning_tokens,
    coalesce(input_tokens, 0) + coalesce(output_tokens, 0) AS total_tokens,
    -- As a decimal number: sums of those are exact.
    CASE WHEN currency = 'USD' THEN cost::numeric END AS cost_usd
FROM model_calls
WHERE NOT is_repeat;

-- Which workflows are slowest, and which consume the most tokens? Of the last seven days.
CREATE VIEW workflow_cost_7d AS
WITH runs AS (
    SELECT id, workflow_name, duration_ms FROM workflow_executions
    WHERE started_at > now() - INTERVAL '7 days'
),
tokens AS (
    SELECT
        workflow_execution_id,
        sum(input_tokens) AS input_tokens,
        sum(output_tokens) AS output_tokens,
        sum(total_tokens) AS total_tokens,
        sum(cost_usd) AS cost_usd
    FROM model_usage
    -- A call belongs to a run that began before it.
    WHERE started_at > now() - INTERVAL '7 days'
    GROUP BY workflow_execution_id
)
SELECT
    workflow_name,
    count(*) AS runs,
    avg(duration_ms)::double precision AS average_ms,
    percentile_cont(0.95) WITHIN GROUP (ORDER BY duration_ms) AS p95_ms,
    max(duration_ms) AS slowest_ms,
    coalesce(sum(input_tokens), 0)::bigint AS input_tokens,
    coalesce(sum(output_tokens), 0)::bigint AS output_tokens,
    coalesce(sum(total_tokens), 0)::bigint AS total_tokens,
    sum(cost_usd) AS cost_usd
FROM runs LEFT JOIN tokens ON tokens.workflow_execution_id = runs.id
GROUP BY workflow_name;

-- How many items wait in the dead-letter queues, job by job?
CREATE VIEW dead_letter_queue AS
SELECT
    job_name,
    sum(items)::bigint AS items,
    max(time) FILTER (WHERE items > 0) AS last_added_at,
    max(time) FILTER (WHERE items < 0) AS last_removed_at
FROM dead_letters
GROUP BY job_name
HAVING sum(items) > 0;

-- What share of the steps needs an on-failure recovery? Of the last seven days.
CREATE VIEW step_recovery_7d AS
SELECT
    step_type,
    count(*) AS steps,
    count(*) FILTER (WHERE had_on_failure_recovery) AS recovered,
    round(100.0 * count(*) FILTER (WHERE had_on_failure_recovery) / count(*), 2) AS recovery_percent
FROM step_executions
WHERE started_at > now() - INTERVAL '7 days'
GROUP BY step_type;

-- How long do agents take, in map-reduce jobs and outside of them? Of the last seven days.
CREATE VIEW agent_latency_7d AS
SELECT
    agents.agent_name,
    jobs.job_name,
    count(*) AS runs,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY agents.duration_ms) AS p50_ms,
    percentile_cont(0.95) WITHIN GROUP (ORDER BY agents.duration_ms) AS p95_ms,
    percentile_cont(0.99) WITHIN GROUP (ORDER BY agents.duration_ms) AS p99_ms
FROM agent_executions AS agents LEFT JOIN mapreduce_jobs AS jobs USING (job_id)
WHERE agents.started_at > now() - INTERVAL '7 days' AND agents.completed_at IS NOT NULL
GROUP BY agents.agent_name, jobs.job_name;
