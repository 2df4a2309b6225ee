//! What can be observed.

use crate::Field;

macro_rules! kinds {
    (
        spans { $( $(#[doc = $span_doc:literal])+ $span:ident = $span_name:literal, $span_kind:ident, [$($span_field:ident),*]; )+ }
        occurrences { $( $(#[doc = $doc:literal])+ $kind:ident = $name:literal, [$($field:ident),*]; )+ }
    ) => {
        /// What was observed.
        ///
        /// The first group are spans: they start and end. The second are occurrences inside them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Kind {
            $( $(#[doc = $span_doc])+ $span, )+
            $( $(#[doc = $doc])+ $kind, )+
        }

        /// How many of the kinds are spans.
        const SPANS: usize = [$( Kind::$span, )+].len();

        impl Kind {
            /// Every kind, in the order of the documentation: spans first.
            pub const ALL: &'static [Kind] = &[ $( Kind::$span, )+ $( Kind::$kind, )+ ];

            /// The name of the `tracing` span or event with target [`TARGET`](crate::TARGET).
            pub const fn name(self) -> &'static str {
                match self {
                    $( Kind::$span => $span_name, )+
                    $( Kind::$kind => $name, )+
                }
            }

            /// What it is.
            pub const fn description(self) -> &'static str {
                match self {
                    $( Kind::$span => concat!($($span_doc),+).trim_ascii(), )+
                    $( Kind::$kind => concat!($($doc),+).trim_ascii(), )+
                }
            }

            /// The fields that say something about it, apart from those that every span has at its
            /// end ([`Field::OF_AN_END`]) and those that are inherited from around it.
            pub const fn fields(self) -> &'static [Field] {
                match self {
                    $( Kind::$span => &[$( Field::$span_field, )*], )+
                    $( Kind::$kind => &[$( Field::$field, )*], )+
                }
            }

            /// What the OpenTelemetry span of this kind says about the direction of the work.
            pub const fn span_kind(self) -> SpanKind {
                match self {
                    $( Kind::$span => SpanKind::$span_kind, )+
                    $( Kind::$kind => SpanKind::Internal, )+
                }
            }
        }
    };
}

kinds! {
    spans {
        /// One run of a workflow.
        Workflow = "workflow", Internal, [Operation, WorkflowName, RunId, ConversationId];
        /// A phase of a workflow.
        Phase = "phase", Internal, [PhaseName];
        /// A step of a workflow.
        Step = "step", Internal, [StepName, StepType, StepIndex, Attempt];
        /// One invocation of an agent.
        Agent = "agent", Internal, [
            Operation, AgentName, AgentDescription, ConversationId, DataSource, RequestModel, OutputType,
            Attempt
        ];
        /// One call of a model, all its attempts included.
        Inference = "inference", Client, [
            Operation, Provider, ServerAddress, ServerPort, RequestModel, ConversationId, Stream, MaxTokens,
            Temperature, TopP, TopK, FrequencyPenalty, PresencePenalty, StopSequences, Seed, ChoiceCount,
            ReasoningLevel, OutputType, ResponseModel, ResponseId, FinishReasons, TimeToFirstChunk, InputTokens, OutputTokens, CacheReadTokens, CacheWriteTokens,
            ReasoningTokens, Chunks, ChunkTimes, TokensPerSecond, CostAmount, CostCurrency
        ];
        /// One call that turns texts into vectors.
        Embeddings = "embeddings", Client, [
            Operation, Provider, ServerAddress, ServerPort, RequestModel, ResponseModel,
            EncodingFormats, EmbeddingDimensions, InputTokens, CostAmount,
            CostCurrency
        ];
        /// One call of a tool.
        ToolCall = "tool_call", Internal, [
            Operation, ToolName, ToolType, ToolDescription, ToolCallId, ConversationId
        ];
        /// The making of a plan by an agent.
        Plan = "plan", Internal, [Operation];
        /// A search in a data source for what a model shall know.
        Retrieval = "retrieval", Client, [
            Operation, DataSource, Provider, ServerAddress, ServerPort, RequestModel, RetrievalTopK
        ];
        /// Work with what an agent remembers.
        Memory = "memory", Client, [
            Operation, Provider, ServerAddress, ServerPort, MemoryStore, MemoryRecord, MemoryRecordCount
        ];
        /// A map-reduce job.
        MapReduce = "map_reduce", Internal, [Job, JobId, Items];
        /// One item of a map-reduce job.
        MapItem = "map_item", Internal, [ItemId, ItemOutcome, Attempt];
        /// The reduction of a map-reduce job.
        Reduce = "reduce", Internal, [];
        /// A session with a model or an agent: several calls that belong together.
        Session = "session", Internal, [Provider, RequestModel, SessionId];
        /// The life of a worktree, from its creation until it is cleaned away.
        Worktree = "worktree", Internal, [WorktreeName, WorktreeBranch];
        /// A wait for a person, from being blocked until going on.
        Blocked = "blocked", Internal, [Reason];
    }
    occurrences {
        /// Another attempt at the same work was started.
        Retry = "retry", [Attempt, RetryDelay, Reason];
        /// An on-failure handler ran.
        Recovery = "recovery", [RecoveryOutcome];
        /// A result was checked.
        Validation = "validation", [ValidationResult];
        /// A result was rated.
        Evaluation = "evaluation", [EvaluationName, EvaluationScore, EvaluationLabel, EvaluationExplanation];
        /// The program went over to another phase that is no span of its own.
        PhaseTransition = "phase_transition", [PhaseName, PhaseFrom];
        /// A phase tried to repair its own result, or that attempt came to an end.
        Heal = "heal", [HealOutcome];
        /// A phase searched for the change that broke it, or that search came to an end.
        Bisect = "bisect", [BisectOutcome];
        /// An agent handed the work over to another one.
        Handoff = "handoff", [HandoffTarget, Reason];
        /// An item went to the dead-letter queue.
        DeadLetterAdded = "dead_letter_added", [Count, Reason];
        /// Items left the dead-letter queue, and nobody works on them again.
        DeadLetterRemoved = "dead_letter_removed", [Count];
        /// Items left the dead-letter queue to be worked on again.
        DeadLetterReprocessed = "dead_letter_reprocessed", [Count];
        /// Items were thrown out of the dead-letter queue, because it was full or they were too old.
        DeadLetterEvicted = "dead_letter_evicted", [Count];
        /// Somebody looked how old the oldest item of the dead-letter queue is.
        DeadLetterAge = "dead_letter_age", [DeadLetterOldestAge];
        /// A checkpoint was written.
        CheckpointCreated = "checkpoint_created", [CheckpointName];
        /// A checkpoint was read, and the work goes on from there.
        CheckpointLoaded = "checkpoint_loaded", [CheckpointName];
        /// A checkpoint could not be written or read.
        CheckpointFailed = "checkpoint_failed", [CheckpointName, Reason];
        /// Events were written to a store of the program's own.
        StorageWritten = "storage_written", [StorageName, Count];
        /// What was asked for was found in a cache.
        CacheHit = "cache_hit", [CacheName];
        /// What was asked for was not found in a cache.
        CacheMiss = "cache_miss", [CacheName];
        /// A queue became longer or shorter.
        QueueDepth = "queue_depth", [QueueName, QueueDepth];
        /// The work in a worktree was merged.
        WorktreeMerged = "worktree_merged", [WorktreeName, WorktreeBranch];
        /// The pool of worktrees became larger or smaller.
        WorktreePool = "worktree_pool", [WorktreePoolSize];
        /// The program noticed that its memory becomes short.
        MemoryPressure = "memory_pressure", [MemoryUsed, MemoryLimit];
    }
}

impl Kind {
    /// How many kinds there are, for tables that are indexed by kind.
    pub const COUNT: usize = Kind::ALL.len();

    /// Whether it starts and ends, rather than happening at one moment.
    pub const fn is_span(self) -> bool {
        (self as usize) < SPANS
    }

    /// The kind of that `tracing` name, if there is one.
    pub fn from_name(name: &str) -> Option<Kind> {
        Kind::ALL.iter().copied().find(|kind| kind.name() == name)
    }
}

/// The two OpenTelemetry span kinds that flowspan's vocabulary needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpanKind {
    /// Work inside this program.
    Internal,
    /// A call to somebody else.
    Client,
}

/// When in the life of a thing an event stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Moment {
    /// Work began.
    Started,
    /// Work ended; the event carries the status and the duration.
    Ended,
    /// Something happened at this one moment.
    Occurred,
}

impl Moment {
    /// Every moment.
    pub const ALL: [Moment; 3] = [Moment::Started, Moment::Ended, Moment::Occurred];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_listed_in_the_order_of_their_numbers() {
        for (index, kind) in Kind::ALL.iter().enumerate() {
            assert_eq!(*kind as usize, index);
            assert_eq!(Kind::from_name(kind.name()), Some(*kind));
            assert!(!kind.description().is_empty());
        }
    }

    #[test]
    fn spans_come_before_occurrences() {
        assert!(Kind::Workflow.is_span() && Kind::Blocked.is_span());
        assert!(!Kind::Retry.is_span() && !Kind::MemoryPressure.is_span());
    }

    #[test]
    fn every_field_speaks_of_some_kind() {
        let spoken = |field| Kind::ALL.iter().any(|kind| kind.fields().contains(&field));
        let general = |field| {
            [Field::OF_AN_END, Field::ROLL_UP, Field::ADDED].iter().any(|fields| fields.contains(&field))
        };
        for field in Field::ALL {
            assert!(spoken(*field) != general(*field), "{}", field.key());
        }
    }
}
