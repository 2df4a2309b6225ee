//! The rows of the catalog.

use super::{
    Amount, Instrument, Label, Metric, Naming, Source,
    labels::{
        AGENT, ERROR_TYPE, ITEM_STATUS, JOB, MODEL, PHASE, PROVIDER, STATUS, STEP, STEP_TYPE, TOKEN_TYPE,
        TOOL, VALIDATION_RESULT, WORKFLOW,
    },
};
use crate::{Field, Kind, Moment};

/// Seconds that a workflow or phase takes, from one to half an hour (seed 003).
const WORKFLOW_SECONDS: &[f64] = &[1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 600.0, 1800.0];
/// Seconds that a step or tool takes (seed 003).
const STEP_SECONDS: &[f64] = &[0.1, 1.0, 5.0, 10.0, 30.0, 60.0];
/// Seconds that an agent takes (seed 003).
const AGENT_SECONDS: &[f64] = &[1.0, 10.0, 30.0, 60.0, 300.0, 600.0];

/// Every metric, in the order of the documentation.
pub static METRICS: &[Metric] = &[
    counter(
        "workflow.executions",
        "{execution}",
        "Workflows that ended, by outcome.",
        &[WORKFLOW, STATUS],
        &[ended(Kind::Workflow)],
    ),
    seconds(
        "workflow.duration",
        "How long workflows took.",
        &[WORKFLOW, STATUS],
        WORKFLOW_SECONDS,
        &[lasted(Kind::Workflow)],
    ),
    counter(
        "workflow.steps",
        "{step}",
        "Steps that ended inside workflows.",
        &[WORKFLOW],
        &[ended(Kind::Step)],
    ),
    running(
        "workflow.active",
        "{workflow}",
        "Workflows that run now.",
        &[WORKFLOW],
        &[started(Kind::Workflow), left(Kind::Workflow)],
    ),
    counter(
        "step.executions",
        "{execution}",
        "Steps that ended, by outcome.",
        &[STEP_TYPE, STATUS, WORKFLOW, STEP],
        &[ended(Kind::Step)],
    ),
    seconds(
        "step.duration",
        "How long steps took.",
        &[STEP_TYPE, WORKFLOW, STEP],
        STEP_SECONDS,
        &[lasted(Kind::Step)],
    ),
    counter(
        "step.errors",
        "{error}",
        "Steps that ended with an error, by its class.",
        &[STEP_TYPE, ERROR_TYPE],
        &[failed(Kind::Step)],
    ),
    counter(
        "step.on_failure_recoveries",
        "{recovery}",
        "On-failure handlers that ran.",
        &[STEP_TYPE],
        &[occurred(Kind::Recovery)],
    ),
    counter(
        "step.validations",
        "{validation}",
        "Results that were checked, by outcome.",
        &[STEP_TYPE, VALIDATION_RESULT],
        &[occurred(Kind::Validation)],
    ),
    counter(
        "step.retries",
        "{retry}",
        "Further attempts at the same work.",
        &[STEP_TYPE],
        &[occurred(Kind::Retry)],
    ),
    seconds(
        "phase.duration",
        "How long phases took.",
        &[PHASE, STATUS],
        WORKFLOW_SECONDS,
        &[lasted(Kind::Phase)],
    ),
    counter(
        "phase.transitions",
        "{transition}",
        "Phases that were entered.",
        &[PHASE],
        &[started(Kind::Phase)],
    ),
    running(
        "mapreduce.jobs_active",
        "{job}",
        "Map-reduce jobs that run now.",
        &[JOB],
        &[started(Kind::MapReduce), left(Kind::MapReduce)],
    ),
    running(
        "mapreduce.agents_active",
        "{agent}",
        "Map-reduce items that are worked on now.",
        &[JOB],
        &[started(Kind::MapItem), left(Kind::MapItem)],
    ),
    counter(
        "mapreduce.items",
        "{item}",
        "Items that ended, by outcome; dlq is an item that went to the dead-letter queue.",
        &[JOB, ITEM_STATUS],
        &[ended(Kind::MapItem)],
    ),
    running(
        "mapreduce.dlq_items",
        "{item}",
        "Items in the dead-letter queue now.",
        &[JOB],
        &[occurred(Kind::DeadLetterAdded), taken(Kind::DeadLetterRemoved, Field::Count)],
    ),
    counter(
        "agent.executions",
        "{execution}",
        "Agents that ended, by outcome.",
        &[AGENT, STATUS],
        &[ended(Kind::Agent)],
    ),
    seconds(
        "agent.duration",
        "How long agents took.",
        &[AGENT, STATUS, JOB],
        AGENT_SECONDS,
        &[lasted(Kind::Agent)],
    ),
    counter(
        "tool.executions",
        "{execution}",
        "Tool calls that ended, by outcome.",
        &[TOOL, STATUS],
        &[ended(Kind::ToolCall)],
    ),
    seconds(
        "tool.duration",
        "How long tool calls took.",
        &[TOOL, STATUS],
        STEP_SECONDS,
        &[lasted(Kind::ToolCall)],
    ),
    counter(
        "llm.tokens",
        "{token}",
        "Tokens of model calls. Cache reads and writes are parts of input, reasoning is a part of output: input and output together are the total.",
        &[TOKEN_TYPE, PROVIDER, MODEL],
        &[
            tokens(Field::InputTokens, "input"),
            tokens(Field::OutputTokens, "output"),
            tokens(Field::CacheReadTokens, "cache_read"),
            tokens(Field::CacheWriteTokens, "cache_write"),
            tokens(Field::ReasoningTokens, "reasoning"),
        ],
    ),
    counter(
        "llm.calls",
        "{call}",
        "Model calls that ended, all attempts of a call together, by outcome.",
        &[PROVIDER, MODEL, STATUS],
        &[ended(Kind::Inference)],
    ),
    counter(
        "llm.errors",
        "{error}",
        "Model calls that ended with an error, by its class.",
        &[PROVIDER, MODEL, ERROR_TYPE],
        &[failed(Kind::Inference)],
    ),
    counter(
        "checkpoints.created",
        "{checkpoint}",
        "Checkpoints that were written.",
        &[],
        &[occurred(Kind::CheckpointCreated)],
    ),
];

const fn counter(
    name: &'static str,
    unit: &'static str,
    description: &'static str,
    labels: &'static [Label],
    sources: &'static [Source],
) -> Metric {
    Metric {
        name,
        naming: Naming::Namespaced,
        instrument: Instrument::Counter,
        unit,
        description,
        labels,
        buckets: &[],
        sources,
    }
}

/// A histogram of how long things of a kind took.
const fn seconds(
    name: &'static str,
    description: &'static str,
    labels: &'static [Label],
    buckets: &'static [f64],
    sources: &'static [Source],
) -> Metric {
    Metric {
        name,
        naming: Naming::Namespaced,
        instrument: Instrument::Histogram,
        unit: "s",
        description,
        labels,
        buckets,
        sources,
    }
}

/// A gauge of what is there now: up when it comes, down when it goes.
const fn running(
    name: &'static str,
    unit: &'static str,
    description: &'static str,
    labels: &'static [Label],
    sources: &'static [Source],
) -> Metric {
    Metric {
        name,
        naming: Naming::Namespaced,
        instrument: Instrument::UpDownCounter,
        unit,
        description,
        labels,
        buckets: &[],
        sources,
    }
}

const fn source(moment: Moment, kind: Kind, amount: Amount) -> Source {
    Source { moment, kind, amount, requires: None, fixed: None }
}

const fn started(kind: Kind) -> Source {
    source(Moment::Started, kind, Amount::One)
}

const fn ended(kind: Kind) -> Source {
    source(Moment::Ended, kind, Amount::One)
}

/// The end of something that was counted when it started.
const fn left(kind: Kind) -> Source {
    source(Moment::Ended, kind, Amount::MinusOne)
}

/// How long it took from start to end.
const fn lasted(kind: Kind) -> Source {
    source(Moment::Ended, kind, Amount::Duration)
}

const fn occurred(kind: Kind) -> Source {
    source(Moment::Occurred, kind, Amount::One)
}

const fn taken(kind: Kind, field: Field) -> Source {
    source(Moment::Occurred, kind, Amount::MinusField(field))
}

/// An end that carries the class of an error.
const fn failed(kind: Kind) -> Source {
    Source { requires: Some(Field::ErrorType), ..ended(kind) }
}

/// Tokens of one type, counted when the call ends and nowhere else.
const fn tokens(field: Field, token_type: &'static str) -> Source {
    Source {
        fixed: Some(("token_type", token_type)),
        ..source(Moment::Ended, Kind::Inference, Amount::Field(field))
    }
}
