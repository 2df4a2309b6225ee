//! What may block, on a thread of its own.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc::{self, Sender},
    thread,
};

use tokio::sync::oneshot;

use crate::{Deliver, DeliverError, Delivered, DropReason, WorkerError};

/// Calls a function with every item, on a thread that does nothing else, so that it may block as long as it
/// likes without anybody waiting for it.
///
/// A call that panics costs its item. A batch that takes longer than the pipeline waits is counted as lost,
/// although the function may still come to its end; until it has, further batches wait for it and are lost
/// in the same way. The thread ends when nobody delivers to it any more and the last call is back.
#[derive(Debug)]
pub struct OnThread<T> {
    batches: Sender<(Vec<T>, oneshot::Sender<u64>)>,
    /// The answer for a batch that nobody waits for any more.
    late: Option<oneshot::Receiver<u64>>,
}

impl<T: Send + 'static> OnThread<T> {
    /// Starts the thread.
    ///
    /// # Errors
    ///
    /// The system has no thread to give.
    pub fn start(call: impl Fn(T) + Send + 'static) -> Result<Self, WorkerError> {
        let (batches, given) = mpsc::channel::<(Vec<T>, oneshot::Sender<u64>)>();
        let serve = move || {
            for (batch, answer) in given {
                let panicked = |item| catch_unwind(AssertUnwindSafe(|| call(item))).is_err();
                let panics = batch.into_iter().map(panicked).filter(|panicked| *panicked).count();
                // Whoever waited may have given up.
                let _ = answer.send(panics as u64);
            }
        };
        thread::Builder::new().name("flowspan-sink".to_owned()).spawn(serve).map_err(WorkerError::Thread)?;
        Ok(OnThread { batches, late: None })
    }
}

impl<T: Send + 'static> Deliver<T> for OnThread<T> {
    async fn deliver(&mut self, batch: Vec<T>) -> Result<Delivered, DeliverError> {
        if let Some(late) = &mut self.late {
            let _ = late.await;
            self.late = None;
        }
        let (answer, answered) = oneshot::channel();
        self.batches.send((batch, answer)).map_err(|_gone| DeliverError::failed("its thread has ended"))?;
        // Kept here, so that it is known if this is cancelled.
        let panics = match self.late.insert(answered).await {
            Ok(panics) => panics,
            Err(_gone) => return Err(DeliverError::failed("its thread has ended")),
        };
        self.late = None;
        Ok(Delivered::all().without(DropReason::ExporterPanicked, panics, "the sink panicked"))
    }
}
