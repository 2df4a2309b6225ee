//! One look at the clock gives both times.

use std::{
    cell::Cell,
    time::{Duration, Instant, SystemTime},
};

/// How long the difference between the two clocks is believed.
const BELIEF: Duration = Duration::from_millis(100);
/// The two clocks are read again if more than this lies between the readings.
const GAP: Duration = Duration::from_micros(1);

thread_local! {
    static LAST: Cell<Option<Start>> = const { Cell::new(None) };
}

/// A moment on both clocks: the one on the wall, and the one that never goes back.
#[derive(Clone, Copy, Debug)]
pub(super) struct Start {
    pub(super) instant: Instant,
    pub(super) time: SystemTime,
}

impl Start {
    /// Now.
    pub(super) fn now() -> Self {
        let both = Start::of_both();
        LAST.set(Some(both));
        both
    }

    /// Makes it now, where it stands. The clock on the wall is asked ten times a second at most; in between,
    /// the time that has passed is added to its answer.
    #[inline]
    pub(super) fn set_to_now(&mut self) {
        let instant = Instant::now();
        if let Some(last) = LAST.get()
            && let Some(passed) = instant.checked_duration_since(last.instant)
            && passed < BELIEF
        {
            self.instant = instant;
            self.time = last.time + passed;
        } else {
            *self = Start::now();
        }
    }

    /// Reads both clocks without being interrupted in between, if it can. The wall's comes first, so
    /// that what is derived from it is never ahead.
    fn of_both() -> Self {
        let mut tries = 0;
        loop {
            let before = Instant::now();
            let time = SystemTime::now();
            let instant = Instant::now();
            tries += 1;
            if instant.saturating_duration_since(before) < GAP || tries == 3 {
                return Start { instant, time };
            }
        }
    }
}
