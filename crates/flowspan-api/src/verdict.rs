//! What a result says about the work that returned it.

use std::{
    any::{Any, type_name},
    borrow::Cow,
    error::Error,
    fmt::Display,
    io,
};

use flowspan_model::Status;

/// The class of an error whose type says nothing (a boxed or erased error).
const OTHER: &str = "_OTHER";
/// The class of an error that says that time ran out.
const TIMEOUT: &str = "timeout";
/// What tokio's `Elapsed` prints; the only way to know it inside a boxed error without tokio.
const ELAPSED: &str = "deadline has elapsed";

/// How work ended, and with which error.
///
/// The message goes onto the span and never becomes a label; the error type does, so it has to
/// come from a small set. By default it is the name of the error's Rust type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub(crate) status: Status,
    pub(crate) error_type: Option<Cow<'static, str>>,
    pub(crate) message: Option<String>,
}

impl Verdict {
    /// The work succeeded.
    pub const fn success() -> Self {
        Verdict { status: Status::Success, error_type: None, message: None }
    }

    /// The work ended with this error: a `timeout` if the error or one of its sources says so,
    /// otherwise `failed`.
    pub fn of_error<E: Display + 'static>(error: &E) -> Self {
        let timed_out = type_name::<E>().ends_with("::Elapsed") || says_timeout(error);
        Verdict {
            status: if timed_out { Status::Timeout } else { Status::Failed },
            error_type: Some(Cow::Borrowed(if timed_out { TIMEOUT } else { short_type_name::<E>() })),
            message: Some(error.to_string()),
        }
    }

    /// The work ended with this status and without an error value.
    pub const fn ended(status: Status) -> Self {
        let error_type = match status {
            Status::Success => None,
            Status::Failed => Some(Cow::Borrowed(OTHER)),
            Status::Cancelled => Some(Cow::Borrowed("cancelled")),
            Status::Timeout => Some(Cow::Borrowed(TIMEOUT)),
        };
        Verdict { status, error_type, message: None }
    }

    /// Replaces the class of the error. Choose from a small set: this becomes a label.
    #[must_use]
    pub fn error_type(mut self, error_type: impl Into<Cow<'static, str>>) -> Self {
        self.error_type = Some(error_type.into());
        self
    }

    /// Replaces the text of the error.
    #[must_use]
    pub fn message(mut self, message: impl Into<String>) -> Self {
        self.message = Some(message.into());
        self
    }

    /// The verdict on work that unwound.
    pub(crate) const fn panicked() -> Self {
        Verdict { status: Status::Failed, error_type: Some(Cow::Borrowed("panic")), message: None }
    }
}

/// Whether an error, or what it wraps, reports that time ran out.
fn says_timeout<E: 'static>(error: &E) -> bool {
    let any = error as &dyn Any;
    let mut next: Option<&(dyn Error + 'static)> = if let Some(error) = any.downcast_ref::<io::Error>() {
        Some(error)
    } else if let Some(error) = any.downcast_ref::<Box<dyn Error + Send + Sync>>() {
        Some(error.as_ref())
    } else if let Some(error) = any.downcast_ref::<Box<dyn Error>>() {
        Some(error.as_ref())
    } else {
        None
    };
    while let Some(error) = next {
        let timed_out = match error.downcast_ref::<io::Error>() {
            Some(error) => error.kind() == io::ErrorKind::TimedOut,
            None => error.source().is_none() && error.to_string() == ELAPSED,
        };
        if timed_out {
            return true;
        }
        next = error.source();
    }
    false
}

/// The last two parts of a type's path, without its parameters; boxed and erased errors have none.
fn short_type_name<E>() -> &'static str {
    let full = type_name::<E>();
    let path = full.split('<').next().unwrap_or(full);
    if path.starts_with("alloc::boxed::Box")
        || matches!(path, "anyhow::Error" | "eyre::Report")
        || path.starts_with('&')
    {
        return OTHER;
    }
    match path.rmatch_indices("::").nth(1) {
        Some((index, _)) => &path[index + 2..],
        None => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_classed_by_its_type() {
        let error = "x".parse::<u32>().expect_err("not a number");
        let verdict = Verdict::of_error(&error);
        assert_eq!(verdict.status, Status::Failed);
        assert_eq!(verdict.error_type.as_deref(), Some("error::ParseIntError"));
        assert_eq!(verdict.message.as_deref(), Some("invalid digit found in string"));
    }

    #[test]
    fn a_boxed_error_has_no_class_of_its_own() {
        let error: Box<dyn Error> = "broken".into();
        assert_eq!(Verdict::of_error(&error).error_type.as_deref(), Some(OTHER));
    }

    #[test]
    fn a_timeout_is_found_behind_its_wrappers() {
        let inner = io::Error::from(io::ErrorKind::TimedOut);
        assert_eq!(Verdict::of_error(&inner).status, Status::Timeout);
        let boxed: Box<dyn Error + Send + Sync> = Box::new(inner);
        assert_eq!(Verdict::of_error(&boxed).status, Status::Timeout);
        let elapsed: Box<dyn Error> = ELAPSED.into();
        assert_eq!(Verdict::of_error(&elapsed).status, Status::Timeout);
    }
}
