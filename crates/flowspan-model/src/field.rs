//! The attributes that flowspan understands.

macro_rules! fields {
    ($( $(#[doc = $doc:literal])+ $variant:ident: $value:ident = $key:literal $(, $inherited:ident)? ; )+) => {
        /// One attribute of an [`Event`](crate::Event).
        ///
        /// [`Field::key`] is its name on spans, and at the same time the field name by which a
        /// program that knows nothing but `tracing` can set it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Field {
            $( $(#[doc = $doc])+ $variant, )+
        }

        impl Field {
            /// Every field, in the order of the documentation.
            pub const ALL: &'static [Field] = &[ $( Field::$variant, )+ ];

            /// The attribute's name, also the name of the `tracing` field.
            #[inline]
            pub const fn key(self) -> &'static str {
                match self { $( Field::$variant => $key, )+ }
            }

            /// What the field says.
            pub const fn description(self) -> &'static str {
                match self { $( Field::$variant => concat!($($doc),+).trim_ascii(), )+ }
            }

            /// What its value is.
            pub const fn value_type(self) -> ValueType {
                match self { $( Field::$variant => ValueType::$value, )+ }
            }

            /// Whether everything inside a span takes this value over from it, so that a step knows
            /// its workflow and a tool call its agent.
            #[inline]
            pub const fn is_inherited(self) -> bool {
                match self { $( Field::$variant => fields!(@inherited $($inherited)?), )+ }
            }

            /// The field of that name, if there is one.
            pub fn from_key(key: &str) -> Option<Field> {
                Field::ALL.iter().copied().find(|field| field.key() == key)
            }
        }
    };
    (@inherited inherited) => { true };
    (@inherited) => { false };
}

/// What the value of a field is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueType {
    /// Text.
    Text,
    /// A whole number.
    Integer,
    /// A number.
    Float,
    /// True or false.
    Boolean,
}

fields! {
    /// Name of the workflow. Low cardinality.
    WorkflowName: Text = "gen_ai.workflow.name", inherited;
    /// Identifier of one run of a workflow.
    RunId: Text = "flowspan.run.id", inherited;
    /// Name of a phase of a workflow.
    PhaseName: Text = "flowspan.phase.name", inherited;
    /// Name of the phase from which a transition leads.
    PhaseFrom: Text = "flowspan.phase.from";
    /// Outcome of an attempt of a phase to repair its result: triggered, succeeded or failed.
    HealOutcome: Text = "flowspan.heal.outcome";
    /// Outcome of a phase's search for the change that broke it: triggered, succeeded or failed.
    BisectOutcome: Text = "flowspan.bisect.outcome";
    /// Name of a step.
    StepName: Text = "flowspan.step.name";
    /// Type of a step: claude, shell, goal_seek, foreach, agent, tool, or the program's own.
    StepType: Text = "flowspan.step.type", inherited;
    /// Position of a step in its workflow, from 0.
    StepIndex: Integer = "flowspan.step.index";
    /// Which attempt at the same work this is, from 1.
    Attempt: Integer = "flowspan.attempt";
    /// Where the interrupted run was in its trace, as a `traceparent`, of the run that resumes it.
    ResumedRun: Text = "flowspan.run.resumes";
    /// Name of the agent.
    AgentName: Text = "gen_ai.agent.name", inherited;
    /// What the agent is for, in the words of the program.
    AgentDescription: Text = "gen_ai.agent.description";
    /// Model calls that an agent made itself, failed ones included; those of its sub-agents are theirs.
    AgentInferenceCalls: Integer = "flowspan.agent.inference_calls";
    /// Tool calls that an agent made itself, failed ones included; those of its sub-agents are theirs.
    AgentToolCalls: Integer = "flowspan.agent.tool_calls";
    /// Name of the agent to which the work is handed over. Low cardinality.
    HandoffTarget: Text = "flowspan.handoff.target";
    /// Identifier of a session with a model or an agent.
    SessionId: Text = "session.id", inherited;
    /// Identifier of the conversation to which the work belongs, as the program or the provider has it.
    ConversationId: Text = "gen_ai.conversation.id";
    /// The operation: chat, embeddings, invoke_agent, execute_tool and so on.
    Operation: Text = "gen_ai.operation.name";
    /// Who serves the model, as the GenAI conventions name it.
    Provider: Text = "gen_ai.provider.name";
    /// Host of the server that is called.
    ServerAddress: Text = "server.address";
    /// Port of the server that is called.
    ServerPort: Integer = "server.port";
    /// The model that was asked for.
    RequestModel: Text = "gen_ai.request.model";
    /// Whether the response was streamed.
    Stream: Boolean = "gen_ai.request.stream";
    /// The upper bound of output tokens that was asked for.
    MaxTokens: Integer = "gen_ai.request.max_tokens";
    /// The sampling temperature that was asked for.
    Temperature: Float = "gen_ai.request.temperature";
    /// The share of probable tokens from which is sampled, as it was asked for.
    TopP: Float = "gen_ai.request.top_p";
    /// The number of probable tokens from which is sampled, as it was asked for.
    TopK: Integer = "gen_ai.request.top_k";
    /// How much tokens are held back that came often, as it was asked for.
    FrequencyPenalty: Float = "gen_ai.request.frequency_penalty";
    /// How much tokens are held back that came at all, as it was asked for.
    PresencePenalty: Float = "gen_ai.request.presence_penalty";
    /// Where the model shall stop: a JSON list of texts, or texts separated by commas.
    StopSequences: Text = "gen_ai.request.stop_sequences";
    /// The number from which the sampling starts, so that it can be repeated.
    Seed: Integer = "gen_ai.request.seed";
    /// How many choices were asked for, if not one.
    ChoiceCount: Integer = "gen_ai.request.choice.count";
    /// How much reasoning was asked for, in the provider's own word.
    ReasoningLevel: Text = "gen_ai.request.reasoning.level";
    /// The kind of output that was asked for: text, json, image or speech.
    OutputType: Text = "gen_ai.output.type";
    /// Forms of the vectors that were asked for: a JSON list of texts, or texts separated by commas.
    EncodingFormats: Text = "gen_ai.request.encoding_formats";
    /// The model that answered.
    ResponseModel: Text = "gen_ai.response.model";
    /// The provider's identifier of the response.
    ResponseId: Text = "gen_ai.response.id";
    /// Why the model stopped, one reason for each choice: a JSON list of texts, or texts separated by
    /// commas. A choice without a reason did not come to its end.
    FinishReasons: Text = "gen_ai.response.finish_reasons";
    /// Seconds from the request to the first chunk of a streamed response.
    TimeToFirstChunk: Float = "gen_ai.response.time_to_first_chunk";
    /// Chunks of a streamed response that arrived.
    Chunks: Integer = "flowspan.response.chunks";
    /// Output tokens for each second between the first chunk and the last.
    TokensPerSecond: Float = "flowspan.response.tokens_per_second";
    /// Times between the chunks of a streamed response, by bucket: "117x0.013 3x0.051" says that 117 took
    /// 13 ms and 3 took 51 ms, each in the mean. Never a label.
    ChunkTimes: Text = "flowspan.response.chunk_times";
    /// Whether the call has been counted already, as another span.
    Duplicate: Boolean = "flowspan.duplicate";
    /// Tokens of the request, cached ones included.
    InputTokens: Integer = "gen_ai.usage.input_tokens";
    /// Tokens of the response, reasoning included.
    OutputTokens: Integer = "gen_ai.usage.output_tokens";
    /// The part of the input tokens that was read from a cache.
    CacheReadTokens: Integer = "gen_ai.usage.cache_read.input_tokens";
    /// The part of the input tokens that was written to a cache.
    CacheWriteTokens: Integer = "gen_ai.usage.cache_write.input_tokens";
    /// The part of the output tokens that was spent on reasoning.
    ReasoningTokens: Integer = "gen_ai.usage.reasoning.output_tokens";
    /// What a model call cost, in its currency. Absent if the price is not known.
    CostAmount: Float = "flowspan.cost.amount";
    /// The currency of the cost by ISO 4217; USD if nothing is said.
    CostCurrency: Text = "flowspan.cost.currency";
    /// Who says what the call cost: provider, or local if it was computed from a price table.
    CostSource: Text = "flowspan.cost.source";
    /// Dimensions of the vectors that were asked for.
    EmbeddingDimensions: Integer = "gen_ai.embeddings.dimension.count";
    /// Name of the data source that is searched. Low cardinality.
    DataSource: Text = "gen_ai.data_source.id";
    /// The upper bound of documents that was asked for.
    RetrievalTopK: Integer = "gen_ai.retrieval.top_k";
    /// Identifier of a memory store.
    MemoryStore: Text = "gen_ai.memory.store.id";
    /// Identifier of one record of a memory store.
    MemoryRecord: Text = "gen_ai.memory.record.id";
    /// How many records of a memory store the work was about.
    MemoryRecordCount: Integer = "gen_ai.memory.record.count";
    /// Name of the tool.
    ToolName: Text = "gen_ai.tool.name";
    /// Identifier of one call of a tool.
    ToolCallId: Text = "gen_ai.tool.call.id";
    /// What the tool is for.
    ToolDescription: Text = "gen_ai.tool.description";
    /// Type of the tool: function, extension or datastore.
    ToolType: Text = "gen_ai.tool.type";
    /// Name of a map-reduce job.
    Job: Text = "flowspan.map_reduce.job", inherited;
    /// Identifier of one run of a map-reduce job.
    JobId: Text = "flowspan.map_reduce.id", inherited;
    /// Number of items that a map-reduce job has.
    Items: Integer = "flowspan.map_reduce.items";
    /// Identifier of one item of a map-reduce job.
    ItemId: Text = "flowspan.map_reduce.item.id", inherited;
    /// What became of an item, where its status does not say it: dlq.
    ItemOutcome: Text = "flowspan.map_reduce.item.outcome";
    /// How the work ended: success, failed, cancelled or timeout.
    Status: Text = "flowspan.status";
    /// The class of the error. Low cardinality.
    ErrorType: Text = "error.type";
    /// The text of the error. Never a label.
    ErrorMessage: Text = "otel.status_description";
    /// Outcome of a validation: passed or failed.
    ValidationResult: Text = "flowspan.validation.result";
    /// Name of the measure by which a result was rated. Low cardinality.
    EvaluationName: Text = "gen_ai.evaluation.name";
    /// The rating, as a number.
    EvaluationScore: Float = "gen_ai.evaluation.score.value";
    /// The rating, as a word: relevant, pass and so on. Low cardinality.
    EvaluationLabel: Text = "gen_ai.evaluation.score.label";
    /// Why the rating is what it is. Never a label.
    EvaluationExplanation: Text = "gen_ai.evaluation.explanation";
    /// Outcome of a recovery: success or failed.
    RecoveryOutcome: Text = "flowspan.recovery.outcome";
    /// Seconds until the next attempt.
    RetryDelay: Float = "flowspan.retry.delay";
    /// Name or version of a checkpoint.
    CheckpointName: Text = "flowspan.checkpoint.name";
    /// Name of a store of events.
    StorageName: Text = "flowspan.storage.name";
    /// Name of a cache. Low cardinality.
    CacheName: Text = "flowspan.cache.name";
    /// Name of a queue. Low cardinality.
    QueueName: Text = "flowspan.queue.name";
    /// How many things wait in a queue.
    QueueDepth: Integer = "flowspan.queue.depth";
    /// Age of the oldest item of a dead-letter queue, in seconds; 0 if it is empty.
    DeadLetterOldestAge: Float = "flowspan.dead_letter.oldest_age";
    /// Name of a worktree.
    WorktreeName: Text = "flowspan.worktree.name";
    /// Branch of a worktree; of a merge, the branch that it was merged into.
    WorktreeBranch: Text = "flowspan.worktree.branch";
    /// How many worktrees are free for use.
    WorktreePoolSize: Integer = "flowspan.worktree.pool.size";
    /// Bytes of memory in use.
    MemoryUsed: Integer = "flowspan.memory.used";
    /// Bytes of memory that may be in use.
    MemoryLimit: Integer = "flowspan.memory.limit";
    /// How many things an event speaks of; one if nothing is said.
    Count: Integer = "flowspan.count";
    /// Why something happened, in a few words. Never a label.
    Reason: Text = "flowspan.reason";
    /// Roll-up of a workflow or agent: tokens of the requests of all model calls inside.
    RollUpInputTokens: Integer = "flowspan.usage.input_tokens";
    /// Roll-up of a workflow or agent: tokens of the responses of all model calls inside.
    RollUpOutputTokens: Integer = "flowspan.usage.output_tokens";
    /// Roll-up of a workflow or agent: the part of the input that was read from a cache.
    RollUpCacheReadTokens: Integer = "flowspan.usage.cache_read.input_tokens";
    /// Roll-up of a workflow or agent: the part of the input that was written to a cache.
    RollUpCacheWriteTokens: Integer = "flowspan.usage.cache_write.input_tokens";
    /// Roll-up of a workflow or agent: the part of the output that was spent on reasoning.
    RollUpReasoningTokens: Integer = "flowspan.usage.reasoning.output_tokens";
    /// Roll-up of a workflow or agent: what its model calls cost in USD, as far as prices are known.
    RollUpCost: Float = "flowspan.usage.cost";
    /// Roll-up of a workflow or agent: model calls inside.
    RollUpInferenceCalls: Integer = "flowspan.usage.inference_calls";
    /// Roll-up of a workflow or agent: tool calls inside.
    RollUpToolCalls: Integer = "flowspan.usage.tool_calls";
    /// Roll-up of a workflow: steps inside.
    RollUpSteps: Integer = "flowspan.usage.steps";
}

impl Field {
    /// What every span can say at its end.
    pub const OF_AN_END: &'static [Field] = &[Field::Status, Field::ErrorType, Field::ErrorMessage];

    /// The sums that a workflow or an agent can carry over everything inside it. They are there to be
    /// read on the span: no metric is fed from them, because the work inside has been counted already.
    pub const ROLL_UP: &'static [Field] = &[
        Field::RollUpInputTokens,
        Field::RollUpOutputTokens,
        Field::RollUpCacheReadTokens,
        Field::RollUpCacheWriteTokens,
        Field::RollUpReasoningTokens,
        Field::RollUpCost,
        Field::RollUpInferenceCalls,
        Field::RollUpToolCalls,
        Field::RollUpSteps,
    ];

    /// What flowspan itself finds out about a model call or an agent by its end. Nobody else needs to
    /// say it.
    pub const ADDED: &'static [Field] =
        &[Field::AgentInferenceCalls, Field::AgentToolCalls, Field::Duplicate, Field::CostSource];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_names_exactly_one_field() {
        for field in Field::ALL {
            assert_eq!(Field::from_key(field.key()), Some(*field));
            assert!(!field.description().is_empty());
        }
        assert_eq!(Field::from_key("nothing.of.ours"), None);
    }
}
