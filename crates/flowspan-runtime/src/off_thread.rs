//! Waiting without blocking an async task.

use tokio::sync::oneshot;

/// Runs something that blocks on a short-lived thread and waits for its answer without blocking.
///
/// Needs no particular executor, and no healthy worker: that is why `flush` and `shutdown` in their
/// async form use it instead of a timer on the worker. If the system has no thread to give, the work
/// is done on the calling thread after all.
pub async fn off_thread<R: Send + 'static>(work: impl FnOnce() -> R + Send + 'static) -> Option<R> {
    let (answer, answered) = oneshot::channel();
    let slot = std::sync::Arc::new(std::sync::Mutex::new(Some((work, answer))));
    let run = {
        let slot = slot.clone();
        move || {
            let taken = slot.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
            if let Some((work, answer)) = taken {
                // Whoever asked may have gone away; the work was done for its effect.
                let _ = answer.send(work());
            }
        }
    };
    if let Err(_no_thread) = std::thread::Builder::new().name("flowspan-wait".to_owned()).spawn(run.clone()) {
        run();
    }
    answered.await.ok()
}
