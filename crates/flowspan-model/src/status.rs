//! How a piece of work ended.

use std::{fmt, str::FromStr};

/// How a piece of work ended.
///
/// The text forms are label values, so the set is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// It returned a value.
    Success,
    /// It returned an error or panicked.
    Failed,
    /// It was dropped before it had finished.
    Cancelled,
    /// It ran into a time limit.
    Timeout,
}

impl Status {
    /// Every status, in the order of the documentation.
    pub const ALL: [Status; 4] = [Status::Success, Status::Failed, Status::Cancelled, Status::Timeout];

    /// The text form: `success`, `failed`, `cancelled` or `timeout`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Status::Success => "success",
            Status::Failed => "failed",
            Status::Cancelled => "cancelled",
            Status::Timeout => "timeout",
        }
    }

    /// The status that has this text form.
    #[inline]
    pub fn of_text(text: &str) -> Option<Self> {
        match text {
            "success" => Some(Status::Success),
            "failed" => Some(Status::Failed),
            "cancelled" => Some(Status::Cancelled),
            "timeout" => Some(Status::Timeout),
            _ => None,
        }
    }

    /// Whether the work came to its end without an error.
    pub const fn is_success(self) -> bool {
        matches!(self, Status::Success)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Status {
    type Err = UnknownStatus;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Status::of_text(text).ok_or_else(|| UnknownStatus(text.to_owned()))
    }
}

/// A text that names no [`Status`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownStatus(String);

impl fmt::Display for UnknownStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown status {:?}, expected success, failed, cancelled or timeout", self.0)
    }
}

impl std::error::Error for UnknownStatus {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_reads_back_from_its_text() {
        for status in Status::ALL {
            assert_eq!(status.as_str().parse(), Ok(status));
        }
        assert!("succeeded".parse::<Status>().is_err());
    }
}
