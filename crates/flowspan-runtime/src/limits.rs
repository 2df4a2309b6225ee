//! How much a pipeline holds and how long it waits.

use std::time::Duration;

/// How many items a queue holds by default.
pub const DEFAULT_QUEUE_CAPACITY: usize = 2_048;
/// How many items a queue can hold at most. Its memory is set aside when it is made: a slip of the hand
/// must not take all there is.
pub const MAX_QUEUE_CAPACITY: usize = 1_000_000;
/// How many bytes all items of a queue may take by default: 64 MiB. Texts may be long, and a number of
/// items says nothing about them.
pub const DEFAULT_QUEUE_BYTES: usize = 64 << 20;
/// How many items go out together by default, at most.
pub const DEFAULT_BATCH_SIZE: usize = 512;
/// How long an item waits by default for others to go out with.
pub const DEFAULT_DELAY: Duration = Duration::from_secs(5);
/// How long the export of one batch may take by default.
pub const DEFAULT_EXPORT_TIMEOUT: Duration = Duration::from_secs(30);
/// How long an OTLP export may take by default, retries included.
pub const DEFAULT_OTLP_TIMEOUT: Duration = Duration::from_secs(10);
/// How much time passes by default between two collections of metrics.
pub const DEFAULT_INTERVAL: Duration = Duration::from_secs(60);

/// The limits of a [`Pipeline`](crate::Pipeline).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// How many items may wait. What is offered beyond that is dropped. Default 2048.
    pub queue_capacity: usize,
    /// How many bytes the items that wait or are on their way may take together. What is offered beyond
    /// that is dropped. Default 64 MiB.
    pub queue_bytes: usize,
    /// How many items go out together, at most. Default 512.
    pub batch_size: usize,
    /// How long an item waits, at most, before its export begins. Default 5 s.
    pub delay: Duration,
    /// How long the export of a batch may take, retries included, before it is cancelled. Default 30 s.
    pub export_timeout: Duration,
}

impl Limits {
    /// The defaults.
    pub const fn new() -> Self {
        Limits {
            queue_capacity: DEFAULT_QUEUE_CAPACITY,
            queue_bytes: DEFAULT_QUEUE_BYTES,
            batch_size: DEFAULT_BATCH_SIZE,
            delay: DEFAULT_DELAY,
            export_timeout: DEFAULT_EXPORT_TIMEOUT,
        }
    }

    /// Sets how many items may wait; at least 1, at most [`MAX_QUEUE_CAPACITY`].
    #[must_use]
    pub const fn queue_capacity(mut self, items: usize) -> Self {
        self.queue_capacity = match items {
            0 => 1,
            1..=MAX_QUEUE_CAPACITY => items,
            _ => MAX_QUEUE_CAPACITY,
        };
        self
    }

    /// Sets how many bytes the items that wait or are on their way may take together.
    #[must_use]
    pub const fn queue_bytes(mut self, bytes: usize) -> Self {
        self.queue_bytes = bytes;
        self
    }

    /// Sets how many items go out together, at most; at least 1.
    #[must_use]
    pub const fn batch_size(mut self, items: usize) -> Self {
        self.batch_size = if items == 0 { 1 } else { items };
        self
    }

    /// Sets how long an item waits before its export begins.
    #[must_use]
    pub const fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Sets how long the export of a batch may take.
    #[must_use]
    pub const fn export_timeout(mut self, timeout: Duration) -> Self {
        self.export_timeout = timeout;
        self
    }
}

impl Default for Limits {
    fn default() -> Self {
        Limits::new()
    }
}
