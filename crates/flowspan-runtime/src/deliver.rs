//! What an exporter is to a pipeline.

use std::future::Future;

use crate::{DropReason, Ledger};

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

    /// Ends: sends what it still holds back itself. Called once at most, when the pipeline is shut down and nothing
    /// waits any more; nothing comes after it. Held within the export timeout and the deadline of the shutdown.
    /// Default: nothing is left to do.
    ///
    /// # Errors
    ///
    /// Something that it held back did not arrive, or nobody knows: told, and not counted.
    fn end(&mut self) -> impl Future<Output = Result<(), DeliverError>> + Send {
        async { Ok(()) }
    }

    /// About how many bytes an item takes while it waits. Asked when it is offered and when it goes out, and
    /// the same both times. Default: the size of its type, which is right for what holds nothing on the heap.
    fn bytes(item: &T) -> usize {
        size_of_val(item)
    }
}

/// The receiver took a batch, or a part of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delivered {
    lost: Vec<(DropReason, u64)>,
    message: Option<String>,
}

impl Delivered {
    /// All of it.
    pub fn all() -> Self {
        Delivered::default()
    }

    /// All of it but `rejected` items, and why the receiver refused those. The text must hold no
    /// secret.
    pub fn except(rejected: u64, message: impl Into<String>) -> Self {
        Delivered::all().without(DropReason::Rejected, rejected, message)
    }

    /// Without this many items, which were lost for this reason, beside those that were named before.
    /// The last text is shown to people, and must hold no secret.
    ///
    /// ```
    /// use flowspan_runtime::{Delivered, DropReason};
    ///
    /// let most = Delivered::all()
    ///     .without(DropReason::ExportFailed, 3, "connection refused")
    ///     .without(DropReason::ExportTimeout, 2, "nothing was taken for 5 s");
    /// assert_eq!(most.lost(), 5);
    /// ```
    #[must_use]
    pub fn without(mut self, reason: DropReason, items: u64, message: impl Into<String>) -> Self {
        if items == 0 {
            return self;
        }
        match self.lost.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, sum)) => *sum = sum.saturating_add(items),
            None => self.lost.push((reason, items)),
        }
        self.message = Some(message.into());
        self
    }

    /// How many items did not arrive.
    pub fn lost(&self) -> u64 {
        self.lost.iter().fold(0, |sum, (_, items)| sum.saturating_add(*items))
    }

    /// Enters what became of `size` items; no more of them are lost than there were.
    pub(crate) fn enter(&self, size: u64, ledger: &mut Ledger) {
        let mut left = size;
        for (reason, items) in &self.lost {
            let lost = (*items).min(left);
            ledger.dropped(*reason, lost);
            left -= lost;
        }
        ledger.delivered(left);
    }

    /// What people are told if something did not arrive.
    pub(crate) fn complaint(&self) -> Option<String> {
        let lost = self.lost();
        let message = self.message.as_deref().filter(|message| !message.is_empty());
        let message = message.unwrap_or("it did not say why");
        match self.lost.as_slice() {
            [] => None,
            [(DropReason::Rejected, _)] => Some(format!("the receiver rejected {lost} items: {message}")),
            _ => Some(format!("{lost} items of a batch did not arrive: {message}")),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn what_is_lost_is_entered_by_reason_and_the_rest_as_delivered(
            size in 0_u64..1000,
            lost in proptest::collection::vec((0..DropReason::ALL.len(), 0_u64..400), 0..6),
        ) {
            let delivered = lost.iter().fold(Delivered::all(), |delivered, (reason, items)| {
                delivered.without(DropReason::ALL[*reason], *items, "as told")
            });
            let mut ledger = Ledger::default();
            ledger.created(size);
            delivered.enter(size, &mut ledger);
            let account = ledger.account(0);
            proptest::prop_assert!(account.is_balanced());
            proptest::prop_assert_eq!(account.lost(), delivered.lost().min(size));
            let of_reason = |wanted: usize| -> u64 {
                lost.iter().filter(|(reason, _)| *reason == wanted).map(|(_, items)| items).sum()
            };
            for (index, reason) in DropReason::ALL.iter().enumerate() {
                proptest::prop_assert!(account.dropped_for(*reason) <= of_reason(index));
                if delivered.lost() <= size {
                    proptest::prop_assert_eq!(account.dropped_for(*reason), of_reason(index));
                }
            }
            proptest::prop_assert_eq!(delivered.complaint().is_some(), delivered.lost() > 0);
        }
    }
}
