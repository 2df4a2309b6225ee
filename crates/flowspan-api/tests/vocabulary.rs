//! Handles and events speak the words of the model, all of them and no others.

mod support;

use std::{collections::BTreeSet, time::Duration};

use flowspan_api::{
    Agent, Inference, MapReduce, Phase, Step, ToolCall, Workflow,
    event::{self, Recovered, Validation},
};
use flowspan_model::{Field, Kind, TARGET};
use support::{Heard, Recording};

/// Uses every handle and every event once.
fn speak() -> Recording {
    let (heard, _guard) = Recording::start();
    drop(Workflow::new("w").run_id("r-1"));
    drop(Phase::new("p"));
    drop(Step::shell("s").index(1).attempt(1));
    drop(Agent::new("a").attempt(1));
    drop(ToolCall::new("t").call_id("c-1"));
    drop(Inference::chat("openai", "m"));
    let job = MapReduce::new("j", 1);
    job.item("i").dead_letter("broken");
    drop(job.reduce());
    event::retry(2, Duration::from_millis(200), "rate limited");
    event::recovery(Recovered::Yes);
    event::validation(Validation::Passed);
    event::checkpoint_created("c");
    event::dead_letters_removed(2);
    heard
}

fn is_known(key: &str) -> bool {
    Field::from_key(key).is_some() || key.starts_with("otel.")
}

#[test]
fn every_field_of_a_handle_is_known_to_the_model() {
    for Heard { name, declared, .. } in speak().spans() {
        for key in declared {
            assert!(is_known(key), "the field {key} of {name}");
        }
    }
}

#[test]
fn every_field_of_an_event_is_known_to_the_model() {
    for Heard { name, declared, .. } in speak().events() {
        for key in declared {
            assert!(is_known(key) || key == "message", "the field {key} of {name}");
        }
    }
}

#[test]
fn every_kind_of_the_model_can_be_said_under_its_name() {
    let heard = speak();
    let (spans, events) = (heard.spans(), heard.events());
    for said in spans.iter().chain(&events) {
        assert_eq!(said.target, TARGET);
    }
    let names = |heard: &[Heard]| heard.iter().map(|heard| heard.name).collect::<BTreeSet<_>>();
    let kinds = |spans: bool| {
        let kinds = Kind::ALL.iter().filter(|kind| kind.is_span() == spans);
        kinds.map(|kind| kind.name()).collect::<BTreeSet<_>>()
    };
    assert_eq!(names(&spans), kinds(true));
    assert_eq!(names(&events), kinds(false));
}

#[test]
fn every_handle_can_say_how_it_ended() {
    for Heard { name, declared, .. } in speak().spans() {
        for field in [Field::Status, Field::ErrorType, Field::ErrorMessage] {
            assert!(declared.contains(&field.key()), "{name} declares {}", field.key());
        }
        assert!(declared.contains(&"otel.status_code"), "{name} declares otel.status_code");
    }
}

#[test]
fn an_event_speaks_of_the_work_around_it() {
    let (heard, _guard) = Recording::start();
    let step = Step::shell("fetch").enter();
    event::retry(2, Duration::from_millis(200), "rate limited");
    drop(step);
    let events = heard.events();
    assert_eq!(events[0].parent, Some("step"));
    assert_eq!(events[0].get("flowspan.attempt"), Some("2"));
    assert_eq!(events[0].get("flowspan.retry.delay"), Some("0.2"));
    assert_eq!(events[0].get("flowspan.reason"), Some("rate limited"));
}
