//! A stream that is taken through a model call ends it, and says how its chunks came.

mod support;

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll, Waker},
    thread,
};

use flowspan_api::{Inference, Status, Verdict};
use flowspan_model::Repeated;
use futures_core::Stream;
use support::Recording;

/// Gives what it was made of, and is pending in between where it says so.
struct Script<T>(std::vec::IntoIter<Poll<T>>);

impl<T> Script<T> {
    fn of(steps: Vec<Poll<T>>) -> Self {
        Script(steps.into_iter())
    }
}

impl<T> Stream for Script<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<T>> {
        match self.0.next() {
            Some(Poll::Ready(item)) => Poll::Ready(Some(item)),
            Some(Poll::Pending) => Poll::Pending,
            None => Poll::Ready(None),
        }
    }
}

impl<T> Unpin for Script<T> {}

fn next<S: Stream>(stream: Pin<&mut S>) -> Poll<Option<S::Item>> {
    stream.poll_next(&mut Context::from_waker(Waker::noop()))
}

fn chunk(tokens: u64) -> Poll<io::Result<u64>> {
    Poll::Ready(Ok(tokens))
}

#[test]
fn a_stream_that_ends_is_a_call_that_succeeded() {
    let (heard, _guard) = Recording::start();
    let call = Inference::chat("openai", "gpt-5-mini");
    let script = Script::of(vec![Poll::Pending, chunk(3), Poll::Pending, chunk(4)]);
    let mut stream = Box::pin(call.stream(script, |tokens| *tokens));
    drop(call);
    assert!(next(stream.as_mut()).is_pending());
    assert!(matches!(next(stream.as_mut()), Poll::Ready(Some(Ok(3)))));
    assert!(next(stream.as_mut()).is_pending());
    assert!(matches!(next(stream.as_mut()), Poll::Ready(Some(Ok(4)))));
    assert_eq!(heard.span("inference").status(), None, "it goes on");
    assert!(matches!(next(stream.as_mut()), Poll::Ready(None)));
    assert!(heard.has("close inference"), "even if somebody keeps the stream");
    assert!(matches!(next(stream.as_mut()), Poll::Ready(None)), "and asks it again");
    let span = heard.span("inference");
    assert_eq!(span.status(), Some("success"));
    assert_eq!(span.get("gen_ai.usage.output_tokens"), Some("7"));
    assert_eq!(span.get("flowspan.response.chunks"), Some("2"));
    assert_eq!(span.get("gen_ai.request.stream"), Some("true"));
    assert_eq!(span.get("gen_ai.response.finish_reasons"), None, "nobody has said it");
}

#[test]
fn an_error_in_a_stream_fails_the_call_and_what_had_come_stays() {
    let (heard, _guard) = Recording::start();
    let call = Inference::chat("openai", "gpt-5-mini");
    let broken = Poll::Ready(Err(io::Error::other("reset")));
    let mut stream = Box::pin(call.stream(Script::of(vec![chunk(5), broken, chunk(9)]), |tokens| *tokens));
    drop(call);
    while let Poll::Ready(Some(_)) = next(stream.as_mut()) {}
    let span = heard.span("inference");
    assert_eq!(span.status(), Some("failed"));
    assert_eq!(span.get("error.type"), Some("error::Error"));
    assert_eq!(span.get("gen_ai.usage.output_tokens"), Some("5"), "what comes after the error is not of it");
    assert_eq!(span.get("gen_ai.response.finish_reasons"), Some("error"));
}

#[test]
fn a_dropped_stream_is_a_cancelled_call_and_what_had_come_stays() {
    let (heard, _guard) = Recording::start();
    let call = Inference::chat("openai", "gpt-5-mini");
    let mut stream = Box::pin(call.stream(Script::of(vec![chunk(5), Poll::Pending]), |tokens| *tokens));
    drop(call);
    assert!(next(stream.as_mut()).is_ready());
    assert!(next(stream.as_mut()).is_pending());
    drop(stream);
    let span = heard.span("inference");
    assert_eq!(span.status(), Some("cancelled"));
    assert_eq!(span.get("gen_ai.usage.output_tokens"), Some("5"));
    assert_eq!(span.get("gen_ai.response.finish_reasons"), Some("error"));
}

#[test]
fn a_reason_that_was_given_is_not_replaced_when_the_stream_is_dropped() {
    let (heard, _guard) = Recording::start();
    let call = Inference::chat("openai", "gpt-5-mini");
    let mut stream = Box::pin(call.stream(Script::of(vec![chunk(5), Poll::Pending]), |tokens| *tokens));
    assert!(next(stream.as_mut()).is_ready());
    call.finish_reasons("stop");
    drop((stream, call));
    assert_eq!(heard.span("inference").get("gen_ai.response.finish_reasons"), Some("stop"));
}

#[test]
fn a_stream_that_never_began_has_no_reason_to_stop() {
    let (heard, _guard) = Recording::start();
    drop(Inference::chat("openai", "m").stream(Script::of(vec![chunk(1)]), |tokens| *tokens));
    let span = heard.span("inference");
    assert_eq!(span.status(), Some("cancelled"));
    assert_eq!(span.get("gen_ai.response.finish_reasons"), None);
    assert_eq!(span.get("flowspan.response.chunks"), None);
}

#[test]
fn a_panic_in_a_stream_fails_the_call() {
    let (heard, _guard) = Recording::start();
    let call = Inference::chat("openai", "m");
    let count = |_: &u64| panic!("on purpose");
    let mut stream = Box::pin(call.stream(Script::of(vec![chunk(1)]), count));
    drop(call);
    assert!(catch_unwind(AssertUnwindSafe(|| next(stream.as_mut()))).is_err());
    drop(stream);
    assert_eq!(heard.span("inference").status(), Some("failed"));
    assert_eq!(heard.span("inference").get("error.type"), Some("panic"));
}

#[test]
fn a_function_of_the_program_decides_about_chunks_of_its_own_type() {
    let (heard, _guard) = Recording::start();
    let call = Inference::chat("openai", "m");
    let script = Script::of(vec![Poll::Ready("a b c"), Poll::Ready("[limit]")]);
    let stream = call.stream_judged(script, |line: &&str| match *line {
        "[limit]" => Err(Verdict::ended(Status::Failed).error_type("rate_limit")),
        line => Ok(line.split(' ').count() as u64),
    });
    let mut stream = Box::pin(stream);
    drop(call);
    while let Poll::Ready(Some(_)) = next(stream.as_mut()) {}
    let span = heard.span("inference");
    assert_eq!(span.get("error.type"), Some("rate_limit"));
    assert_eq!(span.get("gen_ai.usage.output_tokens"), Some("3"));
}

#[test]
fn every_chunk_after_the_first_has_a_time_whoever_counts_it() {
    const THREADS: u64 = 4;
    const EACH: u64 = 5_000;
    let (heard, _guard) = Recording::start();
    let call = Inference::chat("openai", "m");
    call.token(1);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| (0..EACH).for_each(|_| call.token(1)));
        }
    });
    drop(call);
    let span = heard.span("inference");
    let number = |key: &str| span.get(key).expect("it is known").parse::<f64>().expect("a number");
    let times = span.get("flowspan.response.chunk_times").expect("there was more than one");
    let times: Vec<(u64, f64)> = Repeated::of(times).map(|pair| pair.expect("a pair")).collect();
    assert_eq!(times.iter().map(|(count, _)| count).sum::<u64>(), THREADS * EACH);
    assert_eq!(number("flowspan.response.chunks"), (THREADS * EACH + 1) as f64);
    let lasted: f64 = times.iter().map(|(count, mean)| *count as f64 * mean).sum();
    let rate = number("flowspan.response.tokens_per_second");
    let tokens = (THREADS * EACH) as f64;
    assert!((rate * lasted / tokens - 1.0).abs() < 1e-6, "the times add up to the time: {rate} {lasted}");
}
