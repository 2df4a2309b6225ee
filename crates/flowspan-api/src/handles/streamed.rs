//! Streams of chunks that say what comes of a model call.

use std::{
    fmt,
    fmt::Display,
    pin::Pin,
    task::{Context, Poll, ready},
};

use flowspan_model::{Field, Status};
use futures_core::Stream;
use pin_project_lite::pin_project;
use tracing::Span;

use super::Inference;
use crate::{
    Verdict,
    handle::{self, set},
    observed::OnUnwind,
};

pin_project! {
    /// A stream that runs inside the span of a model call and ends it.
    ///
    /// Returned by [`Inference::stream`] and [`Inference::stream_judged`]. Dropped before it has come to
    /// its end, the call counts as cancelled; what had come stays.
    #[must_use = "streams do nothing unless polled"]
    pub struct Streamed<S, C> {
        // Taken out when the call is over, so that what it holds is dropped inside the span.
        #[pin]
        stream: Option<S>,
        call: Option<Inference>,
        unwound: bool,
        count: C,
    }

    impl<S, C> PinnedDrop for Streamed<S, C> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if let Some(call) = this.call.take() {
                call.span().in_scope(|| this.stream.set(None));
                if !*this.unwound {
                    end(&call, &Verdict::ended(Status::Cancelled));
                }
            }
        }
    }
}

impl<S, C> Streamed<S, C> {
    pub(super) fn new(call: Inference, stream: S, count: C) -> Self {
        Streamed { stream: Some(stream), call: Some(call), unwound: false, count }
    }
}

impl<S, C> Stream for Streamed<S, C>
where
    S: Stream,
    C: FnMut(&S::Item) -> Result<u64, Verdict>,
{
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let mut this = self.project();
        let Some(stream) = this.stream.as_mut().as_pin_mut() else { return Poll::Ready(None) };
        let Some(call) = this.call.as_ref() else {
            // The call is over; what the stream has to say beyond that is nobody's business here.
            return stream.poll_next(context);
        };
        let span: &Span = call.span();
        let item = {
            let _on_unwind = OnUnwind::new(span, this.unwound);
            let _entered = span.enter();
            let item = ready!(stream.poll_next(context));
            item.map(|item| ((this.count)(&item), item))
        };
        let verdict = match &item {
            Some((Ok(tokens), _)) => {
                call.token(*tokens);
                None
            }
            Some((Err(verdict), _)) => Some(verdict.clone()),
            None => Some(Verdict::success()),
        };
        if let Some(verdict) = verdict {
            if item.is_none() {
                span.in_scope(|| this.stream.set(None));
            }
            end(call, &verdict);
            *this.call = None;
        }
        Poll::Ready(item.map(|(_, item)| item))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.stream.as_ref().map_or((0, Some(0)), Stream::size_hint)
    }
}

impl<S, C> fmt::Debug for Streamed<S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Streamed").field("call", &self.call).finish_non_exhaustive()
    }
}

/// Counts the tokens of a chunk; an error ends the call.
pub(super) fn by_result<T, E: Display + 'static>(
    mut tokens: impl FnMut(&T) -> u64,
) -> impl FnMut(&Result<T, E>) -> Result<u64, Verdict> {
    move |item| match item {
        Ok(chunk) => Ok(tokens(chunk)),
        Err(error) => Err(Verdict::of_error(error)),
    }
}

/// Writes down how the call ended. A response that breaks off has a reason, too.
fn end(call: &Inference, verdict: &Verdict) {
    if verdict.status != Status::Success && call.is_unfinished() {
        set(call.span(), Field::FinishReasons, "error");
    }
    handle::finish(call.span(), verdict);
}
