//! The alerts.

use super::{
    Alert,
    Limit::{Above, Below},
    Severity::{Critical, Warning},
};

/// Every alert.
pub static ALERTS: &[Alert] = &[
    Alert {
        name: "FlowspanDeadLettersGrowing",
        severity: Warning,
        // What was not there ten minutes ago has grown from nothing.
        query: "sum by (<job>) (<mapreduce.dlq_items>) and (sum by (<job>) (<mapreduce.dlq_items>) - (sum by (<job>) (<mapreduce.dlq_items> offset 10m) or sum by (<job>) (<mapreduce.dlq_items>) * 0)) > 0",
        limit: Above(10.0),
        lasting: "1m",
        summary: "{{ $value }} items wait in the dead-letter queue of {{ $labels.<job> }}, and more come",
        description: "Items fail faster than they are taken out again. The reasons stand on the spans of the items and in the table dead_letters.",
    },
    Alert {
        name: "FlowspanDeadLetterOld",
        severity: Warning,
        query: "max by (<job>) (<mapreduce.dlq_oldest_age>) and (sum by (<job>) (<mapreduce.dlq_items>) > 0)",
        limit: Above(3600.0),
        lasting: "5m",
        summary: "The oldest dead letter of {{ $labels.<job> }} has waited for {{ $value | humanizeDuration }}",
        description: "Nobody has looked after the queue. Reprocess or evict what is in it.",
    },
    Alert {
        name: "FlowspanWorkflowFailures",
        severity: Critical,
        // Five runs are enough to speak of a rate.
        query: r#"sum by (workflow_name) (%grown(<workflow.executions>{status=~"failed|timeout"}, 15m)) / (sum by (workflow_name) (%grown(<workflow.executions>, 15m)) >= 5)"#,
        limit: Above(0.2),
        lasting: "2m",
        summary: "{{ $value | humanizePercentage }} of the runs of {{ $labels.workflow_name }} fail",
        description: "More than a fifth of the runs of the last 15 minutes failed or timed out.",
    },
    Alert {
        name: "FlowspanStepRecoveries",
        severity: Warning,
        query: "sum by (step_type) (%grown(<step.on_failure_recoveries>, 30m)) / (sum by (step_type) (%grown(<step.executions>, 30m)) >= 10)",
        limit: Above(0.25),
        lasting: "5m",
        summary: "{{ $value | humanizePercentage }} of the steps of type {{ $labels.step_type }} need a recovery",
        description: "The steps work only by being repaired, which costs time and tokens.",
    },
    Alert {
        name: "FlowspanWorkflowStuck",
        severity: Critical,
        // Who waits for a person is not stuck.
        query: "sum by (workflow_name, instance) (<workflow.active>) unless on (workflow_name, instance) (sum by (workflow_name, instance) (%grown(<workflow.steps>, 15m)) > 0) unless on (instance) (sum by (instance) (<agent.blocked_active>) > 0)",
        limit: Above(0.0),
        lasting: "15m",
        summary: "{{ $value }} runs of {{ $labels.workflow_name }} on {{ $labels.instance }} make no progress",
        description: "Workflows run, but no step has ended for half an hour, and no agent waits for a person.",
    },
    Alert {
        name: "FlowspanBudgetFast",
        severity: Critical,
        // 14.4 times the budget's pace burns a fiftieth of it in an hour; the short window ends the alert soon.
        query: "<:llm_cost_usd:rate1h> * 2592000 / <:budget_usd:30d> and <:llm_cost_usd:rate5m> * 2592000 / <:budget_usd:30d> > 14.4",
        limit: Above(14.4),
        lasting: "2m",
        summary: "Models cost {{ $value | humanize }} times what the budget allows",
        description: "At this pace the budget of 30 days is gone in two days. The windows are an hour and five minutes.",
    },
    Alert {
        name: "FlowspanBudget",
        severity: Warning,
        query: "<:llm_cost_usd:rate6h> * 2592000 / <:budget_usd:30d> and <:llm_cost_usd:rate30m> * 2592000 / <:budget_usd:30d> > 2",
        limit: Above(2.0),
        lasting: "15m",
        summary: "Models cost {{ $value | humanize }} times what the budget allows",
        description: "At this pace the budget of 30 days does not last for 15. The windows are six hours and half an hour.",
    },
    Alert {
        name: "FlowspanTokenAnomaly",
        severity: Warning,
        // Three deviations above the day's mean, and at least twice the mean: a steady rate has a tiny deviation.
        query: "(<:llm_tokens:rate10m> - avg_over_time(<:llm_tokens:rate10m>[1d])) / (stddev_over_time(<:llm_tokens:rate10m>[1d]) > 0) and <:llm_tokens:rate10m> > 2 * avg_over_time(<:llm_tokens:rate10m>[1d])",
        limit: Above(3.0),
        lasting: "10m",
        summary: "The token rate is {{ $value | humanize }} standard deviations above that of the last day",
        description: "Far more tokens than usual: a loop, a new prompt, or many more users.",
    },
    Alert {
        name: "FlowspanTelemetryLost",
        severity: Warning,
        query: "sum by (signal, reason, instance) (%grown(<telemetry.dropped>, 10m))",
        limit: Above(0.0),
        lasting: "0m",
        summary: "{{ $labels.instance }} has lost {{ $value | humanize }} {{ $labels.signal }}: {{ $labels.reason }}",
        description: "What is lost cannot be seen in traces, logs or the event store. Metrics are complete.",
    },
    Alert {
        name: "FlowspanExporterDown",
        severity: Critical,
        query: "sum by (signal, instance) (<telemetry.queued>) and on (signal, instance) (sum by (signal, instance) (rate(<telemetry.delivered>[5m])) == 0)",
        limit: Above(0.0),
        lasting: "5m",
        summary: "{{ $labels.signal }} of {{ $labels.instance }} go nowhere; {{ $value }} wait",
        description: "Something waits to be sent, and nothing has been delivered for five minutes. The receiver is away or refuses everything.",
    },
    Alert {
        name: "FlowspanTargetDown",
        severity: Warning,
        query: r#"up{job="flowspan"}"#,
        limit: Below(1.0),
        lasting: "5m",
        summary: "{{ $labels.instance }} cannot be scraped",
        description: "The program has ended, or its metrics cannot be reached. All its other alerts are blind.",
    },
];
