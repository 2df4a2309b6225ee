//! The instruments of OpenTelemetry's GenAI convention, by its generations.
//!
//! Names, units, attributes and buckets are those of `semantic-conventions-genai` at commit `6fd0d763`,
//! and of the general conventions v1.41.0. Its `gen_ai.server.*` are for those who serve models.

use super::row::{counter, ended, histogram, lasted, seconds, source};
use crate::{
    Field, Generation, Kind, Moment,
    catalog::{
        Amount, Condition, Label, Metric, Source,
        labels::gen_ai::{
            AGENT, ERROR_TYPE, OPERATION, PROVIDER, REQUEST_MODEL, RESPONSE_MODEL, SERVER_ADDRESS,
            SERVER_PORT, TOKEN_MODALITY, TOKEN_TYPE, TOOL, TOOL_TYPE, WORKFLOW,
        },
    },
};

/// Where the names come from.
const CONVENTION: &str = "OpenTelemetry GenAI semantic conventions";

/// Seconds of a client's operation, doubled from ten milliseconds.
const OPERATION_SECONDS: &[f64] =
    &[0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];
/// Seconds of a workflow, up to two hours.
const WORKFLOW_SECONDS: &[f64] = &[1.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 7200.0];
/// Seconds of an agent, doubled from a tenth.
const AGENT_SECONDS: &[f64] = &[0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 51.2, 102.4, 204.8, 409.6];
/// Calls of one agent, doubled.
const CALLS: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0];
/// Tokens of one call, four times as many each.
const TOKENS: &[f64] = &[
    1.0,
    4.0,
    16.0,
    64.0,
    256.0,
    1024.0,
    4096.0,
    16_384.0,
    65_536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
    67_108_864.0,
];

/// What all instruments of a client have in common.
const CLIENT: &[Label] = &[OPERATION, PROVIDER, REQUEST_MODEL, RESPONSE_MODEL, SERVER_ADDRESS, SERVER_PORT];
const CLIENT_AND_ERROR: &[Label] =
    &[OPERATION, PROVIDER, REQUEST_MODEL, RESPONSE_MODEL, SERVER_ADDRESS, SERVER_PORT, ERROR_TYPE];
const CLIENT_AND_MODALITY: &[Label] =
    &[OPERATION, PROVIDER, REQUEST_MODEL, RESPONSE_MODEL, SERVER_ADDRESS, SERVER_PORT, TOKEN_MODALITY];
const CLIENT_AND_TYPE: &[Label] =
    &[OPERATION, PROVIDER, REQUEST_MODEL, RESPONSE_MODEL, SERVER_ADDRESS, SERVER_PORT, TOKEN_TYPE];

pub(super) const ROWS: &[Metric] = &[
    seconds("gen_ai.client.inference.duration", "How long model calls took.", OPERATION_SECONDS)
        .labels(CLIENT_AND_ERROR)
        .fed_by(&[latest(took(Kind::Inference))])
        .standard(CONVENTION),
    seconds(
        "gen_ai.client.inference.time_to_first_chunk",
        "Seconds from the request to the first chunk of a streamed response.",
        OPERATION_SECONDS,
    )
    .labels(CLIENT)
    .fed_by(&[latest(begun())])
    .standard(CONVENTION),
    seconds(
        "gen_ai.client.inference.time_per_output_chunk",
        "Seconds from one chunk of a streamed response to the next, once for each chunk after the first.",
        OPERATION_SECONDS,
    )
    .labels(CLIENT)
    .fed_by(&[latest(streamed())])
    .standard(CONVENTION),
    used(
        "gen_ai.client.inference.usage.input_tokens",
        "Tokens of requests, cached ones included.",
        &[of_modality(Field::InputTokens)],
    ),
    used(
        "gen_ai.client.inference.usage.output_tokens",
        "Tokens of responses, reasoning included.",
        &[of_modality(Field::OutputTokens)],
    ),
    used(
        "gen_ai.client.inference.usage.cache_read.input_tokens",
        "The part of the input tokens that was read from a cache.",
        &[of_modality(Field::CacheReadTokens)],
    ),
    used(
        "gen_ai.client.inference.usage.cache_write.input_tokens",
        "The part of the input tokens that was written to a cache.",
        &[of_modality(Field::CacheWriteTokens)],
    ),
    used(
        "gen_ai.client.inference.usage.reasoning.output_tokens",
        "The part of the output tokens that was spent on reasoning.",
        &[of_modality(Field::ReasoningTokens)],
    ),
    histogram(
        "gen_ai.client.inference.operation.input_tokens",
        "{token}",
        "Tokens of the request of one model call that came to its end; for percentiles, not for totals.",
        TOKENS,
    )
    .labels(CLIENT)
    .fed_by(&[of_whole_calls(Field::InputTokens)])
    .standard(CONVENTION),
    histogram(
        "gen_ai.client.inference.operation.output_tokens",
        "{token}",
        "Tokens of the response of one model call that came to its end; for percentiles, not for totals.",
        TOKENS,
    )
    .labels(CLIENT)
    .fed_by(&[of_whole_calls(Field::OutputTokens)])
    .standard(CONVENTION),
    seconds(
        "gen_ai.client.operation.duration",
        "How long embeddings, retrievals and work with memory took; in the older generation model calls, too.",
        OPERATION_SECONDS,
    )
    .labels(CLIENT_AND_ERROR)
    .fed_by(&[
        took(Kind::Embeddings),
        lasted(Kind::Retrieval),
        latest(lasted(Kind::Memory)),
        v1_41(took(Kind::Inference)),
    ])
    .standard(CONVENTION),
    seconds(
        "gen_ai.client.operation.time_to_first_chunk",
        "Seconds from the request to the first chunk of a streamed response.",
        OPERATION_SECONDS,
    )
    .labels(CLIENT)
    .fed_by(&[v1_41(begun())])
    .standard(CONVENTION),
    seconds(
        "gen_ai.client.operation.time_per_output_chunk",
        "Seconds from one chunk of a streamed response to the next, once for each chunk after the first.",
        OPERATION_SECONDS,
    )
    .labels(CLIENT)
    .fed_by(&[v1_41(streamed())])
    .standard(CONVENTION),
    histogram("gen_ai.client.token.usage", "{token}", "Tokens of one call, by their type.", TOKENS)
        .labels(CLIENT_AND_TYPE)
        .fed_by(&[
            of_type(Kind::Inference, Field::InputTokens, "input"),
            of_type(Kind::Inference, Field::OutputTokens, "output"),
            of_type(Kind::Embeddings, Field::InputTokens, "input"),
        ])
        .standard(CONVENTION),
    seconds("gen_ai.invoke_workflow.duration", "How long workflows took.", WORKFLOW_SECONDS)
        .labels(&[WORKFLOW, ERROR_TYPE])
        .fed_by(&[latest(lasted(Kind::Workflow))])
        .standard(CONVENTION),
    seconds("gen_ai.invoke_agent.duration", "How long agents took.", AGENT_SECONDS)
        .labels(&[AGENT, REQUEST_MODEL, ERROR_TYPE])
        .fed_by(&[latest(lasted(Kind::Agent))])
        .standard(CONVENTION),
    histogram(
        "gen_ai.invoke_agent.inference_calls",
        "{inference_call}",
        "Model calls that an agent made itself, failed ones included; those of its sub-agents are theirs.",
        CALLS,
    )
    .labels(&[AGENT])
    .fed_by(&[of_agents(Field::AgentInferenceCalls)])
    .standard(CONVENTION),
    histogram(
        "gen_ai.invoke_agent.tool_calls",
        "{tool_call}",
        "Tool calls that an agent made itself, failed ones included; those of its sub-agents are theirs.",
        CALLS,
    )
    .labels(&[AGENT])
    .fed_by(&[of_agents(Field::AgentToolCalls)])
    .standard(CONVENTION),
    seconds("gen_ai.execute_tool.duration", "How long tool calls took.", OPERATION_SECONDS)
        .labels(&[TOOL, TOOL_TYPE, AGENT, ERROR_TYPE])
        .fed_by(&[latest(lasted(Kind::ToolCall))])
        .standard(CONVENTION),
];

const fn latest(source: Source) -> Source {
    source.in_generation(Generation::Latest)
}

const fn v1_41(source: Source) -> Source {
    source.in_generation(Generation::V1_41)
}

/// How long a call took that was not counted already, as another span.
const fn took(kind: Kind) -> Source {
    lasted(kind).only(&[Condition::Unknown(Field::Duplicate)])
}

/// When a stream began, also if it broke later.
const fn begun() -> Source {
    source(Moment::Ended, Kind::Inference, Amount::Countable(Field::TimeToFirstChunk))
        .only(&[Condition::Unknown(Field::Duplicate)])
}

/// How its chunks came, also if it broke: what came had come.
const fn streamed() -> Source {
    source(Moment::Ended, Kind::Inference, Amount::Each(Field::ChunkTimes))
        .only(&[Condition::Unknown(Field::Duplicate)])
}

/// A counter of tokens.
const fn used(name: &'static str, description: &'static str, sources: &'static [Source]) -> Metric {
    counter(name, "{token}", description).labels(CLIENT_AND_MODALITY).fed_by(sources).standard(CONVENTION)
}

/// Tokens of a model call, whatever became of it. No provider's usage is told by modality here.
const fn of_modality(field: Field) -> Source {
    latest(source(Moment::Ended, Kind::Inference, Amount::Field(field)).fixed(TOKEN_MODALITY.name, "unknown"))
}

/// Tokens of a model call that came to its end: those of a broken one say nothing about the usual size.
const fn of_whole_calls(field: Field) -> Source {
    latest(
        source(Moment::Ended, Kind::Inference, Amount::Countable(field))
            .only(&[Condition::Unknown(Field::ErrorType)]),
    )
}

/// Tokens of one type, in the histogram whose sum used to be the total.
const fn of_type(kind: Kind, field: Field, token_type: &'static str) -> Source {
    v1_41(source(Moment::Ended, kind, Amount::Countable(field)).fixed(TOKEN_TYPE.name, token_type))
}

const fn of_agents(field: Field) -> Source {
    latest(Source { amount: Amount::Countable(field), ..ended(Kind::Agent) })
}
