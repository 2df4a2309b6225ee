//! What telemetry observed of the run, for the summary.
//!
//! It takes the same events that feed the metrics, so the summary and `/metrics` cannot disagree.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use flowspan::Money;
use flowspan::model::{Event, EventSink, Field, Kind, Moment, Status, Usage, Value};
use serde::Serialize;

/// Counts events as they come.
#[derive(Debug)]
pub(super) struct Counts {
    /// Ends of spans and occurrences, by kind.
    seen: [AtomicU64; Kind::COUNT],
    planned: AtomicU64,
    success: AtomicU64,
    failed: AtomicU64,
    dlq: AtomicU64,
    usage: Mutex<Usage>,
    /// What the model calls cost, in US dollars.
    cost: Mutex<Option<Money>>,
    run: Mutex<Option<Run>>,
}

/// The run, as its outermost span tells of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    pub(super) trace: [u8; 16],
    /// Set when it has ended.
    pub(super) end: Option<(Status, Duration)>,
}

/// How often something was observed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Observed {
    pub(super) workflows: u64,
    pub(super) phases: u64,
    pub(super) steps: u64,
    pub(super) agents: u64,
    pub(super) tool_calls: u64,
    pub(super) model_calls: u64,
    pub(super) retries: u64,
    pub(super) recoveries: u64,
    pub(super) validations: u64,
    pub(super) checkpoints: u64,
    pub(super) checkpoints_loaded: u64,
    pub(super) sessions: u64,
    pub(super) cache_hits: u64,
    pub(super) cache_misses: u64,
    pub(super) worktrees: u64,
}

/// What became of the items.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Items {
    pub(super) total: u64,
    pub(super) success: u64,
    pub(super) failed: u64,
    pub(super) dlq: u64,
}

/// Tokens of all model calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Tokens {
    pub(super) input: u64,
    pub(super) output: u64,
    pub(super) cache_read: u64,
    pub(super) cache_write: u64,
    pub(super) reasoning: u64,
}

impl Default for Counts {
    fn default() -> Self {
        Self {
            seen: std::array::from_fn(|_| AtomicU64::new(0)),
            planned: AtomicU64::new(0),
            success: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            dlq: AtomicU64::new(0),
            usage: Mutex::default(),
            cost: Mutex::default(),
            run: Mutex::default(),
        }
    }
}

impl Counts {
    pub(super) fn observed(&self) -> Observed {
        let seen = |kind: Kind| self.seen[kind as usize].load(Ordering::Relaxed);
        Observed {
            workflows: seen(Kind::Workflow),
            phases: seen(Kind::Phase),
            steps: seen(Kind::Step),
            agents: seen(Kind::Agent),
            tool_calls: seen(Kind::ToolCall),
            model_calls: seen(Kind::Inference),
            retries: seen(Kind::Retry),
            recoveries: seen(Kind::Recovery),
            validations: seen(Kind::Validation),
            checkpoints: seen(Kind::CheckpointCreated),
            checkpoints_loaded: seen(Kind::CheckpointLoaded),
            sessions: seen(Kind::Session),
            cache_hits: seen(Kind::CacheHit),
            cache_misses: seen(Kind::CacheMiss),
            worktrees: seen(Kind::Worktree),
        }
    }

    pub(super) fn items(&self) -> Items {
        Items {
            total: self.planned.load(Ordering::Relaxed),
            success: self.success.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
            dlq: self.dlq.load(Ordering::Relaxed),
        }
    }

    pub(super) fn tokens(&self) -> Tokens {
        let usage = *self.usage.lock().unwrap_or_else(PoisonError::into_inner);
        Tokens {
            input: usage.input.unwrap_or(0),
            output: usage.output.unwrap_or(0),
            cache_read: usage.cache_read.unwrap_or(0),
            cache_write: usage.cache_write.unwrap_or(0),
            reasoning: usage.reasoning.unwrap_or(0),
        }
    }

    /// What the model calls cost, if a price is known.
    pub(super) fn cost_usd(&self) -> Option<f64> {
        self.cost.lock().unwrap_or_else(PoisonError::into_inner).map(Money::as_f64)
    }

    pub(super) fn run(&self) -> Option<Run> {
        *self.run.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn started(&self, event: &Event) {
        match event.kind {
            Kind::Workflow => {
                let run = Run { trace: event.ids.trace, end: None };
                *self.run.lock().unwrap_or_else(PoisonError::into_inner) = Some(run);
            }
            Kind::MapReduce => {
                let items = event.fields.integer(Field::Items).and_then(|items| u64::try_from(items).ok());
                self.planned.fetch_add(items.unwrap_or(0), Ordering::Relaxed);
            }
            _ => {}
        }
    }

    fn ended(&self, event: &Event) {
        match event.kind {
            Kind::Workflow => {
                let status = event.status().unwrap_or(Status::Success);
                let end = Some((status, event.duration.unwrap_or_default()));
                let run = Run { trace: event.ids.trace, end };
                *self.run.lock().unwrap_or_else(PoisonError::into_inner) = Some(run);
            }
            Kind::MapItem => self.item_ended(event),
            Kind::Inference => {
                *self.usage.lock().unwrap_or_else(PoisonError::into_inner) += event.usage();
                let amount = event.fields.get(Field::CostAmount).and_then(Value::as_number);
                if let Some(amount) = amount.and_then(Money::from_f64) {
                    *self.cost.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_default() +=
                        amount;
                }
            }
            _ => {}
        }
    }

    /// A dead letter that is worked on again is none any more; if it fails again, it is a new one.
    fn occurred(&self, event: &Event) {
        if event.kind == Kind::DeadLetterReprocessed {
            let letters = event.fields.integer(Field::Count).and_then(|count| u64::try_from(count).ok());
            let fewer = |dlq: u64| Some(dlq.saturating_sub(letters.unwrap_or(1)));
            let _ = self.dlq.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fewer);
        }
    }

    fn item_ended(&self, event: &Event) {
        let counter = match (event.fields.text(Field::ItemOutcome), event.status()) {
            (Some("dlq"), _) => &self.dlq,
            (_, Some(Status::Success)) => &self.success,
            (_, Some(Status::Failed | Status::Timeout)) => &self.failed,
            // A cancelled item has no outcome: a resumed run will work on it.
            _ => return,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

impl EventSink for Counts {
    fn event(&self, event: &Event) {
        // A call that another span has told already is not one more.
        if event.moment != Moment::Started && event.fields.get(Field::Duplicate).is_none() {
            self.seen[event.kind as usize].fetch_add(1, Ordering::Relaxed);
        }
        match event.moment {
            Moment::Started => self.started(event),
            Moment::Ended => self.ended(event),
            Moment::Occurred => self.occurred(event),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(kind: Kind) -> Event {
        Event::new(Moment::Ended, kind)
    }

    #[test]
    fn items_are_counted_by_outcome_and_cancelled_ones_by_none() {
        let counts = Counts::default();
        counts.event(&Event::new(Moment::Started, Kind::MapReduce).with(Field::Items, 4_u64));
        counts.event(&ended(Kind::MapItem).with(Field::Status, "success"));
        counts.event(&ended(Kind::MapItem).with(Field::Status, "failed").with(Field::ItemOutcome, "dlq"));
        counts.event(&ended(Kind::MapItem).with(Field::Status, "timeout"));
        counts.event(&ended(Kind::MapItem).with(Field::Status, "cancelled"));
        assert_eq!(counts.items(), Items { total: 4, success: 1, failed: 1, dlq: 1 });
    }

    #[test]
    fn a_dead_letter_that_is_worked_on_again_is_counted_by_how_that_ends() {
        let counts = Counts::default();
        let dead = || ended(Kind::MapItem).with(Field::Status, "failed").with(Field::ItemOutcome, "dlq");
        let again = || Event::new(Moment::Occurred, Kind::DeadLetterReprocessed).with(Field::Count, 1_u64);
        counts.event(&Event::new(Moment::Started, Kind::MapReduce).with(Field::Items, 2_u64));
        for event in [dead(), dead(), ended(Kind::MapItem).with(Field::Status, "success"), again()] {
            counts.event(&event);
        }
        counts.event(&dead());
        counts.event(&again());
        assert_eq!(counts.items(), Items { total: 2, success: 1, failed: 0, dlq: 1 });
    }

    #[test]
    fn tokens_are_the_sum_over_model_calls_alone() {
        let counts = Counts::default();
        for _ in 0..2 {
            counts.event(
                &ended(Kind::Inference).with(Field::InputTokens, 10_u64).with(Field::OutputTokens, 3_u64),
            );
        }
        counts.event(&ended(Kind::Agent).with(Field::InputTokens, 20_u64));
        assert_eq!(counts.tokens(), Tokens { input: 20, output: 6, ..Tokens::default() });
        assert_eq!(counts.observed().model_calls, 2);
    }
}
