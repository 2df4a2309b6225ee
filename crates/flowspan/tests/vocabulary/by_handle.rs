//! What flowspan's own API says.

use std::time::Duration;

use flowspan::{
    Agent, Blocked, Embeddings, Inference, MapReduce, Memory, Phase, Plan, Queue, Retrieval, Session, Step,
    ToolCall, Verdict, Workflow, Worktree,
    event::{self, Evaluation, Progress, Recovered, Validation},
    model::{Kind, Status, Usage},
};

fn failed() -> Verdict {
    Verdict::ended(Status::Failed).error_type("on_purpose").message("on purpose")
}

/// Says everything that can be said of a kind with flowspan's own API.
pub(crate) fn by_handle(kind: Kind) {
    let failed = &failed();
    match kind {
        Kind::Workflow => {
            Workflow::new("w").run_id("r").resumes("f").conversation_id("c").enter().finish(failed)
        }
        Kind::Phase => Phase::new("p").enter().finish(failed),
        Kind::Step => Step::shell("s").index(0).attempt(1).enter().finish(failed),
        Kind::Agent => {
            let agent = Agent::new("a").description("writes").conversation_id("c").data_source("d");
            agent.model("m").output_type("text").attempt(1).enter().finish(failed);
        }
        Kind::Inference => {
            inference(failed);
            inference(&Verdict::success());
        }
        Kind::Embeddings => {
            let call = Embeddings::new("p", "m").dimensions(8).encoding_formats(["float"]);
            let call = call.server_address("localhost", 8080);
            call.input_tokens(3);
            call.response_model("m-1");
            call.cost(0.1, "USD");
            call.enter().finish(failed);
        }
        Kind::ToolCall => {
            let call = ToolCall::new("t").call_id("c").tool_type("extension").description("searches");
            call.conversation_id("c").enter().finish(failed);
        }
        Kind::Plan => Plan::new().enter().finish(failed),
        Kind::Retrieval => {
            let search = Retrieval::new("d").model("p", "m").top_k(3).server_address("localhost", 8080);
            search.enter().finish(failed);
        }
        Kind::Memory => {
            let memory = Memory::search().provider("p").store("s").record_id("r");
            let memory = memory.server_address("localhost", 8080);
            memory.records(1);
            memory.enter().finish(failed);
        }
        Kind::MapReduce => MapReduce::new("j", 1).id("j-1").enter().finish(failed),
        Kind::MapItem => {
            let item = MapReduce::new("j", 1).item("i").attempt(1);
            item.dead_letter("broken");
            item.enter().finish(failed);
        }
        Kind::Reduce => MapReduce::new("j", 1).reduce().enter().finish(failed),
        Kind::Session => Session::new("p").model("m").id("s").hold().finish(failed),
        Kind::Worktree => Worktree::new("w").branch("b").hold().finish(failed),
        Kind::Blocked => Blocked::on("approval").hold().finish(failed),
        Kind::Retry => event::retry(2, Duration::from_millis(1), "rate limited"),
        Kind::Recovery => event::recovery(Recovered::Yes),
        Kind::Validation => event::validation(Validation::Passed),
        Kind::Evaluation => {
            event::evaluation(Evaluation::of("e").score(0.5).label("pass").explanation("it fits"));
        }
        Kind::PhaseTransition => event::phase_transition("plan", "map"),
        Kind::Heal => event::heal(Progress::Triggered),
        Kind::Bisect => event::bisect(Progress::Triggered),
        Kind::Handoff => event::handoff("writer", "the facts are there"),
        Kind::DeadLetterAdded => event::dead_letters_restored(1),
        Kind::DeadLetterRemoved => event::dead_letters_removed(1),
        Kind::DeadLetterReprocessed => event::dead_letters_reprocessed(1),
        Kind::DeadLetterEvicted => event::dead_letters_evicted(1),
        Kind::DeadLetterAge => event::dead_letter_age(Duration::from_secs(1)),
        Kind::CheckpointCreated => event::checkpoint_created("c"),
        Kind::CheckpointLoaded => event::checkpoint_loaded("c"),
        Kind::CheckpointFailed => event::checkpoint_failed("c", "disk full"),
        Kind::StorageWritten => event::storage_written("s", 1),
        Kind::CacheHit => event::cache_hit("c"),
        Kind::CacheMiss => event::cache_miss("c"),
        Kind::QueueDepth => drop(Queue::new("q").wait()),
        Kind::WorktreeMerged => event::worktree_merged("w", "main"),
        Kind::WorktreePool => event::worktree_pool(3),
        Kind::MemoryPressure => event::memory_pressure(9, 10),
    }
}

fn inference(verdict: &Verdict) {
    let call = Inference::chat("p", "m").max_tokens(9).temperature(0.5).top_p(0.9).top_k(40);
    let call = call.frequency_penalty(0.1).presence_penalty(0.2).stop_sequences(["END"]).seed(7);
    let call = call.choice_count(2).reasoning_level("high").output_type("json").conversation_id("c");
    let call = call.server_address("localhost", 8080);
    call.token(1);
    // The second chunk comes later than the first by the clock, so that there is a rate.
    let first = std::time::Instant::now();
    while first.elapsed() < Duration::from_micros(5) {
        std::hint::spin_loop();
    }
    call.token(1);
    call.response_model("m-1");
    call.response_id("r");
    call.finish_reasons("stop");
    call.usage(Usage::new().input(1).output(1).cache_read(1).cache_write(1).reasoning(1));
    call.cost(0.1, "USD");
    let judged = call.judge(std::future::ready(()), |(): &()| verdict.clone());
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(std::pin::pin!(judged).poll(&mut context).is_ready());
}
