//! Things that happen inside the work: retries, recoveries, validations, checkpoints, dead letters.
//!
//! Each function speaks of the handle's span that is current when it is called. They are plain
//! `tracing` events, so the program's own log shows them, too.
//!
//! ```
//! use std::time::Duration;
//! use flowspan_api::{Step, event};
//!
//! # async fn work() -> Result<(), std::io::Error> {
//! Step::shell("fetch").run(async {
//!     event::retry(2, Duration::from_millis(200), "rate limited");
//!     Ok(())
//! }).await
//! # }
//! ```

use std::time::Duration;

use tracing::{Level, event};

/// Another attempt at the same work begins after `delay`.
///
/// `attempt` counts from 1, so the first retry is attempt 2. `reason` stays on the span.
pub fn retry(attempt: u32, delay: Duration, reason: &str) {
    event!(
        name: "retry",
        target: "flowspan", Level::INFO,
        flowspan.attempt = i64::from(attempt),
        flowspan.retry.delay = delay.as_secs_f64(),
        flowspan.reason = reason,
        "retrying"
    );
}

/// An on-failure handler ran; `recovered` says whether the work goes on.
pub fn recovery(recovered: Recovered) {
    event!(name: "recovery", target: "flowspan", Level::INFO, flowspan.recovery.outcome = recovered.as_str(), "recovering");
}

/// What an on-failure handler achieved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recovered {
    /// The work goes on.
    Yes,
    /// The work fails all the same.
    No,
}

impl Recovered {
    const fn as_str(self) -> &'static str {
        match self {
            Recovered::Yes => "success",
            Recovered::No => "failed",
        }
    }
}

/// A result was checked.
pub fn validation(result: Validation) {
    event!(name: "validation", target: "flowspan", Level::INFO, flowspan.validation.result = result.as_str(), "validated");
}

/// The outcome of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validation {
    /// The result is good.
    Passed,
    /// The result is not good.
    Failed,
}

impl Validation {
    const fn as_str(self) -> &'static str {
        match self {
            Validation::Passed => "passed",
            Validation::Failed => "failed",
        }
    }
}

/// A checkpoint of this name or version was written.
pub fn checkpoint_created(name: &str) {
    event!(name: "checkpoint_created", target: "flowspan", Level::INFO, flowspan.checkpoint.name = name, "checkpoint written");
}

/// An item went to the dead-letter queue of the current map-reduce job.
///
/// Inside an item, [`MapItem::dead_letter`](crate::MapItem::dead_letter) does this and marks the item.
pub fn dead_letter_added(reason: &str) {
    event!(name: "dead_letter_added", target: "flowspan", Level::INFO, flowspan.reason = reason, "dead letter");
}

/// This many items left the dead-letter queue of the current map-reduce job.
pub fn dead_letters_removed(count: u64) {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    event!(name: "dead_letter_removed", target: "flowspan", Level::INFO, flowspan.count = count, "dead letters removed");
}
