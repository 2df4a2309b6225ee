//! The state of a session in which much has happened.

use std::{hint::black_box, time::Duration};

use flowspan_model::{Event, EventSink, Field, Kind, Moment};
use flowspan_session::SessionCollector;

use super::{Contenders, Work};

const CALLS: u64 = 100_000;

pub(super) const SNAPSHOT: Work = Work {
    name: "snapshot of a session with 100,000 calls",
    goal: "at most 10 ms",
    times: 50,
    is_counted: false,
    contenders: || -> Contenders {
        let session = session();
        vec![(
            "flowspan",
            Box::new(move |times| (0..times).for_each(|_| drop(black_box(session.snapshot())))),
        )]
    },
};

/// Every phase, agent and model that a large program has.
fn session() -> SessionCollector {
    let session = SessionCollector::new("bench");
    for number in 0..CALLS {
        let event = Event::new(Moment::Ended, Kind::Inference)
            .with(Field::PhaseName, format!("phase-{}", number % 40))
            .with(Field::AgentName, format!("agent-{}", number % 200))
            .with(Field::Provider, ["openai", "anthropic", "mistral"][(number % 3) as usize])
            .with(Field::RequestModel, format!("model-{}", number % 25))
            .with(Field::InputTokens, number % 8_000)
            .with(Field::OutputTokens, number % 900)
            .with(Field::Status, "success");
        session.event(&Event { duration: Some(Duration::from_millis(number % 5_000)), ..event });
    }
    assert_eq!(session.snapshot().model_calls.total().work.executions, CALLS);
    session
}
