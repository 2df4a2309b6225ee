//! Spans that are made of events are those that were there.

mod support;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use flowspan_api::{Inference, Step, ToolCall, Workflow, event};
use flowspan_layer::{Engine, Replay};
use flowspan_model::{Event, Field, Kind, Moment, SpanIds, Usage};
use opentelemetry::trace::Status;

use self::support::{Bench, attribute};

#[tokio::test]
async fn a_span_that_is_made_of_events_is_the_one_that_was_there() {
    let bench = Bench::new(Engine::Native);
    let work = async {
        let clone = Step::shell("clone").run(async {
            event::retry(2, Duration::from_millis(250), "it was away");
            Err::<(), _>(std::io::Error::other("still away"))
        });
        assert!(clone.await.is_err());
        let call = Inference::chat("openai", "gpt-5-mini");
        call.run(async { Ok::<_, std::io::Error>(()) }).await?;
        call.usage(Usage::new().input(12).output(3));
        drop(call);
        // Dropped before its end: it is cancelled.
        drop(ToolCall::new("grep").hold());
        Ok::<_, std::io::Error>(())
    };
    Workflow::new("audit").run(work).await.expect("it goes well");
    let step = replayed(&bench.ended(Kind::Step));
    assert_eq!(attribute(&step, "flowspan.status"), attribute(&bench.span("step clone"), "flowspan.status"));
    let mut replay = Replay::new("flowspan");
    let made: Vec<_> = bench.events().iter().filter_map(|event| replay.take(event)).collect();
    let there = bench.spans();
    assert_eq!(made.len(), there.len());
    assert_eq!(made.len(), 4);
    for (made, there) in made.iter().zip(&there) {
        assert_eq!((&made.name, &made.span_kind), (&there.name, &there.span_kind));
        assert_eq!(made.span_context, there.span_context);
        assert_eq!(made.parent_span_id, there.parent_span_id);
        assert_eq!((made.start_time, made.end_time), (there.start_time, there.end_time));
        assert_eq!(made.status, there.status, "{}", made.name);
        let sorted = |span: &opentelemetry_sdk::trace::SpanData| {
            let mut all: Vec<_> = span.attributes.iter().map(|attribute| format!("{attribute:?}")).collect();
            all.sort();
            all
        };
        assert_eq!(sorted(made), sorted(there), "{}", made.name);
        let names = |span: &opentelemetry_sdk::trace::SpanData| -> Vec<_> {
            span.events.iter().map(|event| (event.name.clone(), event.attributes.len())).collect()
        };
        assert_eq!(names(made), names(there));
    }
}

fn replayed(event: &Event) -> opentelemetry_sdk::trace::SpanData {
    Replay::new("test").take(event).expect("it ended")
}

fn step(moment: Moment, seconds: u64) -> Event {
    let mut event = Event::new(moment, if moment == Moment::Occurred { Kind::Retry } else { Kind::Step });
    event.time = UNIX_EPOCH + Duration::from_secs(seconds);
    event.ids = SpanIds { trace: [1; 16], span: [2; 8], parent: None };
    event
}

#[test]
fn what_the_end_does_not_say_is_known_from_the_start() {
    let mut replay = Replay::new("test");
    assert!(replay.take(&step(Moment::Started, 10)).is_none());
    let failed = step(Moment::Ended, 15).with(Field::ErrorMessage, "it broke");
    let span = replay.take(&failed).expect("it ended");
    let times = [10, 15].map(|seconds| UNIX_EPOCH + Duration::from_secs(seconds));
    assert_eq!([span.start_time, span.end_time], times);
    assert_eq!(span.status, Status::error("it broke"));
    // Nothing of it is left: another one of its name knows nothing of it.
    let again = replay.take(&step(Moment::Ended, 20)).expect("it ended");
    assert_eq!((again.start_time, again.status), (again.end_time, Status::Unset));
}

#[test]
fn what_stands_in_no_trace_makes_no_span() {
    let mut replay = Replay::new("test");
    assert!(replay.take(&Event::new(Moment::Ended, Kind::Step)).is_none());
}

#[test]
fn a_span_keeps_so_many_occurrences_and_counts_the_others() {
    let mut replay = Replay::new("test");
    (0..200).for_each(|second| assert!(replay.take(&step(Moment::Occurred, second)).is_none()));
    let span = replay.take(&step(Moment::Ended, 300)).expect("it ended");
    assert_eq!((span.events.len(), span.events.dropped_count), (128, 72));
}

#[test]
fn spans_that_never_end_are_forgotten_in_the_end() {
    let mut replay = Replay::new("test");
    let start = |number: u64| {
        let mut event = step(Moment::Started, 1);
        event.ids.span = (number + 1).to_be_bytes();
        event
    };
    (0..100_000).for_each(|number| drop(replay.take(&start(number))));
    let end = |number: u64| Event { moment: Moment::Ended, time: SystemTime::now(), ..start(number) };
    let started = |span: opentelemetry_sdk::trace::SpanData| span.start_time != span.end_time;
    assert!(replay.take(&end(99_999)).is_some_and(started), "the last ones are known");
    assert!(!replay.take(&end(0)).is_some_and(started), "the first ones are not");
}
