//! What a program says that knows nothing but `tracing`.

use flowspan::model::Kind;
use tracing::{Level, info_span};

/// Writes a plain `tracing` span, or event, with the fields that follow its name.
macro_rules! plain {
    (span $name:literal $(, $($key:ident).+ = $value:expr)*) => {{
        let span = info_span!(
            target: "flowspan", $name, $($($key).+ = $value,)*
            flowspan.status = "failed", error.type = "on_purpose", otel.status_description = "on purpose",
        );
        drop(span.entered());
    }};
    (successful span $name:literal $(, $($key:ident).+ = $value:expr)*) => {{
        drop(info_span!(target: "flowspan", $name, $($($key).+ = $value,)*).entered());
    }};
    (event $name:literal $(, $($key:ident).+ = $value:expr)*) => {
        tracing::event!(name: $name, target: "flowspan", Level::INFO, $($($key).+ = $value,)* "said in plain words")
    };
}

/// Says everything that can be said of a kind with nothing but `tracing`.
pub(crate) fn by_tracing(kind: Kind) {
    match kind {
        Kind::Workflow => {
            plain!(span "workflow", gen_ai.operation.name = "invoke_workflow", gen_ai.workflow.name = "w",
                flowspan.run.id = "r", flowspan.run.resumes = "f", gen_ai.conversation.id = "c");
        }
        Kind::Phase => plain!(span "phase", flowspan.phase.name = "p"),
        Kind::Step => {
            plain!(span "step", flowspan.step.name = "s", flowspan.step.type = "shell",
                flowspan.step.index = 0, flowspan.attempt = 1);
        }
        Kind::Agent => {
            plain!(span "agent", gen_ai.operation.name = "invoke_agent", gen_ai.agent.name = "a",
                gen_ai.agent.description = "writes", gen_ai.conversation.id = "c",
                gen_ai.data_source.id = "d", gen_ai.request.model = "m", gen_ai.output.type = "text",
                flowspan.attempt = 1);
        }
        Kind::Inference => {
            plain!(span "inference", gen_ai.operation.name = "chat", gen_ai.provider.name = "p",
                gen_ai.request.model = "m", gen_ai.request.stream = true, gen_ai.request.max_tokens = 9,
                gen_ai.request.temperature = 0.5, gen_ai.response.model = "m-1", gen_ai.response.id = "r",
                gen_ai.response.finish_reasons = "stop", gen_ai.response.time_to_first_chunk = 0.1,
                gen_ai.usage.input_tokens = 1, gen_ai.usage.output_tokens = 1,
                gen_ai.usage.cache_read.input_tokens = 1, gen_ai.usage.cache_write.input_tokens = 1,
                gen_ai.usage.reasoning.output_tokens = 1, flowspan.response.chunks = 1,
                flowspan.response.chunk_times = "2x0.1", flowspan.response.tokens_per_second = 10.0,
                server.address = "localhost", server.port = 8080, gen_ai.conversation.id = "c",
                gen_ai.request.top_p = 0.9, gen_ai.request.top_k = 40,
                gen_ai.request.frequency_penalty = 0.1, gen_ai.request.presence_penalty = 0.2,
                gen_ai.request.stop_sequences = "END", gen_ai.request.seed = 7,
                gen_ai.request.choice.count = 2, gen_ai.request.reasoning.level = "high",
                gen_ai.output.type = "json",
                flowspan.cost.amount = 0.1, flowspan.cost.currency = "USD");
            plain!(successful span "inference", gen_ai.usage.input_tokens = 1,
                gen_ai.usage.output_tokens = 1);
        }
        Kind::Embeddings => {
            plain!(span "embeddings", gen_ai.operation.name = "embeddings", gen_ai.provider.name = "p",
                gen_ai.request.model = "m", gen_ai.response.model = "m-1",
                gen_ai.request.encoding_formats = "float", server.address = "localhost",
                server.port = 8080, gen_ai.embeddings.dimension.count = 8, gen_ai.usage.input_tokens = 3,
                flowspan.cost.amount = 0.1, flowspan.cost.currency = "USD");
        }
        Kind::ToolCall => {
            plain!(span "tool_call", gen_ai.operation.name = "execute_tool", gen_ai.tool.name = "t",
                gen_ai.tool.type = "function", gen_ai.tool.call.id = "c",
                gen_ai.tool.description = "searches", gen_ai.conversation.id = "c");
        }
        Kind::Plan => plain!(span "plan", gen_ai.operation.name = "plan"),
        Kind::Retrieval => {
            plain!(span "retrieval", gen_ai.operation.name = "retrieval", gen_ai.data_source.id = "d",
                gen_ai.provider.name = "p", gen_ai.request.model = "m", gen_ai.retrieval.top_k = 3,
                server.address = "localhost", server.port = 8080);
        }
        Kind::Memory => {
            plain!(span "memory", gen_ai.operation.name = "search_memory", gen_ai.provider.name = "p",
                gen_ai.memory.store.id = "s", gen_ai.memory.record.id = "r",
                gen_ai.memory.record.count = 1, server.address = "localhost", server.port = 8080);
        }
        Kind::MapReduce => {
            plain!(span "map_reduce", flowspan.map_reduce.job = "j", flowspan.map_reduce.id = "j-1",
                flowspan.map_reduce.items = 1);
        }
        Kind::MapItem => {
            plain!(span "map_item", flowspan.map_reduce.item.id = "i",
                flowspan.map_reduce.item.outcome = "dlq", flowspan.attempt = 1);
        }
        Kind::Reduce => plain!(span "reduce"),
        Kind::Session => {
            plain!(span "session", gen_ai.provider.name = "p", gen_ai.request.model = "m", session.id = "s");
        }
        Kind::Worktree => {
            plain!(span "worktree", flowspan.worktree.name = "w", flowspan.worktree.branch = "b");
        }
        Kind::Blocked => plain!(span "blocked", flowspan.reason = "approval"),
        Kind::Retry => {
            plain!(event "retry", flowspan.attempt = 2, flowspan.retry.delay = 0.1,
                flowspan.reason = "rate limited");
        }
        Kind::Recovery => plain!(event "recovery", flowspan.recovery.outcome = "success"),
        Kind::Validation => plain!(event "validation", flowspan.validation.result = "passed"),
        Kind::Evaluation => {
            plain!(event "evaluation", gen_ai.evaluation.name = "e", gen_ai.evaluation.score.value = 0.5,
                gen_ai.evaluation.score.label = "pass", gen_ai.evaluation.explanation = "it fits");
        }
        Kind::PhaseTransition => {
            plain!(event "phase_transition", flowspan.phase.name = "map", flowspan.phase.from = "plan");
        }
        Kind::Heal => plain!(event "heal", flowspan.heal.outcome = "triggered"),
        Kind::Bisect => plain!(event "bisect", flowspan.bisect.outcome = "triggered"),
        Kind::Handoff => {
            plain!(event "handoff", flowspan.handoff.target = "writer", flowspan.reason = "done");
        }
        Kind::DeadLetterAdded => {
            plain!(event "dead_letter_added", flowspan.count = 1, flowspan.reason = "broken");
        }
        Kind::DeadLetterRemoved => plain!(event "dead_letter_removed", flowspan.count = 1),
        Kind::DeadLetterReprocessed => plain!(event "dead_letter_reprocessed", flowspan.count = 1),
        Kind::DeadLetterEvicted => plain!(event "dead_letter_evicted", flowspan.count = 1),
        Kind::DeadLetterAge => plain!(event "dead_letter_age", flowspan.dead_letter.oldest_age = 1.0),
        Kind::CheckpointCreated => plain!(event "checkpoint_created", flowspan.checkpoint.name = "c"),
        Kind::CheckpointLoaded => plain!(event "checkpoint_loaded", flowspan.checkpoint.name = "c"),
        Kind::CheckpointFailed => {
            plain!(event "checkpoint_failed", flowspan.checkpoint.name = "c", flowspan.reason = "disk full");
        }
        Kind::StorageWritten => {
            plain!(event "storage_written", flowspan.storage.name = "s", flowspan.count = 1);
        }
        Kind::CacheHit => plain!(event "cache_hit", flowspan.cache.name = "c"),
        Kind::CacheMiss => plain!(event "cache_miss", flowspan.cache.name = "c"),
        Kind::QueueDepth => {
            plain!(event "queue_depth", flowspan.queue.name = "q", flowspan.queue.depth = 1);
        }
        Kind::WorktreeMerged => {
            plain!(event "worktree_merged", flowspan.worktree.name = "w", flowspan.worktree.branch = "main");
        }
        Kind::WorktreePool => plain!(event "worktree_pool", flowspan.worktree.pool.size = 3),
        Kind::MemoryPressure => {
            plain!(event "memory_pressure", flowspan.memory.used = 9, flowspan.memory.limit = 10);
        }
    }
}
