//! Model usage and cost.

use super::{Board, Row, gen_ai, row};
use crate::{
    Semconv,
    panel::{
        Colour::{Red, Yellow},
        Look, Panel, Tag, Unit, ask, number, panel, text,
    },
};
use flowspan_model::Field;

pub(super) fn board(semconv: Semconv) -> Board {
    let mut rows = ROWS.to_vec();
    rows.extend(gen_ai::rows(semconv));
    Board {
        uid: "flowspan-models",
        title: "flowspan: model usage and cost",
        description: "Where the tokens and the money go, and what to do about it.",
        time: "now-6h",
        rows,
    }
}

const ROWS: [Row; 5] = [
    row("At a glance", GLANCE),
    row("Over time", TIME),
    row("Tools and quality", QUALITY),
    row("Cost optimisation", ADVICE),
    Row { title: "By workflow and step, from PostgreSQL", panels: DETAILS, is_collapsed: true },
];

const OF_MODEL: &[Tag] = &[Tag::Of(Field::RequestModel, "model")];
const FAILED: &[Tag] = &[Tag::Of(Field::RequestModel, "model"), Tag::Is(Field::Status, "failed")];

const GLANCE: &[Panel] = &[
    panel(
        Look::Stat,
        "Tokens",
        "Input and output together, in the chosen time. Cached tokens are a part of the input, reasoning is a part of the output.",
    )
    .asks(&[ask(
        r#"sum(%grown(<llm.tokens>{token_type=~"input|output",model=~"$model"}, $__range))"#,
        "tokens",
    )]),
    panel(
        Look::Stat,
        "Cost",
        "What the calls of the chosen time cost, as far as their prices are known. A call without a price adds nothing, so the truth may be higher.",
    )
    .asks(&[ask(r#"sum(%grown(<llm.cost.usd>{model=~"$model"}, $__range))"#, "cost")])
    .unit(Unit::Dollars)
    .empty("no price is known"),
    panel(
        Look::Stat,
        "Cost of 30 days",
        "If the next 30 days cost as much each hour as the last hour did. Compare with the budget of the alert FlowspanBudget.",
    )
    .asks(&[ask(r#"sum(%grown(<llm.cost.usd>{model=~"$model"}, 1h)) * 24 * 30"#, "in 30 days")])
    .unit(Unit::Dollars)
    .empty("no price is known"),
    panel(Look::Stat, "Calls", "Model calls that ended in the chosen time; all attempts of a call are one.")
        .asks(&[ask(r#"sum(%grown(<llm.calls>{model=~"$model"}, $__range))"#, "calls")]),
    panel(
        Look::Stat,
        "Failed calls",
        "The share of the calls that failed for good, after all their attempts.",
    )
    .asks(&[ask(
        r#"(sum(%grown(<llm.calls>{model=~"$model",status=~"failed|timeout"}, $__range)) or vector(0)) / sum(%grown(<llm.calls>{model=~"$model"}, $__range))"#,
        "failed",
    )])
    .unit(Unit::Share)
    .worse_from(&[(0.02, Yellow), (0.1, Red)])
    .traces(&[Tag::Is(Field::Status, "failed")]),
    panel(
        Look::Stat,
        "Input from the cache",
        "The share of the input tokens that the provider had in its cache. Those are cheaper and faster.",
    )
    .asks(&[ask(
        r#"(sum(%grown(<llm.tokens>{token_type="cache_read",model=~"$model"}, $__range)) or vector(0)) / sum(%grown(<llm.tokens>{token_type="input",model=~"$model"}, $__range))"#,
        "cached",
    )])
    .unit(Unit::Share),
];

const TIME: &[Panel] = &[
    panel(
        Look::Areas,
        "Tokens over time",
        "Tokens each second. The three areas together are the total: input that was new, input from the cache, and output.",
    )
    .asks(&[
        ask(
            r#"sum(rate(<llm.tokens>{token_type="input",model=~"$model"}[$__rate_interval])) - (sum(rate(<llm.tokens>{token_type="cache_read",model=~"$model"}[$__rate_interval])) or vector(0))"#,
            "input, new",
        ),
        ask(
            r#"sum(rate(<llm.tokens>{token_type="cache_read",model=~"$model"}[$__rate_interval])) or vector(0)"#,
            "input, from the cache",
        ),
        ask(r#"sum(rate(<llm.tokens>{token_type="output",model=~"$model"}[$__rate_interval]))"#, "output"),
    ])
    .unit(Unit::PerSecond),
    panel(Look::Columns, "Cost over time", "US dollars in each interval, by model, as far as prices are known.")
        .asks(&[ask(
            r#"sum by (model) (%grown(<llm.cost.usd>{model=~"$model"}, $__interval))"#,
            "{{model}}",
        )])
        .unit(Unit::Dollars)
        .empty("no price is known")
        .traces(OF_MODEL),
    panel(Look::Columns, "Calls over time", "Calls in each interval, by model and outcome.")
        .asks(&[ask(
            r#"sum by (model, status) (%grown(<llm.calls>{model=~"$model"}, $__interval))"#,
            "{{model}}: {{status}}",
        )])
        .traces(OF_MODEL),
    panel(
        Look::Columns,
        "Errors of calls",
        "Calls that failed for good, by class. rate_limit: fewer at once, or a higher limit. timeout: shorter prompts or more patience.",
    )
    .asks(&[ask(
        r#"sum by (model, error_type) (%grown(<llm.errors>{model=~"$model"}, $__interval))"#,
        "{{model}}: {{error_type}}",
    )])
    .empty("no call failed")
    .traces(FAILED),
    panel(
        Look::Table(&[
            text("provider", "provider"),
            text("model", "model"),
            text("token_type", "tokens"),
            number("Value", "in the chosen time", Unit::Count),
        ]),
        "Tokens by model",
        "All types of tokens. cache_read and cache_write are parts of input, reasoning is a part of output.",
    )
    .asks(&[ask(
        r#"sum by (provider, model, token_type) (%grown(<llm.tokens>{model=~"$model"}, $__range))"#,
        "",
    )])
    .traces(OF_MODEL),
    panel(Look::Pie, "Sessions", "How sessions with models or agents ended.")
        .asks(&[ask("sum by (status) (%grown(<llm.sessions>, $__range))", "{{status}}")])
        .width(12)
        .empty("the program has no sessions"),
];

const QUALITY: &[Panel] = &[
    panel(
        Look::Bars,
        "Most used tools",
        "The ten tools that were called most in the chosen time. A tool that is called far more often than agents run is called in a loop.",
    )
    .asks(&[ask("topk(10, sum by (tool_name) (%grown(<tool.executions>, $__range)))", "{{tool_name}}")])
    .empty("no tool was called")
    .traces(&[Tag::Of(Field::ToolName, "tool_name")]),
    panel(Look::Bars, "Ratings", "Results that were rated, by the word of the rating.")
        .asks(&[ask(
            "sum by (evaluation, label) (%grown(<evaluation.results>, $__range))",
            "{{evaluation}}: {{label}}",
        )])
        .empty("nothing was rated"),
    panel(
        Look::Lines,
        "Median score",
        "Half of the ratings are above. When it falls after a change of model or prompt, change it back.",
    )
    .asks(&[ask(
        "histogram_quantile(0.5, sum by (le, evaluation) (rate(<evaluation.score:bucket>[$__rate_interval])))",
        "{{evaluation}}",
    )])
    .width(8)
    .unit(Unit::None)
    .empty("nothing was rated"),
];

const ADVICE: &[Panel] = &[
    panel(
        Look::Table(&[
            text("model", "model"),
            number("Value #A", "from the cache", Unit::Share),
            number("Value #B", "new input tokens", Unit::Count),
            number("Value #C", "at most to save", Unit::Dollars),
        ]),
        "What a better cache would save",
        "A low share with many new tokens: put what stays the same at the beginning of the prompt, so that the provider can cache it. The last column is what the calls of the chosen time would have cost less if all input had come from the cache at a tenth of its price, reckoned with the model's average price of a token; output is dearer than that average, so it is an upper bound. Empty without prices.",
    )
    .asks(&[
        ask(
            r#"(sum by (model) (%grown(<llm.tokens>{token_type="cache_read",model=~"$model"}, $__range)) or sum by (model) (<llm.tokens>{token_type="input",model=~"$model"}) * 0) / sum by (model) (%grown(<llm.tokens>{token_type="input",model=~"$model"}, $__range) > 0)"#,
            "",
        ),
        ask(
            r#"sum by (model) (%grown(<llm.tokens>{token_type="input",model=~"$model"}, $__range)) - (sum by (model) (%grown(<llm.tokens>{token_type="cache_read",model=~"$model"}, $__range)) or sum by (model) (<llm.tokens>{token_type="input",model=~"$model"}) * 0)"#,
            "",
        ),
        ask(
            r#"0.9 * (sum by (model) (%grown(<llm.tokens>{token_type="input",model=~"$model"}, $__range)) - (sum by (model) (%grown(<llm.tokens>{token_type="cache_read",model=~"$model"}, $__range)) or sum by (model) (<llm.tokens>{token_type="input",model=~"$model"}) * 0)) * sum by (model) (%grown(<llm.cost.usd>{model=~"$model"}, $__range)) / sum by (model) (%grown(<llm.tokens>{token_type=~"input|output",model=~"$model"}, $__range) > 0)"#,
            "",
        ),
    ])
    .traces(OF_MODEL),
    panel(
        Look::Table(&[
            text("model", "model"),
            number("Value #A", "tokens for each success", Unit::Count),
            number("Value #B", "dollars for each success", Unit::Dollars),
        ]),
        "What a success costs",
        "All tokens and dollars, those of failed calls included, for each call that succeeded. Where a cheaper model succeeds as often, use it.",
    )
    .asks(&[
        ask(
            r#"sum by (model) (%grown(<llm.tokens>{token_type=~"input|output",model=~"$model"}, $__range)) / sum by (model) (%grown(<llm.calls>{status="success",model=~"$model"}, $__range) > 0)"#,
            "",
        ),
        ask(
            r#"sum by (model) (%grown(<llm.cost.usd>{model=~"$model"}, $__range)) / sum by (model) (%grown(<llm.calls>{status="success",model=~"$model"}, $__range) > 0)"#,
            "",
        ),
    ])
    .traces(OF_MODEL),
    panel(
        Look::Table(&[
            text("model", "model"),
            number("Value #A", "output of all tokens", Unit::Share),
            number("Value #B", "against all models", Unit::None),
            number("Value #C", "reasoning of the output", Unit::Share),
        ]),
        "Models with an unusual share of output",
        "Output costs several times as much as input. Far above 1 in the third column: the model says more than the others do; ask for less, or limit it. A high share of reasoning: lower its effort where the task is simple.",
    )
    .asks(&[
        ask(
            r#"sum by (model) (%grown(<llm.tokens>{token_type="output",model=~"$model"}, $__range)) / sum by (model) (%grown(<llm.tokens>{token_type=~"input|output",model=~"$model"}, $__range) > 0)"#,
            "",
        ),
        ask(
            r#"(sum by (model) (%grown(<llm.tokens>{token_type="output",model=~"$model"}, $__range)) / sum by (model) (%grown(<llm.tokens>{token_type=~"input|output",model=~"$model"}, $__range) > 0)) / scalar(sum(%grown(<llm.tokens>{token_type="output"}, $__range)) / sum(%grown(<llm.tokens>{token_type=~"input|output"}, $__range)))"#,
            "",
        ),
        ask(
            r#"sum by (model) (%grown(<llm.tokens>{token_type="reasoning",model=~"$model"}, $__range)) / sum by (model) (%grown(<llm.tokens>{token_type="output",model=~"$model"}, $__range) > 0)"#,
            "",
        ),
    ])
    .traces(OF_MODEL),
    panel(
        Look::Stat,
        "Retries for each call",
        "Further attempts of steps for each model call. Each may repeat calls that were paid for already.",
    )
    .asks(&[ask(
        "(sum(%grown(<step.retries>, $__range)) or vector(0)) / sum(%grown(<llm.calls>, $__range))",
        "retries",
    )])
    .unit(Unit::None)
    .worse_from(&[(0.1, Yellow), (0.5, Red)])
    .width(12),
];

const DETAILS: &[Panel] = &[
    panel(
        Look::Table(&[]),
        "Tokens and cost by workflow, seven days",
        "Which workflows consume the most.",
    )
    .of_events()
    .asks(&[ask(
        "SELECT workflow_name, runs, input_tokens, output_tokens, total_tokens, total_tokens / nullif(runs, 0) AS tokens_each, cost_usd \
         FROM flowspan.workflow_cost_7d ORDER BY total_tokens DESC",
        "",
    )]),
    panel(
        Look::Table(&[]),
        "Tokens for each successful run",
        "All tokens of a workflow, those of failed runs included, for each run that succeeded.",
    )
    .of_events()
    .asks(&[ask(
        "SELECT runs.workflow_name, sum(calls.total_tokens) AS tokens, \
         count(DISTINCT runs.id) FILTER (WHERE runs.status = 'success') AS successes, \
         sum(calls.total_tokens) / nullif(count(DISTINCT runs.id) FILTER (WHERE runs.status = 'success'), 0) AS tokens_for_each_success \
         FROM flowspan.workflow_executions AS runs JOIN flowspan.model_usage AS calls ON calls.workflow_execution_id = runs.id \
         WHERE $__timeFilter(runs.started_at) GROUP BY runs.workflow_name ORDER BY tokens_for_each_success DESC NULLS LAST",
        "",
    )]),
    panel(
        Look::Table(&[]),
        "Failed attempts that cost most",
        "Workflows and steps by the tokens that went into attempts which failed: money for nothing. Check earlier what can be checked without a model, and retry less.",
    )
    .of_events()
    .asks(&[ask(
        "SELECT runs.workflow_name, steps.command AS step, count(DISTINCT steps.id) AS failed_attempts, \
         sum(calls.total_tokens) AS tokens_lost, sum(calls.cost_usd) AS dollars_lost \
         FROM flowspan.step_executions AS steps \
         JOIN flowspan.model_usage AS calls ON calls.step_execution_id = steps.id \
         LEFT JOIN flowspan.workflow_executions AS runs ON runs.id = steps.workflow_execution_id \
         WHERE $__timeFilter(steps.started_at) AND steps.status IN ('failed', 'timeout') \
         GROUP BY runs.workflow_name, steps.command ORDER BY tokens_lost DESC LIMIT 20",
        "",
    )])
    .empty("no attempt failed after a model was asked"),
    panel(Look::Table(&[]), "Most expensive runs", "The runs with the most tokens in the chosen time.")
        .of_events()
        .asks(&[ask(
            "SELECT runs.started_at, runs.workflow_name, runs.status, sum(calls.total_tokens) AS tokens, sum(calls.cost_usd) AS dollars, runs.trace_id \
             FROM flowspan.workflow_executions AS runs JOIN flowspan.model_usage AS calls ON calls.workflow_execution_id = runs.id \
             WHERE $__timeFilter(runs.started_at) AND runs.workflow_name ~ '^(${workflow:regex})$' \
             GROUP BY runs.id ORDER BY tokens DESC LIMIT 20",
            "",
        )]),
    panel(
        Look::Table(&[]),
        "Tokens by model, exact",
        "Each response once, even if two layers have seen it.",
    )
    .of_events()
    .asks(&[ask(
        "SELECT provider, model, count(*) AS calls, sum(input_tokens) AS input, sum(cache_read_tokens) AS cached, \
         sum(output_tokens) AS output, sum(reasoning_tokens) AS reasoning, sum(cost_usd) AS dollars \
         FROM flowspan.model_usage WHERE $__timeFilter(started_at) AND model ~ '^(${model:regex})$' \
         GROUP BY provider, model ORDER BY sum(total_tokens) DESC",
        "",
    )])
    .width(24),
];
