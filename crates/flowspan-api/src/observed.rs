//! Futures that say how they ended.

use std::{
    fmt::Display,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    thread::panicking,
};

use flowspan_model::Status;
use pin_project_lite::pin_project;
use tracing::Span;

use crate::{Verdict, handle};

/// Decides from the output of a future how the work ended.
pub trait Judge<T> {
    /// The verdict on this output.
    fn verdict(&self, output: &T) -> Verdict;
}

/// Success for `Ok`, the error's class for `Err`.
#[derive(Clone, Copy, Debug)]
pub struct ByResult;

impl<T, E: Display + 'static> Judge<Result<T, E>> for ByResult {
    fn verdict(&self, output: &Result<T, E>) -> Verdict {
        match output {
            Ok(_) => Verdict::success(),
            Err(error) => Verdict::of_error(error),
        }
    }
}

/// Success, whatever came out.
#[derive(Clone, Copy, Debug)]
pub struct AlwaysSuccess;

impl<T> Judge<T> for AlwaysSuccess {
    fn verdict(&self, _: &T) -> Verdict {
        Verdict::success()
    }
}

impl<T, F: Fn(&T) -> Verdict> Judge<T> for F {
    fn verdict(&self, output: &T) -> Verdict {
        self(output)
    }
}

pin_project! {
    /// A future that runs inside a handle's span and tells it how it ended.
    ///
    /// Returned by [`Handle::run`](crate::Handle::run) and its sisters. Dropped before it has
    /// finished, the work counts as cancelled; if it panics, as failed.
    #[must_use = "futures do nothing unless polled"]
    #[derive(Debug)]
    pub struct Observed<F, J> {
        // Taken out when the work is over, so that what the future holds is dropped inside the span
        // and the span closes at once, even if somebody keeps the finished future.
        #[pin]
        future: Option<F>,
        span: Option<Span>,
        // Set while a panic passes: the future may be dropped later, after somebody has caught the
        // panic, and would then look cancelled.
        unwound: bool,
        judge: J,
    }

    impl<F, J> PinnedDrop for Observed<F, J> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if let Some(span) = this.span.take() {
                // What the future holds ends first, so that no child outlives its parent.
                span.in_scope(|| this.future.set(None));
                if !*this.unwound {
                    handle::finish(&span, &Verdict::ended(Status::Cancelled));
                }
            }
        }
    }
}

impl<F, J> Observed<F, J> {
    pub(crate) fn new(future: F, span: Span, judge: J) -> Self {
        Observed { future: Some(future), span: Some(span), unwound: false, judge }
    }
}

impl<F: Future, J: Judge<F::Output>> Future for Observed<F, J> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        let (Some(span), Some(future)) = (this.span.as_ref(), this.future.as_mut().as_pin_mut()) else {
            panic!("an observed future was polled after it had finished");
        };
        let output = {
            let _on_unwind = OnUnwind::new(span, this.unwound);
            let _entered = span.enter();
            let output = ready!(future.poll(context));
            this.future.set(None);
            output
        };
        if let Some(span) = this.span.take() {
            handle::finish(&span, &this.judge.verdict(&output));
        }
        Poll::Ready(output)
    }
}

/// Ends the span as failed if a panic passes.
pub(crate) struct OnUnwind<'poll> {
    span: &'poll Span,
    // A future that is polled while another panic passes has not panicked itself.
    began_panicking: bool,
    unwound: &'poll mut bool,
}

impl<'poll> OnUnwind<'poll> {
    pub(crate) fn new(span: &'poll Span, unwound: &'poll mut bool) -> Self {
        OnUnwind { span, began_panicking: panicking(), unwound }
    }
}

impl Drop for OnUnwind<'_> {
    fn drop(&mut self) {
        if panicking() && !self.began_panicking {
            *self.unwound = true;
            handle::finish(self.span, &Verdict::panicked());
        }
    }
}
