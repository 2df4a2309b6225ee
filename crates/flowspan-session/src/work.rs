//! How often something ran, how it ended, and how long it took.

use std::{ops::AddAssign, time::Duration};

use flowspan_model::{Event, Field, Status};
use serde::{Deserialize, Serialize};

/// How often something ran, how it ended, and how long it took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Work {
    /// How often it ended, however it ended: the sum of the four outcomes.
    pub executions: u64,
    /// How often it came to its end without an error.
    pub success: u64,
    /// How often it ended with an error.
    pub failed: u64,
    /// How often it ran into a time limit.
    pub timeout: u64,
    /// How often it was given up before it had finished.
    pub cancelled: u64,
    /// How long it took when it came to an end. What was cancelled did not.
    pub duration: Durations,
}

impl Work {
    /// Adds the end of one execution.
    pub(crate) fn end(&mut self, event: &Event) {
        let status = event.status().unwrap_or_else(|| unsaid(event));
        self.executions = self.executions.saturating_add(1);
        let outcome = match status {
            Status::Success => &mut self.success,
            Status::Failed => &mut self.failed,
            Status::Timeout => &mut self.timeout,
            Status::Cancelled => &mut self.cancelled,
        };
        *outcome = outcome.saturating_add(1);
        if let Some(duration) = event.duration.filter(|_| status != Status::Cancelled) {
            self.duration.add(duration);
        }
    }
}

/// Work that did not say how it ended: an error that it names says it for it.
fn unsaid(event: &Event) -> Status {
    if event.fields.get(Field::ErrorType).is_some() { Status::Failed } else { Status::Success }
}

impl AddAssign<&Work> for Work {
    fn add_assign(&mut self, other: &Work) {
        self.executions = self.executions.saturating_add(other.executions);
        self.success = self.success.saturating_add(other.success);
        self.failed = self.failed.saturating_add(other.failed);
        self.timeout = self.timeout.saturating_add(other.timeout);
        self.cancelled = self.cancelled.saturating_add(other.cancelled);
        self.duration += &other.duration;
    }
}

/// Many durations, as their number, sum and extremes.
///
/// In a file they are whole nanoseconds, so that nothing is rounded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Stored", into = "Stored")]
#[non_exhaustive]
pub struct Durations {
    /// How many there are.
    pub measured: u64,
    /// Their sum.
    pub total: Duration,
    /// The shortest; `None` if nobody knows.
    pub minimum: Option<Duration>,
    /// The longest; `None` if nobody knows.
    pub maximum: Option<Duration>,
}

impl Durations {
    /// The average; `None` if there is no duration.
    pub fn average(&self) -> Option<Duration> {
        let nanoseconds = self.total.as_nanos().checked_div(u128::from(self.measured))?;
        Some(Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX)))
    }

    fn add(&mut self, duration: Duration) {
        let one =
            Durations { measured: 1, total: duration, minimum: Some(duration), maximum: Some(duration) };
        *self += &one;
    }
}

impl AddAssign<&Durations> for Durations {
    fn add_assign(&mut self, other: &Durations) {
        self.measured = self.measured.saturating_add(other.measured);
        self.total = self.total.saturating_add(other.total);
        self.minimum = self.minimum.into_iter().chain(other.minimum).min();
        self.maximum = self.maximum.max(other.maximum);
    }
}

/// The form in a file.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Stored {
    measured: u64,
    total_nanoseconds: u64,
    /// For readers alone: it follows from the others.
    average_nanoseconds: Option<u64>,
    minimum_nanoseconds: Option<u64>,
    maximum_nanoseconds: Option<u64>,
}

/// 584 years are enough for a file.
fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

impl From<Durations> for Stored {
    fn from(durations: Durations) -> Self {
        Stored {
            measured: durations.measured,
            total_nanoseconds: nanoseconds(durations.total),
            average_nanoseconds: durations.average().map(nanoseconds),
            minimum_nanoseconds: durations.minimum.map(nanoseconds),
            maximum_nanoseconds: durations.maximum.map(nanoseconds),
        }
    }
}

impl From<Stored> for Durations {
    fn from(stored: Stored) -> Self {
        Durations {
            measured: stored.measured,
            total: Duration::from_nanos(stored.total_nanoseconds),
            minimum: stored.minimum_nanoseconds.map(Duration::from_nanos),
            maximum: stored.maximum_nanoseconds.map(Duration::from_nanos),
        }
    }
}

#[cfg(test)]
mod tests {
    use flowspan_model::{Kind, Moment};

    use super::*;

    fn ended(status: &str, milliseconds: u64) -> Event {
        let mut event = Event::new(Moment::Ended, Kind::Agent).with(Field::Status, status);
        event.duration = Some(Duration::from_millis(milliseconds));
        event
    }

    #[test]
    fn the_average_minimum_and_maximum_are_of_what_came_to_an_end() {
        let mut work = Work::default();
        for (status, milliseconds) in [("success", 10), ("failed", 20), ("timeout", 60), ("cancelled", 999)] {
            work.end(&ended(status, milliseconds));
        }
        assert_eq!(work.executions, 4);
        assert_eq!((work.success, work.failed, work.timeout, work.cancelled), (1, 1, 1, 1));
        assert_eq!(work.duration.average(), Some(Duration::from_millis(30)));
        assert_eq!(work.duration.minimum, Some(Duration::from_millis(10)));
        assert_eq!(work.duration.maximum, Some(Duration::from_millis(60)));
    }

    #[test]
    fn nothing_has_no_average() {
        assert_eq!(Durations::default().average(), None);
    }

    #[test]
    fn who_does_not_say_how_it_ended_succeeded_unless_he_names_an_error() {
        let mut work = Work::default();
        work.end(&Event::new(Moment::Ended, Kind::Agent));
        work.end(&Event::new(Moment::Ended, Kind::Agent).with(Field::ErrorType, "io"));
        assert_eq!((work.success, work.failed), (1, 1));
    }
}
