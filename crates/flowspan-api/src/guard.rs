//! Synchronous work under observation.

use std::{fmt::Display, thread::panicking};

use tracing::{
    Span,
    span::{Entered, EnteredSpan},
};

use crate::{Verdict, handle};

/// Keeps a piece of synchronous work open; it ends when the guard is dropped.
///
/// Returned by [`Handle::enter`](crate::Handle::enter). Do not hold it across an `.await`: use
/// [`Handle::run`](crate::Handle::run) there.
///
/// ```
/// use flowspan_api::Step;
///
/// let step = Step::shell("sort").enter();
/// if let Err(error) = "x".parse::<u32>() {
///     step.fail(&error);
/// }
/// ```
#[must_use = "the work ends when the guard is dropped"]
#[derive(Debug)]
pub struct Guard {
    entered: EnteredSpan,
    end: End,
}

impl Guard {
    pub(crate) fn new(span: Span) -> Self {
        let end = End::of(&span);
        Guard { entered: span.entered(), end }
    }

    /// Ends the work with this error.
    pub fn fail<E: Display + 'static>(self, error: &E) {
        self.finish(&Verdict::of_error(error));
    }

    /// Ends the work with this verdict.
    pub fn finish(mut self, verdict: &Verdict) {
        self.end.write(&self.entered, verdict);
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.end.write_at_last(&self.entered);
    }
}

/// The same for code that is called, whose span stays where it is.
pub(crate) struct Scope<'span> {
    span: &'span Span,
    _entered: Entered<'span>,
    end: End,
}

impl<'span> Scope<'span> {
    #[inline]
    pub(crate) fn enter(span: &'span Span) -> Self {
        Scope { span, end: End::of(span), _entered: span.enter() }
    }

    /// Ends the work with this verdict.
    #[inline]
    pub(crate) fn finish(mut self, verdict: &Verdict) {
        self.end.write(self.span, verdict);
    }
}

impl Drop for Scope<'_> {
    fn drop(&mut self) {
        self.end.write_at_last(self.span);
    }
}

/// How the work of a span ended, which is written down once.
#[derive(Debug)]
struct End {
    is_written: bool,
    // Work that runs while a panic passes, such as cleaning up, is not what has panicked.
    began_panicking: bool,
}

impl End {
    fn of(span: &Span) -> Self {
        // Of a span that nobody hears there is nothing to write.
        let is_written = span.is_disabled();
        End { is_written, began_panicking: !is_written && panicking() }
    }

    fn write(&mut self, span: &Span, verdict: &Verdict) {
        if !self.is_written {
            self.is_written = true;
            handle::finish(span, verdict);
        }
    }

    fn write_at_last(&mut self, span: &Span) {
        if !self.is_written {
            let panicked = panicking() && !self.began_panicking;
            let verdict = if panicked { Verdict::panicked() } else { Verdict::success() };
            self.write(span, &verdict);
        }
    }
}
