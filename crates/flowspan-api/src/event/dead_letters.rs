//! The dead-letter queue of the current map-reduce job.

use std::time::Duration;

use tracing::{Level, event};

use super::whole;

/// An item went to the dead-letter queue of the current map-reduce job.
///
/// Inside an item, [`MapItem::dead_letter`](crate::MapItem::dead_letter) does this and marks the item.
pub fn dead_letter_added(reason: &str) {
    event!(name: "dead_letter_added", target: "flowspan", Level::INFO, flowspan.reason = reason, "dead letter");
}

/// This many items lie in the dead-letter queue from an earlier run.
///
/// Say it when a run goes on with an old queue: without it the queue would have less than nothing when
/// they leave.
pub fn dead_letters_restored(count: u64) {
    event!(
        name: "dead_letter_added",
        target: "flowspan", Level::INFO,
        flowspan.count = whole(count),
        flowspan.reason = "restored",
        "dead letters restored"
    );
}

/// This many items left the dead-letter queue, and nobody works on them again.
pub fn dead_letters_removed(count: u64) {
    event!(
        name: "dead_letter_removed",
        target: "flowspan", Level::INFO,
        flowspan.count = whole(count),
        "dead letters removed"
    );
}

/// This many items were taken out of the dead-letter queue to be worked on again.
///
/// One that fails again is added again.
pub fn dead_letters_reprocessed(count: u64) {
    event!(
        name: "dead_letter_reprocessed",
        target: "flowspan", Level::INFO,
        flowspan.count = whole(count),
        "dead letters reprocessed"
    );
}

/// This many items were thrown out of the dead-letter queue, because it was full or they were too old.
pub fn dead_letters_evicted(count: u64) {
    event!(
        name: "dead_letter_evicted",
        target: "flowspan", Level::INFO,
        flowspan.count = whole(count),
        "dead letters evicted"
    );
}

/// The oldest item of the dead-letter queue is this old. Zero for an empty queue.
pub fn dead_letter_age(oldest: Duration) {
    event!(
        name: "dead_letter_age",
        target: "flowspan", Level::INFO,
        flowspan.dead_letter.oldest_age = oldest.as_secs_f64(),
        "looked at the dead letters"
    );
}
