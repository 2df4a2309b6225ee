//! What an exporter is to a pipeline.

use std::future::Future;

use crate::DropReason;

/// Sends batches somewhere.
///
/// Runs on the [`Worker`](crate::Worker): one batch at a time, cancelled (dropped) when the export
/// timeout passes, isolated when it panics. Whatever it sends retries by itself, within the timeout.
pub trait Deliver<T>: Send + 'static {
    /// Sends a batch, and answers once it is certain what became of it.
    ///
    /// # Errors
    ///
    /// Nothing of the batch arrived; all of it counts as lost for the reason that the error states.
    fn deliver(&mut self, batch: Vec<T>) -> impl Future<Output = Result<Delivered, DeliverError>> + Send;

    /// About how many bytes an item takes while it waits. Asked once, on the thread that offers it.
    /// Default: the size of its type, which is right for what holds nothing on the heap.
    fn bytes(item: &T) -> usize {
        size_of_val(item)
    }
}

/// The receiver took a batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delivered {
    pub(crate) rejected: u64,
    pub(crate) message: Option<String>,
}

impl Delivered {
    /// All of it.
    pub fn all() -> Self {
        Delivered::default()
    }

    /// All of it but `rejected` items, and why it refused those. The text must hold no secret.
    pub fn except(rejected: u64, message: impl Into<String>) -> Self {
        Delivered { rejected, message: Some(message.into()) }
    }

    /// How many items the receiver refused.
    pub fn rejected(&self) -> u64 {
        self.rejected
    }
}

/// A batch did not arrive.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct DeliverError {
    pub(crate) reason: DropReason,
    pub(crate) message: String,
}

impl DeliverError {
    /// The exporter gave up. The text must hold no secret: it is shown to people.
    pub fn failed(message: impl Into<String>) -> Self {
        DeliverError { reason: DropReason::ExportFailed, message: message.into() }
    }

    /// The exporter ran out of time.
    pub fn timed_out(message: impl Into<String>) -> Self {
        DeliverError { reason: DropReason::ExportTimeout, message: message.into() }
    }

    /// The receiver refused the whole batch, and would refuse it again.
    pub fn rejected(message: impl Into<String>) -> Self {
        DeliverError { reason: DropReason::Rejected, message: message.into() }
    }

    pub(crate) fn panicked(message: impl Into<String>) -> Self {
        DeliverError { reason: DropReason::ExporterPanicked, message: message.into() }
    }

    /// What the items of the batch are counted as.
    pub fn reason(&self) -> DropReason {
        self.reason
    }
}
