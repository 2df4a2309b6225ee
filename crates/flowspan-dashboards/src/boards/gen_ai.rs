//! The metrics of the GenAI conventions, beside flowspan's own.

use super::{Row, row};
use crate::{
    Semconv,
    panel::{Look, Panel, Unit, ask, panel},
};

const SWITCHED_OFF: &str = "no program sends these metrics";

pub(super) fn rows(semconv: Semconv) -> Vec<Row> {
    let (latest, earlier) =
        (row("GenAI conventions", LATEST), row("GenAI conventions, release 1.41", EARLIER));
    match semconv {
        Semconv::Latest => vec![latest],
        Semconv::V1_41 => vec![earlier],
        Semconv::Both => vec![latest, earlier],
    }
}

const LATEST: &[Panel] = &[
    panel(
        Look::Lines,
        "How long calls take",
        "The 95th percentile of model calls by model, from the standard metric. It can be compared with that of any other program that follows the conventions.",
    )
    .asks(&[ask(
        r#"histogram_quantile(0.95, sum by (le, gen_ai_request_model) (rate(<gen_ai.client.inference.duration:bucket>{gen_ai_request_model=~"$model"}[$__rate_interval])))"#,
        "{{gen_ai_request_model}}",
    )])
    .unit(Unit::Seconds)
    .width(8)
    .empty(SWITCHED_OFF),
    panel(
        Look::Lines,
        "Time to the first chunk",
        "How long a person waits before something appears: the median of streamed calls.",
    )
    .asks(&[ask(
        r#"histogram_quantile(0.5, sum by (le, gen_ai_request_model) (rate(<gen_ai.client.inference.time_to_first_chunk:bucket>{gen_ai_request_model=~"$model"}[$__rate_interval])))"#,
        "{{gen_ai_request_model}}",
    )])
    .unit(Unit::Seconds)
    .width(8)
    .empty(SWITCHED_OFF),
    panel(Look::Areas, "Tokens", "Tokens each second from the standard counters.")
        .asks(&[
            ask(
                r#"sum(rate(<gen_ai.client.inference.usage.input_tokens>{gen_ai_request_model=~"$model"}[$__rate_interval]))"#,
                "input",
            ),
            ask(
                r#"sum(rate(<gen_ai.client.inference.usage.output_tokens>{gen_ai_request_model=~"$model"}[$__rate_interval]))"#,
                "output",
            ),
        ])
        .unit(Unit::PerSecond)
        .width(8)
        .empty(SWITCHED_OFF),
    panel(
        Look::Bars,
        "Model calls for each run of an agent",
        "How often a run of each agent asks a model on average. Twice as often as last week is a prompt that no longer says enough, or a loop.",
    )
    .asks(&[ask(
        "sum by (gen_ai_agent_name) (%grown(<gen_ai.invoke_agent.inference_calls:sum>, $__range)) / sum by (gen_ai_agent_name) (%grown(<gen_ai.invoke_agent.inference_calls:count>, $__range) > 0)",
        "{{gen_ai_agent_name}}",
    )])
    .width(12)
    .empty(SWITCHED_OFF),
    panel(
        Look::Bars,
        "Tool calls for each run of an agent",
        "How often a run of each agent uses a tool on average.",
    )
    .asks(&[ask(
        "sum by (gen_ai_agent_name) (%grown(<gen_ai.invoke_agent.tool_calls:sum>, $__range)) / sum by (gen_ai_agent_name) (%grown(<gen_ai.invoke_agent.tool_calls:count>, $__range) > 0)",
        "{{gen_ai_agent_name}}",
    )])
    .width(12)
    .empty(SWITCHED_OFF),
];

const EARLIER: &[Panel] = &[
    panel(
        Look::Lines,
        "How long operations take",
        "The 95th percentile of model calls by model, from the metric of release 1.41.",
    )
    .asks(&[ask(
        r#"histogram_quantile(0.95, sum by (le, gen_ai_request_model) (rate(<gen_ai.client.operation.duration:bucket>{gen_ai_request_model=~"$model"}[$__rate_interval])))"#,
        "{{gen_ai_request_model}}",
    )])
    .unit(Unit::Seconds)
    .empty(SWITCHED_OFF),
    panel(Look::Areas, "Tokens", "Tokens each second, from the histogram of release 1.41.")
        .asks(&[ask(
            r#"sum by (gen_ai_token_type) (rate(<gen_ai.client.token.usage:sum>{gen_ai_request_model=~"$model"}[$__rate_interval]))"#,
            "{{gen_ai_token_type}}",
        )])
        .unit(Unit::PerSecond)
        .empty(SWITCHED_OFF),
];
