//! From an exporter's answer to a count.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use flowspan_runtime::{DeliverError, Delivered, FlushError, Notes, Shutdown};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};

use crate::secrets::Secrets;

/// Waits for an export and says what became of the items.
pub(crate) async fn outcome(
    secrets: &Secrets,
    export: impl Future<Output = OTelSdkResult>,
) -> Result<Delivered, DeliverError> {
    let (result, notes) = Notes::capture(export).await;
    match result {
        Ok(()) if notes.rejected == 0 => Ok(Delivered::all()),
        Ok(()) => Ok(Delivered::except(notes.rejected, secrets.clean(&notes.message.unwrap_or_default()))),
        Err(OTelSdkError::Timeout(after)) => {
            Err(DeliverError::timed_out(format!("no answer within {after:?}")))
        }
        Err(OTelSdkError::AlreadyShutdown) => {
            Err(DeliverError::failed("the exporter was shut down by somebody else"))
        }
        Err(OTelSdkError::InternalFailure(said)) => {
            let said = secrets.clean(&said);
            Err(DeliverError::failed(match notes.error {
                Some(cause) => format!("{said}: {}", secrets.clean(&cause)),
                None => said,
            }))
        }
    }
}

/// Shuts an exporter down, which may block, so it does that where nobody waits for the thread. One that was shut
/// down before has nothing left to do.
pub(crate) async fn end(
    secrets: &Secrets,
    shut_down: impl FnOnce(Duration) -> OTelSdkResult + Send + 'static,
) -> Result<(), DeliverError> {
    let ended = tokio::task::spawn_blocking(move || shut_down(SHUTDOWN_TIMEOUT));
    let result = async {
        match ended.await {
            Ok(Err(OTelSdkError::AlreadyShutdown)) => Ok(()),
            Ok(result) => result,
            Err(_panicked) => Err(OTelSdkError::InternalFailure("its shutdown panicked".to_owned())),
        }
    };
    outcome(secrets, result).await.map(drop)
}

/// A resource on its way from the SDK, which tells the processor, to the exporter on the worker.
#[derive(Clone, Debug, Default)]
pub(crate) struct ResourceSlot(Arc<Mutex<Option<Resource>>>);

impl ResourceSlot {
    pub(crate) fn put(&self, resource: &Resource) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(resource.clone());
    }

    pub(crate) fn take(&self) -> Option<Resource> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// How long an exporter is told that its shutdown may take: the SDK's own default.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(5);

/// How long the SDK's own `force_flush` may take, which has no argument for it.
pub(crate) const FORCE_FLUSH_TIMEOUT: Duration = Duration::from_secs(5);

pub(crate) fn flushed(result: Result<(), FlushError>) -> OTelSdkResult {
    result.map_err(|error| match error {
        FlushError::TimedOut { timeout, .. } => OTelSdkError::Timeout(timeout),
        FlushError::Closed => OTelSdkError::AlreadyShutdown,
        error => OTelSdkError::InternalFailure(error.to_string()),
    })
}

pub(crate) fn ended(shutdown: &Shutdown, timeout: Duration) -> OTelSdkResult {
    if shutdown.timed_out {
        Err(OTelSdkError::Timeout(timeout))
    } else if shutdown.lost > 0 {
        Err(OTelSdkError::InternalFailure(format!("{} items were lost at the shutdown", shutdown.lost)))
    } else {
        Ok(())
    }
}
