//! Synchronous work under observation.

use std::{fmt::Display, thread::panicking};

use tracing::{Span, span::EnteredSpan};

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
    // Empty once the end has been written down.
    entered: Option<EnteredSpan>,
    // Work that runs while a panic passes, such as cleaning up, is not what has panicked.
    began_panicking: bool,
}

impl Guard {
    pub(crate) fn new(span: Span) -> Self {
        let began_panicking = !span.is_disabled() && panicking();
        Guard { entered: Some(span.entered()), began_panicking }
    }

    /// Ends the work with this error.
    pub fn fail<E: Display + 'static>(self, error: &E) {
        self.finish(&Verdict::of_error(error));
    }

    /// Ends the work with this verdict.
    pub fn finish(mut self, verdict: &Verdict) {
        if let Some(entered) = self.entered.take() {
            handle::finish(&entered, verdict);
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(entered) = self.entered.take().filter(|entered| !entered.is_disabled()) {
            let panicked = panicking() && !self.began_panicking;
            let verdict = if panicked { Verdict::panicked() } else { Verdict::success() };
            handle::finish(&entered, &verdict);
        }
    }
}
