//! When something is due.

use std::time::Duration;

use tokio::time::Instant;

/// What is further away than this does not come.
const NEVER: Duration = Duration::from_secs(30 * 365 * 24 * 3600);

/// The moment after so long from now. `Duration::MAX` is a way to say "never", and no moment of the clock.
pub(crate) fn due_in(wait: Duration) -> Instant {
    Instant::now() + wait.min(NEVER)
}
