-- A batch that was copied into the staging table of this connection.
WITH incoming AS (
    SELECT
        id, time, service, kind, moment, duration_ms, trace_id, span_id, parent_span_id, execution_id,
        workflow_execution_id, step_execution_id, agent_execution_id, job_id, fields
    FROM pg_temp.flowspan_incoming
),
