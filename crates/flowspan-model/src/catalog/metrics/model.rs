//! Calls of models, their sessions, and how good their results are.

use super::row::{SCORES, counter, ended, float_counter, histogram, occurred, said, source};
use crate::{
    Field, Kind, Moment,
    catalog::{
        Amount, Condition, Metric, Source,
        labels::{ERROR_TYPE, EVALUATION, MODEL, PROVIDER, SCORE_LABEL, STATUS, TOKEN_TYPE},
    },
};

pub(super) const ROWS: &[Metric] = &[
    counter(
        "llm.tokens",
        "{token}",
        "Tokens of model calls. Cache reads and writes are parts of input, reasoning is a part of output: input and output together are the total.",
    )
    .labels(&[TOKEN_TYPE, PROVIDER, MODEL])
    .fed_by(&[
        tokens(Kind::Inference, Field::InputTokens, "input"),
        tokens(Kind::Inference, Field::OutputTokens, "output"),
        tokens(Kind::Inference, Field::CacheReadTokens, "cache_read"),
        tokens(Kind::Inference, Field::CacheWriteTokens, "cache_write"),
        tokens(Kind::Inference, Field::ReasoningTokens, "reasoning"),
        tokens(Kind::Embeddings, Field::InputTokens, "input"),
    ])
    .answers(&[
        "003 prodigy_claude_tokens_total",
        "002 llms.prompt_tokens",
        "002 llms.completion_tokens",
        "002 llms.total_tokens",
    ]),
    // The currency stands in the name, because Prometheus' rules know no unit for it: the bridge of
    // this program would leave it out, and that of the Collector would keep it.
    float_counter(
        "llm.cost.usd",
        "{USD}",
        "What model calls cost in US dollars, as far as their prices are known; costs in other currencies are not in it.",
    )
    .labels(&[PROVIDER, MODEL])
    .fed_by(&[dollars(Kind::Inference), dollars(Kind::Embeddings)])
    .answers(&["002 llms.cost"]),
    counter("llm.calls", "{call}", "Model calls that ended, all attempts of a call together, by outcome.")
        .labels(&[PROVIDER, MODEL, STATUS])
        .fed_by(&[called(Kind::Inference), called(Kind::Embeddings)])
        .answers(&["002 llms.interaction_count"]),
    counter("llm.errors", "{error}", "Model calls that ended with an error, by its class.")
        .labels(&[PROVIDER, MODEL, ERROR_TYPE])
        .fed_by(&[refused(Kind::Inference), refused(Kind::Embeddings)])
        .answers(&["003 prodigy_claude_errors_total"]),
    counter("llm.sessions", "{session}", "Sessions with models or agents that ended, by outcome.")
        .labels(&[STATUS])
        .fed_by(&[ended(Kind::Session)])
        .answers(&["003 prodigy_claude_sessions_total"]),
    counter("evaluation.results", "{evaluation}", "Results that were rated, by the word of the rating.")
        .labels(&[EVALUATION, SCORE_LABEL])
        .fed_by(&[occurred(Kind::Evaluation)]),
    histogram("evaluation.score", "{score}", "Ratings of results that are numbers.", SCORES)
        .labels(&[EVALUATION])
        .fed_by(&[said(Kind::Evaluation, Field::EvaluationScore)]),
];

/// Tokens of one type, counted when the call ends and nowhere else.
const fn tokens(kind: Kind, field: Field, token_type: &'static str) -> Source {
    source(Moment::Ended, kind, Amount::Field(field)).fixed("token_type", token_type)
}

/// What a call cost, if that was in US dollars.
const fn dollars(kind: Kind) -> Source {
    source(Moment::Ended, kind, Amount::Field(Field::CostAmount))
        .only(&[Condition::IsOrUnknown(Field::CostCurrency, "USD")])
}

/// A call that ended and was not counted already, as another span.
const fn called(kind: Kind) -> Source {
    ended(kind).only(&[Condition::Unknown(Field::Duplicate)])
}

/// The same, of calls that ended with an error.
const fn refused(kind: Kind) -> Source {
    ended(kind).only(&[Condition::Unknown(Field::Duplicate), Condition::Known(Field::ErrorType)])
}
