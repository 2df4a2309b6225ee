//! The time, as often as a span or a token of a stream needs it.
//!
//! To ask the system for the time takes 30 ns, which is a good part of what a token of a stream may cost, and
//! a span wants to be told two times: that of the clock on the wall, and that of the one that never goes back.
//! To read the processor's own counter takes 12. So the system is asked a hundred times a second on each thread
//! at most, for both, and the counter is read in between.
//!
//! Both times are a number of nanoseconds here. The standard library keeps seconds apart from what is less, and
//! has to carry from one to the other whenever it adds.
//!
//! ```
//! use flowspan_clock::Times;
//!
//! let start = Times::now();
//! println!("It began at {:?}, and has lasted for {:?}.", start.time(), start.elapsed());
//! ```

use std::{
    cell::Cell,
    sync::{
        LazyLock,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

/// For how long the counter is believed, in nanoseconds.
///
/// Processors whose counters differ, as broken ones do, put a moment wrong by so much at most; and the
/// counter, whose speed is known to a ten-thousandth or better, is wrong by a microsecond after so short a time.
const BELIEF: u64 = 10_000_000;
/// The counter may differ from the system's clock by one part in so many. What the system corrects by is less.
const EXACT: u64 = 1_000;
/// Over how many nanoseconds the two are compared at least.
const LONG: u64 = 1_000_000;
/// What the system says and the counter belong together if they were read within so many nanoseconds: the
/// thread was not put off in between.
const GAP: u64 = 1_000;
/// How often they are read until they belong together. If they never do, those that were read within the
/// least time are taken.
const TRIES: u32 = 3;

/// The counter. Its speed is measured when it is first needed, which takes a millisecond, and up to two hundred
/// on a machine that is put off meanwhile. Where a processor says that it has none that always runs at the same
/// speed, this is the system's clock.
static COUNTER: LazyLock<quanta::Clock> = LazyLock::new(quanta::Clock::new);

/// Whether the counter is believed: until it goes back, or disagrees with the system's clock.
static IS_BELIEVED: AtomicBool = AtomicBool::new(true);

/// Where the clock that never goes back begins.
static BEGINNING: LazyLock<Instant> = LazyLock::new(Instant::now);

/// When a thread has last asked the system, and what the counter said then.
#[derive(Clone, Copy)]
struct Asked {
    times: Times,
    counter: u64,
    /// Within how many nanoseconds they were read.
    gap: u64,
}

thread_local! {
    static LAST: Cell<Option<Asked>> = const { Cell::new(None) };
}

/// A moment on the clock that never goes back, as [`Instant`] is one; to within some microseconds of it and usually
/// much less.
///
/// Two moments that lie closer together than that may come in the wrong order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Monotonic(u64);

impl Monotonic {
    /// Now.
    ///
    /// The first call of a process measures how quick the counter is, which takes a millisecond or more: make it
    /// where nobody waits.
    #[inline]
    pub fn now() -> Self {
        match lately() {
            Some((last, passed)) => last.times.monotonic.after(passed),
            None => ask().monotonic,
        }
    }

    /// How long after another moment this one is; nothing if it is before.
    #[inline]
    pub const fn since(self, earlier: Monotonic) -> Duration {
        Duration::from_nanos(self.nanoseconds_since(earlier))
    }

    /// The same in nanoseconds.
    #[inline]
    pub const fn nanoseconds_since(self, earlier: Monotonic) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    #[inline]
    const fn after(self, nanoseconds: u64) -> Self {
        Monotonic(self.0.saturating_add(nanoseconds))
    }
}

/// A moment on both clocks.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// On the one that never goes back.
    pub monotonic: Monotonic,
    /// On the one on the wall, in nanoseconds since 1970, which last until 2554.
    wall: u64,
}

impl Times {
    /// Now, as exactly as [`Monotonic::now`].
    #[inline]
    pub fn now() -> Self {
        match lately() {
            Some((last, passed)) => last.times.after(passed),
            None => ask(),
        }
    }

    /// On the clock on the wall. That somebody has set it is seen within ten milliseconds.
    #[inline]
    pub fn time(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_nanos(self.wall)
    }

    /// How much time has passed since then.
    #[inline]
    pub fn elapsed(&self) -> Duration {
        Monotonic::now().since(self.monotonic)
    }

    #[inline]
    const fn after(self, nanoseconds: u64) -> Self {
        Times { monotonic: self.monotonic.after(nanoseconds), wall: self.wall.saturating_add(nanoseconds) }
    }
}

/// When the thread has last asked the system, and how many nanoseconds have passed since then, if they are few.
///
/// Inlined, so that what is not needed of it is not even read.
#[inline(always)]
fn lately() -> Option<(Asked, u64)> {
    let last = LAST.get().filter(|_| IS_BELIEVED.load(Ordering::Relaxed))?;
    let passed = passed(last.counter, COUNTER.raw()).filter(|passed| *passed < BELIEF)?;
    Some((last, passed))
}

#[cold]
fn ask() -> Times {
    if !IS_BELIEVED.load(Ordering::Relaxed) {
        return asked_of_the_system();
    }
    let mut asked = read();
    for _ in 1..TRIES {
        if asked.gap < GAP {
            break;
        }
        let again = read();
        if again.gap < asked.gap {
            asked = again;
        }
    }
    if LAST.get().is_some_and(|last| !agree(&last, &asked)) {
        IS_BELIEVED.store(false, Ordering::Relaxed);
    }
    LAST.set(Some(asked));
    // It may have been the first try, and the thread put off in another.
    match passed(asked.counter, COUNTER.raw()) {
        Some(since) if since < BELIEF => asked.times.after(since),
        _ => read().times,
    }
}

/// What the system says. A wall on which it is not yet 1970 shows its beginning.
fn asked_of_the_system() -> Times {
    let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let monotonic = Instant::now().saturating_duration_since(*BEGINNING);
    Times { monotonic: Monotonic(nanoseconds(monotonic)), wall: nanoseconds(wall) }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// Whether the counter and the system's clock say that about the same time has passed. A machine that has slept
/// may say otherwise, too, and is asked for the time from then on. What was not read at one moment says nothing.
fn agree(last: &Asked, asked: &Asked) -> bool {
    if last.gap >= GAP || asked.gap >= GAP {
        return true;
    }
    let system = asked.times.monotonic.nanoseconds_since(last.times.monotonic);
    match passed(last.counter, asked.counter) {
        Some(counted) if system.max(counted) >= LONG => {
            system.abs_diff(counted) <= system.max(counted) / EXACT + GAP
        }
        Some(_) => true,
        None => false,
    }
}

/// Reads the clocks and the counter.
fn read() -> Asked {
    let before = COUNTER.raw();
    let times = asked_of_the_system();
    let counter = COUNTER.raw();
    let gap = passed(before, counter).unwrap_or(u64::MAX);
    Asked { times, counter, gap }
}

/// How many nanoseconds the counter took from one number to another. One that has gone back says nothing.
#[inline]
fn passed(from: u64, to: u64) -> Option<u64> {
    (from <= to).then(|| COUNTER.delta_as_nanos(from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The system's answer and the counter may lie so far apart, and the counter's speed is not known exactly.
    const INEXACT: Duration = Duration::from_micros(50);

    #[test]
    fn both_times_are_those_of_the_system() {
        let beginning = *BEGINNING;
        let end = Instant::now() + Duration::from_millis(20);
        while Instant::now() < end {
            let before = (Instant::now(), SystemTime::now());
            let (told, told_alone) = (Times::now(), Monotonic::now());
            let after = (Instant::now(), SystemTime::now());
            for told in [told.monotonic, told_alone] {
                let told = beginning + Duration::from_nanos(told.0);
                assert!(before.0.saturating_duration_since(told) < INEXACT);
                assert!(told.saturating_duration_since(after.0) < INEXACT);
            }
            let early = before.1.duration_since(told.time()).unwrap_or_default();
            let late = told.time().duration_since(after.1).unwrap_or_default();
            assert!(early < INEXACT && late < INEXACT, "{early:?} too early, {late:?} too late");
        }
    }

    #[test]
    fn it_is_the_same_time_on_every_thread() {
        let here = Monotonic::now();
        let there = std::thread::spawn(Monotonic::now).join().expect("no panic");
        assert!(here.since(there) < INEXACT);
    }

    #[test]
    fn time_passes_on_both_clocks() {
        let start = Times::now();
        while start.elapsed() < Duration::from_millis(30) {}
        let end = Times::now();
        let passed = end.monotonic.since(start.monotonic);
        assert!(passed + INEXACT >= Duration::from_millis(30));
        assert_eq!(start.monotonic.since(end.monotonic), Duration::ZERO, "nothing if it is before");
        let on_the_wall = end.time().duration_since(start.time()).expect("nobody sets the clock");
        assert!(on_the_wall.abs_diff(passed) < 2 * INEXACT);
    }

    #[test]
    fn a_counter_that_goes_back_or_runs_wild_is_not_believed() {
        let last = Asked { gap: 0, ..read() };
        let later = |nanoseconds, counter| Asked { times: last.times.after(nanoseconds), counter, ..last };
        // How much the counter counts in a while is found by asking it, so that the test holds everywhere.
        let mut ticks = 1;
        while passed(last.counter, last.counter + ticks).is_some_and(|passed| passed < 5 * LONG) {
            ticks *= 2;
        }
        let counted = passed(last.counter, last.counter + ticks).unwrap_or_default();
        assert!(agree(&last, &later(counted, last.counter + ticks)));
        assert!(agree(&last, &later(counted + counted / 2_000, last.counter + ticks)));
        assert!(!agree(&last, &later(counted + counted / 100, last.counter + ticks)), "it is too slow");
        assert!(!agree(&last, &later(counted / 3, last.counter + ticks)), "it is too fast");
        assert!(!agree(&last, &later(counted, last.counter - 1)), "it went back");
        let put_off = Asked { gap: GAP, ..later(counted / 3, last.counter + ticks) };
        assert!(agree(&last, &put_off), "it was not read at one moment");
    }
}
