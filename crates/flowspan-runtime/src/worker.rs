//! The thread that exporters run on.

use std::fmt;
use std::future::Future;
use std::io;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::oneshot;

use crate::Quiet;

/// One thread with a runtime of its own, on which everything that flowspan sends is sent.
///
/// One thread is enough: it only waits for sockets and encodes batches, and one thread means that
/// exporters never contend with each other. The runtime belongs to flowspan, so exports go on
/// whatever the program's own runtime does: with none, with `current_thread`, with one worker that
/// is waiting for the flush. Telemetry is suppressed on it, and the program's `tracing` subscriber
/// does not hear it.
///
/// Dropped, it tells the thread to end and does not wait: exports under way are cancelled, and what
/// still waits in a [`Pipeline`](crate::Pipeline) is counted as dropped at shutdown. It may be
/// dropped anywhere, also in an async task.
pub struct Worker {
    handle: WorkerHandle,
    // Behind a mutex, so that the worker can be shared and stopped by whoever comes first.
    stop: Mutex<Option<oneshot::Sender<()>>>,
    ended: Mutex<Receiver<()>>,
}

/// Starting the worker failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorkerError {
    /// The system gave no thread.
    #[error("cannot start the thread of the telemetry exporters")]
    Thread(#[source] io::Error),
    /// The system did not give what a runtime needs, such as file descriptors.
    #[error("cannot start the runtime of the telemetry exporters")]
    Runtime(#[source] io::Error),
    /// The thread ended before it had begun.
    #[error("the thread of the telemetry exporters ended at once")]
    Ended,
}

/// A way to the worker that does not keep it alive.
#[derive(Clone)]
pub struct WorkerHandle {
    runtime: Handle,
}

impl Worker {
    /// Starts the thread.
    ///
    /// # Errors
    ///
    /// The system has no thread or no file descriptors to give.
    pub fn start() -> Result<Self, WorkerError> {
        let (started, has_started) = sync_channel(1);
        let (stop, stopped) = oneshot::channel();
        let (ending, ended) = sync_channel(1);
        std::thread::Builder::new()
            .name("flowspan-export".to_owned())
            .spawn(move || run(&started, stopped, ending))
            .map_err(WorkerError::Thread)?;
        let runtime = has_started.recv().map_err(|_| WorkerError::Ended)?.map_err(WorkerError::Runtime)?;
        Ok(Worker {
            handle: WorkerHandle { runtime },
            stop: Mutex::new(Some(stop)),
            ended: Mutex::new(ended),
        })
    }

    /// A way to the worker that can be kept anywhere.
    pub fn handle(&self) -> WorkerHandle {
        self.handle.clone()
    }

    /// Tells the thread to end and waits until it has, up to `timeout`; whether it has. Blocks the
    /// calling thread meanwhile.
    pub fn stop(&self, timeout: Duration) -> bool {
        self.tell_to_stop();
        let ended = self.ended.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        !matches!(ended.recv_timeout(timeout), Err(RecvTimeoutError::Timeout))
    }

    fn tell_to_stop(&self) {
        if let Some(stop) = self.stop.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take() {
            // The thread may have ended by itself.
            let _ = stop.send(());
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.tell_to_stop();
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Worker")
    }
}

impl WorkerHandle {
    /// Runs a future on the worker. If the worker has ended, the future is dropped.
    pub fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        self.runtime.spawn(future);
    }

    /// Calls a function on this thread, quietly and with the worker's runtime as the current one:
    /// what it builds (a lazy gRPC channel, say) lives on the worker.
    pub fn enter<R>(&self, build: impl FnOnce() -> R) -> R {
        let _quiet = Quiet::enter();
        let _runtime = self.runtime.enter();
        build()
    }

    #[cfg(test)]
    pub(crate) fn of_this_test() -> Self {
        WorkerHandle { runtime: Handle::current() }
    }
}

impl fmt::Debug for WorkerHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WorkerHandle")
    }
}

fn run(started: &SyncSender<io::Result<Handle>>, stopped: oneshot::Receiver<()>, ending: SyncSender<()>) {
    let _quiet = Quiet::enter();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .thread_name("flowspan-blocking")
        // Names are looked up on threads of their own; they shall be as quiet.
        .on_thread_start(quiet_thread::begin)
        .on_thread_stop(quiet_thread::end)
        .build();
    match runtime {
        Ok(runtime) => {
            if started.send(Ok(runtime.handle().clone())).is_ok() {
                // Both an answer and a sender that is gone mean: stop.
                let _ = runtime.block_on(stopped);
            }
            // Waits for nothing: a name look-up may hang for minutes.
            runtime.shutdown_background();
        }
        Err(error) => drop(started.send(Err(error))),
    }
    drop(ending);
}

mod quiet_thread {
    use std::cell::RefCell;
    use std::mem::ManuallyDrop;

    use crate::Quiet;

    thread_local! {
        // Not dropped with the thread: the OpenTelemetry context that it would touch may be gone by then.
        static QUIET: RefCell<Option<ManuallyDrop<Quiet>>> = const { RefCell::new(None) };
    }

    pub(super) fn begin() {
        let quiet = ManuallyDrop::new(Quiet::enter());
        QUIET.with_borrow_mut(|slot| *slot = Some(quiet));
    }

    pub(super) fn end() {
        if let Some(quiet) = QUIET.with_borrow_mut(Option::take) {
            drop(ManuallyDrop::into_inner(quiet));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use opentelemetry::Context;

    use super::*;

    #[test]
    fn it_runs_futures_without_any_runtime_of_the_program() {
        let worker = Worker::start().expect("a thread");
        let (sender, receiver) = channel();
        worker.handle().spawn(async move {
            tokio::time::sleep(Duration::from_millis(1)).await;
            let blocking = tokio::task::spawn_blocking(Context::is_current_telemetry_suppressed).await;
            let _ = sender.send((Context::is_current_telemetry_suppressed(), blocking.ok()));
        });
        assert_eq!(receiver.recv(), Ok((true, Some(true))), "all threads of the worker are quiet");
        assert!(worker.stop(Duration::from_secs(10)));
        assert!(worker.stop(Duration::ZERO), "a second stop is harmless");
    }

    #[test]
    fn a_future_for_a_worker_that_has_ended_is_dropped() {
        let worker = Worker::start().expect("a thread");
        let handle = worker.handle();
        assert!(worker.stop(Duration::from_secs(10)));
        let (sender, receiver) = channel::<()>();
        handle.spawn(async move {
            let _ = sender.send(());
        });
        assert!(receiver.recv().is_err());
    }

    #[tokio::test]
    async fn it_can_be_dropped_in_an_async_task() {
        let worker = Worker::start().expect("a thread");
        let (sender, receiver) = channel::<()>();
        worker.handle().spawn(async move {
            let _held = sender;
            std::future::pending::<()>().await;
        });
        drop(worker);
        assert!(receiver.recv().is_err(), "the task was dropped with its runtime");
    }
}
