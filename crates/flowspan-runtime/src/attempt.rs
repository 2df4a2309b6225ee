//! One export, held within its limits.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Poll;
use std::time::Duration;

use crate::{DeliverError, DropReason};

/// Runs an export: cancelled when the timeout passes, and a panic in it is an error like any other.
///
/// # Errors
///
/// What the export answers, [`DropReason::ExportTimeout`] or [`DropReason::ExporterPanicked`].
pub async fn attempt<A>(
    timeout: Duration,
    export: impl Future<Output = Result<A, DeliverError>> + Send,
) -> Result<A, DeliverError> {
    let mut export = Box::pin(export);
    // After a panic the exporter may be in a state that it never planned for. It is given the next
    // batch all the same: an exporter that is broken for good fails again, and that is counted too.
    let isolated = poll_fn(|context| {
        catch_unwind(AssertUnwindSafe(|| export.as_mut().poll(context)))
            .unwrap_or_else(|panic| Poll::Ready(Err(DeliverError::panicked(what_panicked(&*panic)))))
    });
    tokio::time::timeout(timeout, isolated)
        .await
        .unwrap_or_else(|_elapsed| Err(DeliverError::timed_out(format!("no answer within {timeout:?}"))))
}

fn what_panicked(panic: &(dyn Any + Send)) -> String {
    let text =
        panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    match text {
        Some(text) => format!("the exporter panicked: {text}"),
        None => format!("{}: no text", DropReason::ExporterPanicked),
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;
    use crate::Delivered;

    #[tokio::test(start_paused = true)]
    async fn an_export_without_an_answer_ends_at_its_timeout() {
        let error = attempt::<Delivered>(Duration::from_secs(10), pending()).await.expect_err("no answer");
        assert_eq!(error.reason(), DropReason::ExportTimeout);
        assert_eq!(error.to_string(), "no answer within 10s");
    }

    #[tokio::test]
    async fn a_panic_is_an_error() {
        let error = attempt::<Delivered>(Duration::from_secs(1), async { panic!("out of {}", "luck") })
            .await
            .expect_err("panicked");
        assert_eq!(error.reason(), DropReason::ExporterPanicked);
        assert_eq!(error.to_string(), "the exporter panicked: out of luck");
    }
}
