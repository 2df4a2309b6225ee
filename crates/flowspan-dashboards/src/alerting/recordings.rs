//! The recording rules.

use super::Recording;

/// Every recording rule, in the order of evaluation.
pub static RECORDINGS: &[Recording] = &[
    Recording {
        name: "budget_usd:30d",
        query: "vector(1000)",
        description: "What model calls may cost in 30 days, in US dollars. Put your budget here.",
    },
    Recording {
        name: "llm_cost_usd:rate5m",
        query: "sum(%grown(<llm.cost.usd>, 5m)) / 300",
        description: "Dollars each second, over five minutes.",
    },
    Recording {
        name: "llm_cost_usd:rate30m",
        query: "sum(%grown(<llm.cost.usd>, 30m)) / 1800",
        description: "Dollars each second, over half an hour.",
    },
    Recording {
        name: "llm_cost_usd:rate1h",
        query: "sum(%grown(<llm.cost.usd>, 1h)) / 3600",
        description: "Dollars each second, over an hour.",
    },
    Recording {
        name: "llm_cost_usd:rate6h",
        query: "sum(%grown(<llm.cost.usd>, 6h)) / 21600",
        description: "Dollars each second, over six hours.",
    },
    Recording {
        name: "llm_tokens:rate10m",
        query: r#"sum(%grown(<llm.tokens>{token_type=~"input|output"}, 10m)) / 600"#,
        description: "Tokens each second, over ten minutes: what the anomaly is measured against.",
    },
];
