-- A batch that came as arrays: one statement, one round trip, one transaction.
WITH incoming AS (
    SELECT
        id,
        TIMESTAMPTZ 'epoch' + microseconds * INTERVAL '1 microsecond' AS time,
        service, kind, moment, duration_ms, trace_id, span_id, parent_span_id, execution_id,
        workflow_execution_id, step_execution_id, agent_execution_id, job_id,
        fields::jsonb AS fields
    FROM unnest(
        $1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::double precision[], $7::text[],
        $8::text[], $9::text[], $10::uuid[], $11::uuid[], $12::uuid[], $13::uuid[], $14::text[], $15::text[]
    ) AS arrived (
        id, microseconds, service, kind, moment, duration_ms, trace_id,
        span_id, parent_span_id, execution_id, workflow_execution_id, step_execution_id,
        agent_execution_id, job_id, fields
    )
),
