//! The attributes that flowspan understands.

macro_rules! fields {
    ($( $(#[doc = $doc:literal])+ $variant:ident = $key:literal $(, $inherited:ident)? ; )+) => {
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

fields! {
    /// Name of the workflow. Low cardinality.
    WorkflowName = "gen_ai.workflow.name", inherited;
    /// Identifier of one run of a workflow.
    RunId = "flowspan.run.id", inherited;
    /// Name of a phase of a workflow.
    PhaseName = "flowspan.phase.name", inherited;
    /// Name of a step.
    StepName = "flowspan.step.name";
    /// Type of a step: claude, shell, goal_seek, foreach, agent, tool, or the program's own.
    StepType = "flowspan.step.type", inherited;
    /// Position of a step in its workflow, from 0.
    StepIndex = "flowspan.step.index";
    /// Which attempt at the same work this is, from 1.
    Attempt = "flowspan.attempt";
    /// Name of the agent.
    AgentName = "gen_ai.agent.name", inherited;
    /// The operation: chat, embeddings, invoke_agent, execute_tool and so on.
    Operation = "gen_ai.operation.name";
    /// Who serves the model, as the GenAI conventions name it.
    Provider = "gen_ai.provider.name";
    /// The model that was asked for.
    RequestModel = "gen_ai.request.model";
    /// Whether the response was streamed.
    Stream = "gen_ai.request.stream";
    /// The upper bound of output tokens that was asked for.
    MaxTokens = "gen_ai.request.max_tokens";
    /// The sampling temperature that was asked for.
    Temperature = "gen_ai.request.temperature";
    /// The model that answered.
    ResponseModel = "gen_ai.response.model";
    /// The provider's identifier of the response.
    ResponseId = "gen_ai.response.id";
    /// Why the model stopped, one reason for each choice, separated by commas.
    FinishReasons = "gen_ai.response.finish_reasons";
    /// Seconds from the request to the first chunk of a streamed response.
    TimeToFirstChunk = "gen_ai.response.time_to_first_chunk";
    /// Chunks of a streamed response that arrived.
    Chunks = "flowspan.response.chunks";
    /// Tokens of the request, cached ones included.
    InputTokens = "gen_ai.usage.input_tokens";
    /// Tokens of the response, reasoning included.
    OutputTokens = "gen_ai.usage.output_tokens";
    /// The part of the input tokens that was read from a cache.
    CacheReadTokens = "gen_ai.usage.cache_read.input_tokens";
    /// The part of the input tokens that was written to a cache.
    CacheWriteTokens = "gen_ai.usage.cache_write.input_tokens";
    /// The part of the output tokens that was spent on reasoning.
    ReasoningTokens = "gen_ai.usage.reasoning.output_tokens";
    /// Name of the tool.
    ToolName = "gen_ai.tool.name";
    /// Identifier of one call of a tool.
    ToolCallId = "gen_ai.tool.call.id";
    /// Type of the tool: function, extension or datastore.
    ToolType = "gen_ai.tool.type";
    /// Name of a map-reduce job.
    Job = "flowspan.map_reduce.job", inherited;
    /// Number of items that a map-reduce job has.
    Items = "flowspan.map_reduce.items";
    /// Identifier of one item of a map-reduce job.
    ItemId = "flowspan.map_reduce.item.id", inherited;
    /// What became of an item, where its status does not say it: dlq.
    ItemOutcome = "flowspan.map_reduce.item.outcome";
    /// How the work ended: success, failed, cancelled or timeout.
    Status = "flowspan.status";
    /// The class of the error. Low cardinality.
    ErrorType = "error.type";
    /// The text of the error. Never a label.
    ErrorMessage = "otel.status_description";
    /// Outcome of a validation: passed or failed.
    ValidationResult = "flowspan.validation.result";
    /// Outcome of a recovery: success or failed.
    RecoveryOutcome = "flowspan.recovery.outcome";
    /// Seconds until the next attempt.
    RetryDelay = "flowspan.retry.delay";
    /// Name or version of a checkpoint.
    CheckpointName = "flowspan.checkpoint.name";
    /// How many things an event speaks of.
    Count = "flowspan.count";
    /// Why something happened, in a few words. Never a label.
    Reason = "flowspan.reason";
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
