//! From the queue to the socket.

use std::time::Duration;

use flowspan_model::Measurement;
use flowspan_runtime::{Deliver, DeliverError, Delivered};
use tokio::time::Instant;

use crate::{ResolvedStatsd, lines::Lines, packer::Packer, socket::Socket};

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

    /// Sends what is packed, and begins the next datagram. What was lost before is in `sent`.
    async fn send(&mut self, deadline: Instant, sent: Delivered) -> Delivered {
        let (datagram, items) = self.packer.datagram();
        let sent = match self.socket.send(datagram, deadline).await {
            Ok(()) => sent,
            Err(error) => sent.without(error.reason(), items, error.to_string()),
        };
        self.packer.clear();
        sent
    }
}

impl Deliver<Measurement> for Delivery {
    async fn deliver(&mut self, batch: Vec<Measurement>) -> Result<Delivered, DeliverError> {
        let deadline = Instant::now() + PATIENCE;
        let mut sent = Delivered::all();
        // A batch that was cancelled may have left something behind; it is accounted for.
        self.packer.clear();
        for measurement in &batch {
            self.scratch.clear();
            self.lines.write(measurement, &mut self.scratch);
            if !self.packer.has_room(&self.scratch) {
                sent = self.send(deadline, sent).await;
            }
            self.packer.add(&self.scratch);
        }
        Ok(self.send(deadline, sent).await)
    }
}
