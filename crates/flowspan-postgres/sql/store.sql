-- Stores `incoming`, which the first part of the statement has named.
--
-- Only events that were not stored before (`fresh`) go on to the other tables, in the same
-- transaction: a batch that comes twice changes nothing the second time. Everything that becomes one
-- row is grouped first, because the beginning and the end of a thing may come in one batch. A row
-- does not depend on the order in which its events come.
fresh AS (
    INSERT INTO events (
        id, time, service, kind, moment, duration_ms, trace_id, span_id, parent_span_id, execution_id,
        workflow_execution_id, step_execution_id, agent_execution_id, job_id, fields
    )
    SELECT
        id, time, service, kind, moment, duration_ms, trace_id, span_id, parent_span_id, execution_id,
        workflow_execution_id, step_execution_id, agent_execution_id, job_id, fields
    FROM incoming
    ON CONFLICT (id) DO NOTHING
    RETURNING *
),
facts AS (
    SELECT
        *,
        time - coalesce(duration_ms, 0) * INTERVAL '1 millisecond' AS began,
        moment = 'ended' AS is_end,
        fields ->> 'flowspan.status' AS status,
        fields ->> 'error.type' AS error_type,
        fields ->> 'otel.status_description' AS error_message
    FROM fresh
),
workflows AS (
    INSERT INTO workflow_executions AS known (
        id, workflow_name, started_at, completed_at, status, duration_ms, total_steps, failed_steps,
        metadata, run_id, service, trace_id, span_id, error_type, error_message
    )
    SELECT
        workflow_execution_id,
        -- An index entry has a largest size.
        coalesce(left(max(fields ->> 'gen_ai.workflow.name'), 500), ''),
        min(began),
        max(time) FILTER (WHERE kind = 'workflow' AND is_end),
        coalesce(max(status) FILTER (WHERE kind = 'workflow' AND is_end), 'running'),
        round(max(duration_ms) FILTER (WHERE kind = 'workflow' AND is_end)),
        count(*) FILTER (WHERE kind = 'step'),
        count(*) FILTER (WHERE kind = 'step' AND status IN ('failed', 'timeout')),
        (array_agg(fields ORDER BY is_end DESC) FILTER (WHERE kind = 'workflow'))[1],
        max(fields ->> 'flowspan.run.id'),
        max(service),
        max(trace_id),
        max(span_id) FILTER (WHERE kind = 'workflow'),
        max(error_type) FILTER (WHERE kind = 'workflow' AND is_end),
        max(error_message) FILTER (WHERE kind = 'workflow' AND is_end)
    FROM facts
    WHERE workflow_execution_id IS NOT NULL AND (kind = 'workflow' OR (kind = 'step' AND is_end))
    GROUP BY workflow_execution_id
    -- Always in the same order, so that two programs cannot wait for each other.
    ORDER BY workflow_execution_id
    ON CONFLICT (id) DO UPDATE SET
        workflow_name = coalesce(nullif(excluded.workflow_name, ''), known.workflow_name),
        started_at = least(excluded.started_at, known.started_at),
        completed_at = coalesce(excluded.completed_at, known.completed_at),
        status = CASE WHEN excluded.completed_at IS NULL THEN known.status ELSE excluded.status END,
        duration_ms = coalesce(excluded.duration_ms, known.duration_ms),
        total_steps = known.total_steps + excluded.total_steps,
        failed_steps = known.failed_steps + excluded.failed_steps,
        metadata = CASE WHEN excluded.completed_at IS NULL
            THEN coalesce(known.metadata, excluded.metadata) ELSE excluded.metadata END,
        run_id = coalesce(excluded.run_id, known.run_id),
        span_id = coalesce(excluded.span_id, known.span_id),
        error_type = coalesce(excluded.error_type, known.error_type),
        error_message = coalesce(excluded.error_message, known.error_message)
),
steps AS (
    INSERT INTO step_executions AS known (
        id, workflow_execution_id, step_index, step_type, command, started_at, completed_at, status,
        duration_ms, had_on_failure_recovery, error_message, error_type, attempt, job_id, trace_id, span_id
    )
    SELECT
        step_execution_id,
        (array_agg(workflow_execution_id))[1],
        max(flowspan_number(fields -> 'flowspan.step.index')) FILTER (WHERE kind = 'step'),
        coalesce(max(fields ->> 'flowspan.step.type'), ''),
        max(fields ->> 'flowspan.step.name') FILTER (WHERE kind = 'step'),
        min(began),
        max(time) FILTER (WHERE kind = 'step' AND is_end),
        coalesce(max(status) FILTER (WHERE kind = 'step' AND is_end), 'running'),
        round(max(duration_ms) FILTER (WHERE kind = 'step' AND is_end)),
        bool_or(kind = 'recovery'),
        max(error_message) FILTER (WHERE kind = 'step' AND is_end),
        max(error_type) FILTER (WHERE kind = 'step' AND is_end),
        max(flowspan_number(fields -> 'flowspan.attempt')) FILTER (WHERE kind = 'step'),
        max(job_id),
        max(trace_id),
        max(span_id) FILTER (WHERE kind = 'step')
    FROM facts
    WHERE step_execution_id IS NOT NULL AND kind IN ('step', 'recovery')
    GROUP BY step_execution_id
    ORDER BY step_execution_id
    ON CONFLICT (id) DO UPDATE SET
        step_index = coalesce(excluded.step_index, known.step_index),
        step_type = coalesce(nullif(excluded.step_type, ''), known.step_type),
        command = coalesce(excluded.command, known.command),
        started_at = least(excluded.started_at, known.started_at),
        completed_at = coalesce(excluded.completed_at, known.completed_at),
        status = CASE WHEN excluded.completed_at IS NULL THEN known.status ELSE excluded.status END,
        duration_ms = coalesce(excluded.duration_ms, known.duration_ms),
        had_on_failure_recovery = known.had_on_failure_recovery OR excluded.had_on_failure_recovery,
        error_message = coalesce(excluded.error_message, known.error_message),
        error_type = coalesce(excluded.error_type, known.error_type),
        attempt = coalesce(excluded.attempt, known.attempt),
        span_id = coalesce(excluded.span_id, known.span_id)
),
jobs AS (
    INSERT INTO mapreduce_jobs AS known (
        job_id, workflow_execution_id, started_at, completed_at, total_items, successful_items,
        failed_items, dlq_items, job_name, status, duration_ms, trace_id, span_id
    )
    SELECT
        job_id,
        (array_agg(workflow_execution_id))[1],
        min(began),
        max(time) FILTER (WHERE kind = 'map_reduce' AND is_end),
        max(flowspan_number(fields -> 'flowspan.map_reduce.items')) FILTER (WHERE kind = 'map_reduce'),
        count(*) FILTER (WHERE kind = 'map_item' AND status = 'success'),
        count(*) FILTER (
            WHERE kind = 'map_item' AND status IN ('failed', 'timeout')
            AND fields ->> 'flowspan.map_reduce.item.outcome' IS DISTINCT FROM 'dlq'
        ),
        count(*) FILTER (
            WHERE kind = 'map_item' AND status <> 'success'
            AND fields ->> 'flowspan.map_reduce.item.outcome' = 'dlq'
        ),
        coalesce(max(fields ->> 'flowspan.map_reduce.job'), ''),
        coalesce(max(status) FILTER (WHERE kind = 'map_reduce' AND is_end), 'running'),
        round(max(duration_ms) FILTER (WHERE kind = 'map_reduce' AND is_end)),
        max(trace_id),
        max(span_id) FILTER (WHERE kind = 'map_reduce')
    FROM facts
    WHERE job_id IS NOT NULL AND (kind = 'map_reduce' OR (kind = 'map_item' AND is_end))
    GROUP BY job_id
    ORDER BY job_id
    ON CONFLICT (job_id) DO UPDATE SET
        started_at = least(excluded.started_at, known.started_at),
        completed_at = coalesce(excluded.completed_at, known.completed_at),
        total_items = coalesce(excluded.total_items, known.total_items),
        successful_items = known.successful_items + excluded.successful_items,
        failed_items = known.failed_items + excluded.failed_items,
        dlq_items = known.dlq_items + excluded.dlq_items,
        job_name = coalesce(nullif(excluded.job_name, ''), known.job_name),
        status = CASE WHEN excluded.completed_at IS NULL THEN known.status ELSE excluded.status END,
        duration_ms = coalesce(excluded.duration_ms, known.duration_ms),
        span_id = coalesce(excluded.span_id, known.span_id)
),
agents AS (
    INSERT INTO agent_executions AS known (
        id, workflow_execution_id, step_execution_id, job_id, agent_name, started_at, completed_at, status,
        duration_ms, attempt, error_type, error_message, trace_id, span_id
    )
    SELECT
        agent_execution_id,
        (array_agg(workflow_execution_id))[1],
        (array_agg(step_execution_id))[1],
        max(job_id),
        coalesce(max(fields ->> 'gen_ai.agent.name'), ''),
        min(began),
        max(time) FILTER (WHERE is_end),
        coalesce(max(status) FILTER (WHERE is_end), 'running'),
        max(duration_ms) FILTER (WHERE is_end),
        max(flowspan_number(fields -> 'flowspan.attempt')),
        max(error_type) FILTER (WHERE is_end),
        max(error_message) FILTER (WHERE is_end),
        max(trace_id),
        max(span_id)
    FROM facts
    WHERE agent_execution_id IS NOT NULL AND kind = 'agent'
    GROUP BY agent_execution_id
    ORDER BY agent_execution_id
    ON CONFLICT (id) DO UPDATE SET
        started_at = least(excluded.started_at, known.started_at),
        completed_at = coalesce(excluded.completed_at, known.completed_at),
        status = CASE WHEN excluded.completed_at IS NULL THEN known.status ELSE excluded.status END,
        duration_ms = coalesce(excluded.duration_ms, known.duration_ms),
        attempt = coalesce(excluded.attempt, known.attempt),
        error_type = coalesce(excluded.error_type, known.error_type),
        error_message = coalesce(excluded.error_message, known.error_message)
),
calls AS (
    SELECT *, left(fields ->> 'gen_ai.response.id', 500) AS response_id
    FROM facts
    WHERE execution_id IS NOT NULL AND is_end AND kind IN ('inference', 'embeddings')
),
models AS (
    INSERT INTO model_calls (
        id, workflow_execution_id, step_execution_id, agent_execution_id, operation, provider, model,
        started_at, completed_at, status, duration_ms, input_tokens, output_tokens, cache_read_tokens,
        cache_write_tokens, reasoning_tokens, cost, currency, response_id, is_repeat, error_type, error_message,
        trace_id, span_id
    )
    SELECT
        execution_id, workflow_execution_id, step_execution_id, agent_execution_id,
        fields ->> 'gen_ai.operation.name',
        fields ->> 'gen_ai.provider.name',
        coalesce(fields ->> 'gen_ai.response.model', fields ->> 'gen_ai.request.model'),
        began, time, coalesce(status, ''), duration_ms,
        flowspan_number(fields -> 'gen_ai.usage.input_tokens'),
        flowspan_number(fields -> 'gen_ai.usage.output_tokens'),
        flowspan_number(fields -> 'gen_ai.usage.cache_read.input_tokens'),
        flowspan_number(fields -> 'gen_ai.usage.cache_write.input_tokens'),
        flowspan_number(fields -> 'gen_ai.usage.reasoning.output_tokens'),
        flowspan_number(fields -> 'flowspan.cost.amount'),
        CASE WHEN fields ? 'flowspan.cost.amount'
            THEN coalesce(fields ->> 'flowspan.cost.currency', 'USD') END,
        response_id,
        -- Whoever heard the calls says which of them were told twice; what such a one knows alone still
        -- counts. Of others, a response that was seen before is the same call.
        CASE WHEN fields ? 'flowspan.duplicate' THEN NOT fields ?| ARRAY[
            'gen_ai.usage.input_tokens', 'gen_ai.usage.output_tokens', 'gen_ai.usage.cache_read.input_tokens',
            'gen_ai.usage.cache_write.input_tokens', 'gen_ai.usage.reasoning.output_tokens',
            'flowspan.cost.amount'
        ] ELSE response_id IS NOT NULL AND (
            row_number() OVER (PARTITION BY trace_id, response_id ORDER BY time, id) > 1
            OR EXISTS (
                SELECT FROM model_calls AS earlier
                WHERE earlier.trace_id = calls.trace_id AND earlier.response_id = calls.response_id
            )
        ) END,
        error_type, error_message, trace_id, span_id
    FROM calls
    ON CONFLICT (id) DO NOTHING
),
tools AS (
    INSERT INTO tool_calls (
        id, workflow_execution_id, step_execution_id, agent_execution_id, tool_name, call_id,
        started_at, completed_at, status, duration_ms, error_type, error_message, trace_id, span_id
    )
    SELECT
        execution_id, workflow_execution_id, step_execution_id, agent_execution_id,
        coalesce(fields ->> 'gen_ai.tool.name', ''),
        fields ->> 'gen_ai.tool.call.id',
        began, time, coalesce(status, ''), duration_ms, error_type, error_message, trace_id, span_id
    FROM facts
    WHERE execution_id IS NOT NULL AND is_end AND kind = 'tool_call'
    ON CONFLICT (id) DO NOTHING
),
letters AS (
    INSERT INTO dead_letters (id, time, job_name, job_id, item_id, change, items, reason, trace_id)
    SELECT
        id, time,
        coalesce(left(fields ->> 'flowspan.map_reduce.job', 500), ''),
        job_id,
        fields ->> 'flowspan.map_reduce.item.id',
        CASE WHEN is_restored THEN 'restored' ELSE replace(kind, 'dead_letter_', '') END,
        -- What a run finds from an earlier one was booked by that one.
        CASE WHEN is_restored THEN 0 ELSE coalesce(flowspan_number(fields -> 'flowspan.count'), 1) END
            * CASE WHEN kind = 'dead_letter_added' THEN 1 ELSE -1 END,
        fields ->> 'flowspan.reason',
        trace_id
    FROM (
        SELECT *, fields ? 'flowspan.count' AND fields ->> 'flowspan.reason' = 'restored' AS is_restored
        FROM facts
    ) AS letters
    WHERE kind IN (
        'dead_letter_added', 'dead_letter_removed', 'dead_letter_reprocessed', 'dead_letter_evicted'
    )
    ON CONFLICT (id) DO NOTHING
)
SELECT count(*) FROM fresh
