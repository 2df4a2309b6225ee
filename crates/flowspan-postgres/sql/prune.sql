-- Deletes from each table at most $2 rows that are older than $1, in seconds since 1970.
WITH old AS MATERIALIZED (
    SELECT to_timestamp($1) AS before
),
gone_events AS (
    -- By identifier, which is by time, so that the index leads to the oldest at once.
    DELETE FROM events WHERE id IN (
        SELECT id FROM events WHERE time < (SELECT before FROM old) ORDER BY id LIMIT $2
    ) RETURNING 1
),
gone_workflows AS (
    DELETE FROM workflow_executions WHERE id IN (
        SELECT id FROM workflow_executions WHERE started_at < (SELECT before FROM old)
        ORDER BY started_at LIMIT $2
    ) RETURNING 1
),
gone_steps AS (
    DELETE FROM step_executions WHERE id IN (
        SELECT id FROM step_executions WHERE started_at < (SELECT before FROM old)
        ORDER BY started_at LIMIT $2
    ) RETURNING 1
),
gone_jobs AS (
    DELETE FROM mapreduce_jobs WHERE job_id IN (
        SELECT job_id FROM mapreduce_jobs WHERE started_at < (SELECT before FROM old)
        ORDER BY started_at LIMIT $2
    ) RETURNING 1
),
gone_agents AS (
    DELETE FROM agent_executions WHERE id IN (
        SELECT id FROM agent_executions WHERE started_at < (SELECT before FROM old)
        ORDER BY started_at LIMIT $2
    ) RETURNING 1
),
gone_models AS (
    DELETE FROM model_calls WHERE id IN (
        SELECT id FROM model_calls WHERE started_at < (SELECT before FROM old)
        ORDER BY started_at LIMIT $2
    ) RETURNING 1
),
gone_tools AS (
    DELETE FROM tool_calls WHERE id IN (
        SELECT id FROM tool_calls WHERE started_at < (SELECT before FROM old)
        ORDER BY started_at LIMIT $2
    ) RETURNING 1
),
-- A ledger goes as a whole, when nothing waits and nothing has changed for so long: without its
-- beginning, its sum would be wrong.
settled AS (
    SELECT job_name FROM dead_letters GROUP BY job_name
    HAVING sum(items) <= 0 AND max(time) < (SELECT before FROM old)
    ORDER BY job_name LIMIT 1
),
gone_letters AS (
    DELETE FROM dead_letters WHERE job_name IN (SELECT job_name FROM settled) RETURNING 1
)
SELECT 'events' AS name, (SELECT count(*) FROM gone_events) AS rows
UNION ALL SELECT 'workflow_executions', (SELECT count(*) FROM gone_workflows)
UNION ALL SELECT 'step_executions', (SELECT count(*) FROM gone_steps)
UNION ALL SELECT 'mapreduce_jobs', (SELECT count(*) FROM gone_jobs)
UNION ALL SELECT 'agent_executions', (SELECT count(*) FROM gone_agents)
UNION ALL SELECT 'model_calls', (SELECT count(*) FROM gone_models)
UNION ALL SELECT 'tool_calls', (SELECT count(*) FROM gone_tools)
UNION ALL SELECT 'dead_letters', (SELECT count(*) FROM gone_letters)
