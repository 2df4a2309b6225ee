//! From a batch to an answer that is certain.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBuilder};
use flowspan_runtime::{Deliver, DeliverError, Delivered, ExporterHealth};

use crate::config::ResolvedPostgres;
use crate::fault::{Fault, describe, fault};
use crate::row::{Mended, Recorded, Row};
use crate::session::Session;

/// How long to wait before the second attempt; the pauses double from there, each of a random length
/// around that, so that many programs do not come back at once.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest pause between two attempts, before chance lengthens it.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What was done to texts so that the server can hold them.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) sanitised: AtomicU64,
    pub(crate) shortened: AtomicU64,
}

/// Stores batches. A batch stays with it until the server has answered, however long that takes;
/// meanwhile the queue fills and, when it is full, counts.
pub(crate) struct Writer {
    session: Session,
    health: ExporterHealth,
    timeout: Duration,
    text_limit: usize,
    counts: Arc<Counts>,
}

impl Writer {
    pub(crate) fn new(resolved: &ResolvedPostgres, health: ExporterHealth, counts: Arc<Counts>) -> Self {
        Writer {
            session: Session::new(resolved),
            health,
            timeout: resolved.timeout,
            text_limit: resolved.text_limit,
            counts,
        }
    }

    /// Stores rows, and comes back to it as long as waiting may help.
    ///
    /// The error is what the server has against one of the rows.
    async fn store(&mut self, rows: &[Row]) -> Result<(), String> {
        let mut pauses = pauses();
        loop {
            let attempt = tokio::time::timeout(self.timeout, self.session.store(rows)).await;
            let (fault, message) = match attempt {
                Ok(Ok(())) => return Ok(()),
                Ok(Err(error)) => (fault(&error), describe(&error)),
                Err(_elapsed) => (Fault::Server, format!("no answer within {:?}", self.timeout)),
            };
            match fault {
                Fault::Row => return Err(message),
                // Of no interest to anybody: it goes away by itself.
                Fault::Conflict => {}
                Fault::Schema | Fault::Server => self.health.failed(&message),
            }
            tokio::time::sleep(pauses.next().unwrap_or(LONGEST_PAUSE)).await;
        }
    }

    fn rows(&self, batch: &[Recorded]) -> Vec<Row> {
        let mut mended = Mended::default();
        let rows = batch.iter().map(|event| Row::new(event, self.text_limit, &mut mended)).collect();
        self.counts.sanitised.fetch_add(mended.sanitised, Ordering::Relaxed);
        self.counts.shortened.fetch_add(mended.shortened, Ordering::Relaxed);
        rows
    }
}

impl Deliver<Recorded> for Writer {
    fn bytes(item: &Recorded) -> usize {
        item.bytes()
    }

    async fn deliver(&mut self, batch: Vec<Recorded>) -> Result<Delivered, DeliverError> {
        let rows = self.rows(&batch);
        drop(batch);
        let (mut refused, mut reason) = (0, None);
        // A row that cannot be stored is found by halves, and everything beside it is stored.
        let mut parts = vec![rows.as_slice()];
        while let Some(part) = parts.pop() {
            match self.store(part).await {
                Ok(()) => {}
                Err(message) if part.len() == 1 => {
                    refused += 1;
                    reason = Some(message);
                }
                Err(_) => {
                    let (first, second) = part.split_at(part.len() / 2);
                    parts.extend([second, first]);
                }
            }
        }
        Ok(match reason {
            None => Delivered::all(),
            Some(message) => Delivered::except(refused, message),
        })
    }
}

fn pauses() -> impl Iterator<Item = Duration> {
    ExponentialBuilder::default()
        .with_min_delay(FIRST_PAUSE)
        .with_max_delay(LONGEST_PAUSE)
        .with_jitter()
        .without_max_times()
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_bound_and_go_on_for_ever() {
        let pauses: Vec<_> = pauses().take(100).collect();
        assert_eq!(pauses.len(), 100);
        assert!(pauses[0] >= FIRST_PAUSE && pauses[0] < 3 * FIRST_PAUSE, "{:?}", pauses[0]);
        assert!(pauses.iter().all(|pause| *pause <= 2 * LONGEST_PAUSE), "{pauses:?}");
    }
}
