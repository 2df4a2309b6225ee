//! Map-reduce jobs.

use flowspan_model::Field;
use tracing::{Span, field::Empty, info_span};

use super::kind;
use crate::{Handle, event};

/// A map-reduce job: many items worked on side by side, then reduced.
///
/// Items and the reduction are made from the job, so they belong to it even if they run in tasks
/// of their own.
///
/// ```
/// # use flowspan_api::MapReduce;
/// # async fn run(files: Vec<String>) -> Result<usize, std::io::Error> {
/// MapReduce::new("files", files.len()).run_with(|job| async move {
///     for file in &files {
///         job.item(file).run(async { Ok::<_, std::io::Error>(()) }).await?;
///     }
///     job.reduce().run(async { Ok(files.len()) }).await
/// }).await
/// # }
/// ```
pub type MapReduce = Handle<kind::MapReduce>;

impl MapReduce {
    /// The job of this name with this many items. The name becomes a label: keep it to a small set.
    #[inline]
    pub fn new(name: &str, items: usize) -> Self {
        Handle::from_span(info_span!(
            target: "flowspan",
            "map_reduce",
            flowspan.status = Empty,
            flowspan.map_reduce.job = name,
            flowspan.map_reduce.id = Empty,
            flowspan.map_reduce.items = i64::try_from(items).unwrap_or(i64::MAX),
            "error.type" = Empty,
            otel.status_code = Empty,
            otel.status_description = Empty,
        ))
    }

    /// Sets your identifier of this run of the job. It stands on spans and events; it is a label only
    /// for those who ask for that.
    #[inline]
    #[must_use]
    pub fn id(self, id: &str) -> Self {
        self.record(Field::JobId, id)
    }

    /// One item of the job, inside it. The identifier stands on the span, never on a label.
    pub fn item(&self, id: &str) -> MapItem {
        Handle::from_span(info_span!(
            target: "flowspan",
            parent: self.span(),
            "map_item",
            flowspan.status = Empty,
            flowspan.attempt = Empty,
            flowspan.map_reduce.item.id = id,
            flowspan.map_reduce.item.outcome = Empty,
            "error.type" = Empty,
            otel.status_code = Empty,
            otel.status_description = Empty,
        ))
    }

    /// The reduction of the job's results, linked to the items that have ended by its end. Links are
    /// bounded; those that find no room are counted on the span.
    pub fn reduce(&self) -> Reduce {
        Handle::from_span(info_span!(
            target: "flowspan",
            parent: self.span(),
            "reduce",
            flowspan.status = Empty,
            "error.type" = Empty,
            otel.status_code = Empty,
            otel.status_description = Empty,
        ))
    }
}

/// One item of a [`MapReduce`] job.
pub type MapItem = Handle<kind::MapItem>;

impl MapItem {
    /// Sends the item to the dead-letter queue: it is counted there instead of among the failed.
    pub fn dead_letter(&self, reason: &str) {
        self.span().record(Field::ItemOutcome.key(), "dlq");
        self.span().in_scope(|| event::dead_letter_added(reason));
    }

    /// Sets which attempt at the item this is, from 1. Say it from the first one on: each attempt is
    /// linked to the one before.
    #[inline]
    #[must_use]
    pub fn attempt(self, attempt: u32) -> Self {
        self.record(Field::Attempt, i64::from(attempt))
    }
}

/// The reduction of a [`MapReduce`] job.
pub type Reduce = Handle<kind::Reduce>;

impl Reduce {
    /// Says that the reduction builds on this span, which is still open; shown as a link between the
    /// two. The items of the job need not be named.
    pub fn follows(&self, item: &Span) {
        self.span().follows_from(item);
    }
}
