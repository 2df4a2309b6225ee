//! What holds for all rows.

use std::collections::HashSet;

use super::*;
use crate::{AskedEvent, Event, Field, ValueType};

/// Fields whose values nobody limits.
const UNBOUNDED: [Field; 25] = [
    Field::RunId,
    Field::ResumedRun,
    Field::JobId,
    Field::ItemId,
    Field::SessionId,
    Field::ToolCallId,
    Field::ResponseId,
    Field::MemoryStore,
    Field::MemoryRecord,
    Field::CheckpointName,
    Field::WorktreeName,
    Field::WorktreeBranch,
    Field::StorageName,
    Field::ErrorMessage,
    Field::Reason,
    Field::EvaluationExplanation,
    Field::EvaluationScore,
    Field::StepIndex,
    Field::Attempt,
    Field::Count,
    Field::FinishReasons,
    Field::StopSequences,
    Field::ConversationId,
    Field::ChunkTimes,
    Field::AgentDescription,
];

#[test]
fn every_name_stands_once_and_folds_into_its_own_prometheus_name() {
    let folded: HashSet<String> = METRICS.iter().map(|metric| metric.prometheus_name("ns")).collect();
    assert_eq!(folded.len(), METRICS.len());
    let without_units: HashSet<String> =
        METRICS.iter().map(|metric| metric.full_name("ns").replace('.', "_")).collect();
    assert_eq!(without_units.len(), METRICS.len());
}

#[test]
fn histograms_and_only_they_have_rising_buckets() {
    for metric in METRICS {
        let is_histogram = metric.instrument == Instrument::Histogram;
        assert_eq!(is_histogram, !metric.buckets.is_empty(), "{}", metric.name);
        assert!(metric.buckets.windows(2).all(|pair| pair[0] < pair[1]), "{}", metric.name);
    }
}

#[test]
fn every_unit_is_one_that_all_back_ends_write_alike() {
    for metric in METRICS {
        let is_annotation = metric.unit.starts_with('{') && metric.unit.ends_with('}');
        assert!(is_annotation || ["s", "By"].contains(&metric.unit), "{} in {}", metric.name, metric.unit);
    }
}

#[test]
fn a_fixed_label_is_a_label_of_its_metric() {
    for metric in METRICS {
        for (name, _) in metric.sources.iter().filter_map(|source| source.fixed) {
            assert!(metric.labels.iter().any(|label| label.name == name), "{}", metric.name);
        }
    }
}

#[test]
fn a_label_without_a_field_is_set_by_every_source_or_by_who_observes() {
    for metric in METRICS {
        for label in metric.labels.iter().filter(|label| label.from.is_empty()) {
            let sets = |source: &Source| source.fixed.is_some_and(|(name, _)| name == label.name);
            assert!(metric.sources.iter().all(sets), "{} of {}", label.name, metric.name);
        }
    }
}

#[test]
fn nothing_that_identifies_a_single_thing_is_a_label() {
    for metric in METRICS {
        for label in metric.labels {
            assert!(label.from.iter().all(|field| !UNBOUNDED.contains(field)), "{}", metric.name);
            let few = |field: &Field| field.value_type() == ValueType::Text || *field == Field::ServerPort;
            assert!(label.from.iter().all(few), "{}", metric.name);
            assert!((1..=200).contains(&label.limit), "{}", metric.name);
        }
    }
}

#[test]
fn what_counts_the_running_is_fed_at_both_ends() {
    for metric in METRICS.iter().filter(|metric| metric.name.ends_with("active")) {
        let balance: f64 = metric
            .sources
            .iter()
            .map(|source| {
                let event = Event::new(source.moment, source.kind);
                source.amount.of(&AskedEvent::once(&event)).unwrap_or(0.0)
            })
            .sum();
        assert_eq!(balance, 0.0, "{}", metric.name);
    }
}

#[test]
fn sources_stand_at_moments_that_their_kinds_have() {
    for metric in METRICS {
        for source in metric.sources {
            assert_eq!(source.kind.is_span(), source.moment != Moment::Occurred, "{}", metric.name);
        }
    }
}

#[test]
fn a_source_asks_only_for_what_its_kind_says() {
    for metric in METRICS {
        for source in metric.sources {
            let asked = match source.amount {
                Amount::Field(field) | Amount::Countable(field) | Amount::Each(field) => Some(field),
                Amount::Count | Amount::MinusCount => Some(Field::Count),
                _ => None,
            };
            let known = |field: Field| source.kind.fields().contains(&field) || Field::ADDED.contains(&field);
            assert!(asked.is_none_or(known), "{} asks {:?} for {asked:?}", metric.name, source.kind);
            let wanted = match source.amount {
                Amount::Each(_) => &[ValueType::Text][..],
                _ => &[ValueType::Integer, ValueType::Float],
            };
            let numeric = |field: Field| wanted.contains(&field.value_type());
            assert!(asked.is_none_or(numeric), "{}", metric.name);
        }
    }
}

/// The metrics of the system from which the design started, as its documents name them.
#[test]
fn every_metric_of_the_first_system_is_answered() {
    let wanted = [
        "workflow_executions_total",
        "workflow_duration_seconds",
        "workflow_steps_total",
        "workflow_active",
        "step_executions_total",
        "step_duration_seconds",
        "step_on_failure_recoveries_total",
        "step_validations_total",
        "mapreduce_jobs_active",
        "mapreduce_agents_active",
        "mapreduce_items_total",
        "mapreduce_dlq_items",
        "agent_duration_seconds",
        "mapreduce_worktrees_active",
        "claude_tokens_total",
        "claude_tool_invocations_total",
        "claude_sessions_total",
        "claude_errors_total",
        "worktree_pool_size",
        "storage_events_written_total",
        "checkpoints_created_total",
    ];
    for name in wanted {
        let answer = format!("003 prodigy_{name}");
        let answering = METRICS.iter().filter(|metric| metric.answers.contains(&answer.as_str()));
        assert_eq!(answering.count(), 1, "{answer}");
        if !name.starts_with("claude") {
            assert!(
                METRICS.iter().any(|metric| metric.prometheus_name("prodigy") == format!("prodigy_{name}"))
            );
        }
    }
}

#[test]
fn costs_in_other_currencies_are_not_dollars() {
    let (_, source) = fed_by(Moment::Ended, Kind::Inference)
        .find(|(metric, _)| metric.name == "llm.cost.usd")
        .expect("a model call feeds the cost");
    let call = Event::new(Moment::Ended, Kind::Inference).with(Field::CostAmount, 0.25);
    let amount = |call: &Event| source.amount_of(&AskedEvent::once(call));
    assert_eq!(amount(&call), Some(0.25));
    assert_eq!(amount(&call.clone().with(Field::CostCurrency, "USD")), Some(0.25));
    assert_eq!(amount(&call.with(Field::CostCurrency, "EUR")), None);
}

#[test]
fn an_occurrence_that_says_no_count_speaks_of_one_thing() {
    let removed = Event::new(Moment::Occurred, Kind::DeadLetterRemoved);
    let amount = |event: &Event| Amount::MinusCount.of(&AskedEvent::once(event));
    assert_eq!(amount(&removed), Some(-1.0));
    assert_eq!(amount(&removed.with(Field::Count, 3_u64)), Some(-3.0));
}

#[test]
fn a_namespace_is_made_of_what_every_back_end_carries() {
    for good in ["", "flowspan", "a.b_c9", &"x".repeat(64)] {
        assert!(is_namespace(good), "{good}");
    }
    for bad in ["9lives", "a b", "a.", "é", ".a", "_a", &"x".repeat(65)] {
        assert!(!is_namespace(bad), "{bad}");
    }
}
