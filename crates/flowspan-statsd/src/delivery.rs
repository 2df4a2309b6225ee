//! From the queue to the socket.

use std::time::Duration;

use flowspan_model::Measurement;
use flowspan_runtime::{Deliver, DeliverError, Delivered};
use tokio::time::Instant;

use crate::{
    ResolvedStatsd,
    lines::Lines,
    packer::Packer,
    socket::{SendError, Socket},
};

/// How long the datagrams of a batch may wait for the socket, together. After that, each is tried once.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// Writes the lines of a batch and sends them.
#[derive(Debug)]
pub(crate) struct Delivery {
    lines: Lines,
    packer: Packer,
    socket: Socket,
    /// The lines of one measurement; kept for its memory.
    scratch: String,
}

impl Delivery {
    pub(crate) fn new(statsd: &ResolvedStatsd) -> Self {
        Delivery {
            lines: Lines::new(statsd.form),
            packer: Packer::new(statsd.datagram_size),
            socket: Socket::new(&statsd.target),
            scratch: String::new(),
        }
    }

    /// Sends what is packed, and begins the next datagram.
    async fn send(&mut self, deadline: Instant, sent: &mut Sent) {
        let (datagram, items) = self.packer.datagram();
        match self.socket.send(datagram, deadline).await {
            Ok(()) => sent.arrived += items,
            Err(error) => {
                sent.lost += items;
                sent.error = Some(error);
            }
        }
        self.packer.clear();
    }
}

impl Deliver<Measurement> for Delivery {
    async fn deliver(&mut self, batch: Vec<Measurement>) -> Result<Delivered, DeliverError> {
        let deadline = Instant::now() + PATIENCE;
        let mut sent = Sent::default();
        // A batch that was cancelled may have left something behind; it is accounted for.
        self.packer.clear();
        for measurement in &batch {
            self.scratch.clear();
            self.lines.write(measurement, &mut self.scratch);
            if !self.packer.has_room(&self.scratch) {
                self.send(deadline, &mut sent).await;
            }
            self.packer.add(&self.scratch);
        }
        self.send(deadline, &mut sent).await;
        sent.outcome()
    }
}

/// What became of the measurements of a batch.
#[derive(Debug, Default)]
struct Sent {
    arrived: u64,
    lost: u64,
    error: Option<SendError>,
}

impl Sent {
    fn outcome(self) -> Result<Delivered, DeliverError> {
        match self.error {
            None => Ok(Delivered::all()),
            Some(error) if self.arrived > 0 => Ok(Delivered::except(self.lost, error.to_string())),
            Some(error @ SendError::TimedOut) => Err(DeliverError::timed_out(error.to_string())),
            Some(error) => Err(DeliverError::failed(error.to_string())),
        }
    }
}
