//! Handles and events speak the words of the model, all of them and no others.

mod support;

use std::{collections::BTreeSet, time::Duration};

use flowspan_api::{
    Agent, Blocked, Embeddings, Inference, MapReduce, Memory, Phase, Plan, Queue, Retrieval, Session, Step,
    ToolCall, Workflow, Worktree,
    event::{self, Evaluation, Progress, Recovered, Validation},
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
    drop(Embeddings::new("openai", "m").dimensions(64));
    drop(Plan::new());
    drop(Retrieval::new("handbook").model("openai", "m").top_k(3));
    drop(Memory::search().provider("p").store("s").record_id("r"));
    let job = MapReduce::new("j", 1).id("j-1");
    job.item("i").dead_letter("broken");
    drop(job.reduce());
    drop(Session::new("anthropic").model("m").id("s-1"));
    drop(Worktree::new("w-1").branch("b"));
    drop(Blocked::on("approval"));
    event::retry(2, Duration::from_millis(200), "rate limited");
    event::recovery(Recovered::Yes);
    event::validation(Validation::Passed);
    event::evaluation(Evaluation::of("relevance").score(0.8).label("relevant").explanation("it fits"));
    event::phase_transition("plan", "map");
    event::heal(Progress::Triggered);
    event::bisect(Progress::Failed);
    event::handoff("writer", "the facts are there");
    event::dead_letters_restored(4);
    event::dead_letters_removed(2);
    event::dead_letters_reprocessed(1);
    event::dead_letters_evicted(1);
    event::dead_letter_age(Duration::from_secs(60));
    event::checkpoint_created("c");
    event::checkpoint_loaded("c");
    event::checkpoint_failed("c", "disk full");
    event::storage_written("postgres", 100);
    event::cache_hit("pages");
    event::cache_miss("pages");
    drop(Queue::new("files").wait());
    event::worktree_merged("w-1", "main");
    event::worktree_pool(3);
    event::memory_pressure(900, 1000);
    heard
}

/// What a handle declares of what people and models say, which no event carries.
const CONTENT: [&str; 10] = [
    "gen_ai.input.messages",
    "gen_ai.output.messages",
    "gen_ai.system_instructions",
    "gen_ai.tool.definitions",
    "gen_ai.tool.call.arguments",
    "gen_ai.tool.call.result",
    "gen_ai.retrieval.query.text",
    "gen_ai.retrieval.documents",
    "gen_ai.memory.query.text",
    "gen_ai.memory.records",
];

/// What a handle or event declares, apart from content and what only OpenTelemetry or a log reads.
fn declared(heard: &Heard) -> BTreeSet<&'static str> {
    let for_others = |key: &&str| {
        *key == "message"
            || CONTENT.contains(key)
            || (key.starts_with("otel.") && Field::from_key(key).is_none())
    };
    heard.declared.iter().copied().filter(|key| !for_others(key)).collect()
}

#[test]
fn every_handle_declares_the_fields_of_its_kind_and_no_others() {
    for heard in speak().spans() {
        let kind = Kind::from_name(heard.name).expect("the name is a kind's");
        let fields = kind.fields().iter().chain(Field::OF_AN_END).map(|field| field.key());
        assert_eq!(declared(&heard), fields.collect(), "{}", heard.name);
    }
}

#[test]
fn every_event_declares_fields_of_its_kind_and_all_of_them_are_used() {
    let events = speak().events();
    for kind in Kind::ALL.iter().filter(|kind| !kind.is_span()) {
        let said = events.iter().filter(|event| event.name == kind.name()).flat_map(declared);
        let fields = kind.fields().iter().map(|field| field.key());
        assert_eq!(said.collect::<BTreeSet<_>>(), fields.collect(), "{}", kind.name());
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
