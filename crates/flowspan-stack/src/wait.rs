//! Waiting for what becomes true in time.

use std::{
    thread,
    time::{Duration, Instant},
};

const PAUSE: Duration = Duration::from_millis(50);

/// Asks `question` again and again until it answers, for at most `deadline`.
/// It is asked at least once, and once more at the very end.
///
/// ```
/// use std::time::Duration;
/// use flowspan_stack::wait_until;
///
/// let mut asked = 0;
/// let answer = wait_until(Duration::from_secs(5), || {
///     asked += 1;
///     (asked == 3).then_some("there")
/// });
/// assert_eq!(answer, Some("there"));
/// ```
pub fn wait_until<T>(deadline: Duration, mut question: impl FnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + deadline;
    loop {
        let last = Instant::now() >= end;
        match question() {
            None if !last => thread::sleep(PAUSE),
            answer => return answer,
        }
    }
}
