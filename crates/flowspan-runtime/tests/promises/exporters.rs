//! Exporters that do as they are told.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use flowspan_runtime::{Deliver, DeliverError, Delivered, ExporterHealth, Health, Limits, Reporter, Worker};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Longer than anything here takes; reached only if something hangs.
pub(crate) const LONG: Duration = Duration::from_secs(60);

/// Nothing happens because time passes.
pub(crate) fn patient() -> Limits {
    Limits::new().delay(Duration::from_secs(3600)).export_timeout(Duration::from_secs(3600))
}

pub(crate) fn worker() -> Worker {
    Worker::start().expect("a thread")
}

pub(crate) fn health() -> ExporterHealth {
    Health::new(Reporter::silent()).exporter("test", "")
}

/// What happens to a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Arrives,
    Fails,
    LosesItsFirst,
    Hangs,
    Panics,
}

/// Gives each batch the next fate, in turn.
pub(crate) struct Fated {
    pub(crate) fates: Vec<Fate>,
    pub(crate) turn: usize,
    pub(crate) arrived: Arc<Mutex<Vec<u64>>>,
}

impl Fated {
    pub(crate) fn new(fates: &[Fate]) -> (Self, Arc<Mutex<Vec<u64>>>) {
        let arrived = Arc::<Mutex<Vec<u64>>>::default();
        (Fated { fates: fates.to_vec(), turn: 0, arrived: arrived.clone() }, arrived)
    }
}

impl Deliver<u64> for Fated {
    async fn deliver(&mut self, batch: Vec<u64>) -> Result<Delivered, DeliverError> {
        let fate = self.fates[self.turn % self.fates.len()];
        self.turn += 1;
        match fate {
            Fate::Arrives => self.arrived.lock().unwrap().extend(batch),
            Fate::Fails => return Err(DeliverError::failed("as told")),
            Fate::LosesItsFirst => {
                self.arrived.lock().unwrap().extend(&batch[1..]);
                return Ok(Delivered::except(1, "as told"));
            }
            Fate::Hangs => std::future::pending().await,
            Fate::Panics => panic!("as told"),
        }
        Ok(Delivered::all())
    }
}

/// Says when a batch comes, and lets it go when told.
pub(crate) struct Gated {
    came: Sender<Vec<u64>>,
    go: UnboundedReceiver<()>,
    /// Dropped when an export is cancelled or ends.
    ended: Sender<()>,
}

/// The other side of the gate.
pub(crate) struct Gate {
    pub(crate) came: Receiver<Vec<u64>>,
    pub(crate) go: UnboundedSender<()>,
    pub(crate) ended: Receiver<()>,
}

impl Gated {
    pub(crate) fn new() -> (Self, Gate) {
        let (came, has_come) = channel();
        let (go, may_go) = unbounded_channel();
        let (ended, has_ended) = channel();
        (Gated { came, go: may_go, ended }, Gate { came: has_come, go, ended: has_ended })
    }
}

struct Ended(Sender<()>);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}

impl Deliver<u64> for Gated {
    async fn deliver(&mut self, batch: Vec<u64>) -> Result<Delivered, DeliverError> {
        let _ended = Ended(self.ended.clone());
        let _ = self.came.send(batch);
        match self.go.recv().await {
            Some(()) => Ok(Delivered::all()),
            None => std::future::pending().await,
        }
    }
}
