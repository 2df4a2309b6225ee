//! A program that uses the library, and listens.

use std::sync::{Arc, Mutex};

use example_library::{Answer, ModelError, summarise};
use flowspan::{
    Console, Environment, Flowspan,
    model::{Event, EventSink, Kind, Moment, Usage},
};

#[derive(Clone, Default)]
struct Ended(Arc<Mutex<Vec<(Kind, Usage)>>>);

impl EventSink for Ended {
    fn event(&self, event: &Event) {
        if event.moment == Moment::Ended {
            self.0.lock().expect("nobody panics").push((event.kind, event.usage()));
        }
    }
}

async fn answer(text: String) -> Result<Answer, ModelError> {
    Ok(Answer { usage: Usage::new().input(text.len() as u64).output(2), text: "in short".into() })
}

#[tokio::test]
async fn the_library_is_heard_by_whoever_listens() {
    let ended = Ended::default();
    let telemetry = Flowspan::builder("program")
        .environment(Environment::empty())
        .console(Console::off())
        .event_sink(ended.clone())
        .build()
        .expect("it builds");
    let guard = telemetry.set_default();
    assert_eq!(summarise("a long text", answer).await.expect("it answers"), "in short");
    drop(guard);
    let expected = [
        (Kind::ToolCall, Usage::new()),
        (Kind::Inference, Usage::new().input(11).output(2)),
        (Kind::Agent, Usage::new()),
    ];
    assert_eq!(*ended.0.lock().expect("nobody panics"), expected);
}

#[tokio::test]
async fn the_library_works_if_nobody_listens() {
    assert_eq!(summarise("a long text", answer).await.expect("it answers"), "in short");
}
