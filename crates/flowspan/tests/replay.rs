//! What happened earlier goes the way of what happens now.

use std::time::{Duration, UNIX_EPOCH};

use flowspan::model::{Event, EventSink as _, Field, Fields, Kind, Moment, SpanIds, Status};
use flowspan::{Environment, Flowspan, Reporter};
use opentelemetry_sdk::trace::InMemorySpanExporter;

fn step(number: u64, moment: Moment) -> Event {
    Event {
        moment,
        kind: Kind::Step,
        time: UNIX_EPOCH + Duration::from_secs(number),
        ids: SpanIds { trace: [1; 16], span: (number + 1).to_be_bytes(), parent: None },
        duration: (moment == Moment::Ended).then(|| Duration::from_millis(500)),
        fields: Fields::default(),
    }
    .with(Field::StepName, "build")
    .with(Field::Status, Status::Success.as_str())
}

#[test]
fn events_come_faster_than_they_are_sent_and_none_is_lost() {
    const STEPS: u64 = 20_000;
    let exporter = InMemorySpanExporter::default();
    let telemetry = Flowspan::builder("replay")
        .environment(Environment::empty())
        .reporter(Reporter::silent())
        .span_exporter("memory", exporter.clone())
        .totals()
        .build()
        .expect("built");
    let replay = telemetry.replay();
    for number in 0..STEPS {
        replay.event(&step(number, Moment::Started));
        replay.event(&step(number, Moment::Ended));
    }
    assert_eq!(telemetry.snapshot().sum("flowspan.step.executions"), STEPS as f64);
    let accounts = telemetry.shutdown(Duration::from_secs(30)).into_result().expect("nothing was lost");
    assert_eq!(accounts.spans.delivered, STEPS);
    drop(replay);
}

#[test]
fn without_telemetry_a_replay_does_nothing() {
    let telemetry = Flowspan::builder("replay").disabled().build().expect("built");
    telemetry.replay().event(&step(1, Moment::Ended));
}
