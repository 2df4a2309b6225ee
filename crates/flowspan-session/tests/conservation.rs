//! Nothing is counted twice and nothing is lost, whoever counts.

use std::{
    sync::Barrier,
    time::{Duration, SystemTime},
};

use flowspan_model::{Event, EventSink, Field, Kind, Moment};
use flowspan_session::{ModelCalls, SessionCollector, SessionMetrics, Work};
use proptest::prelude::*;

const STATUSES: [&str; 4] = ["success", "failed", "timeout", "cancelled"];
const KINDS: [(Moment, Kind); 14] = [
    (Moment::Started, Kind::Phase),
    (Moment::Started, Kind::MapReduce),
    (Moment::Ended, Kind::Workflow),
    (Moment::Ended, Kind::Phase),
    (Moment::Ended, Kind::Step),
    (Moment::Ended, Kind::Agent),
    (Moment::Ended, Kind::Inference),
    (Moment::Ended, Kind::Embeddings),
    (Moment::Ended, Kind::ToolCall),
    (Moment::Ended, Kind::MapItem),
    (Moment::Occurred, Kind::Heal),
    (Moment::Occurred, Kind::CacheHit),
    (Moment::Occurred, Kind::CacheMiss),
    (Moment::Occurred, Kind::MemoryPressure),
];

/// An event of few names, so that they meet. Costs are parts of 1024, so that their sums are exact.
fn event() -> impl Strategy<Value = Event> {
    let name = || prop_oneof![Just("a"), Just("b"), Just("größe"), Just("")];
    (
        (0..KINDS.len(), 0..STATUSES.len(), name(), name(), name()),
        (0..2_000_000_000_u64, proptest::option::of(0..10_000_000_000_u64), 0..5000_u64, 0..4096_u32),
    )
        .prop_map(|((kind, status, name, agent, model), (second, duration, number, cost))| {
            let (moment, kind) = KINDS[kind];
            let mut event = Event::new(moment, kind)
                .with(Field::WorkflowName, name)
                .with(Field::PhaseName, name)
                .with(Field::StepName, name)
                .with(Field::ToolName, name)
                .with(Field::AgentName, agent)
                .with(Field::Provider, agent)
                .with(Field::RequestModel, model)
                .with(Field::HealOutcome, ["triggered", "succeeded", "failed", "?"][status])
                .with(Field::Items, number)
                .with(Field::MemoryUsed, number)
                .with(Field::InputTokens, number)
                .with(Field::OutputTokens, number / 7)
                .with(Field::CacheReadTokens, number / 2)
                .with(Field::ReasoningTokens, number / 70)
                .with(Field::Status, STATUSES[status]);
            if cost % 2 == 0 {
                event.fields.set(Field::CostAmount, f64::from(cost) / 1024.0);
            }
            event.time = SystemTime::UNIX_EPOCH + Duration::from_secs(second);
            event.duration = duration.filter(|_| moment == Moment::Ended).map(Duration::from_nanos);
            event
        })
}

fn one_after_the_other(events: &[Event]) -> SessionMetrics {
    let mut session = SessionMetrics::new("s");
    events.iter().for_each(|event| session.record(event));
    session
}

/// What the events say, counted in the simplest way.
#[derive(Debug, PartialEq)]
struct Sums {
    executions: u64,
    outcomes: [u64; 4],
    measured: Duration,
}

fn expected(events: &[Event], kinds: &[Kind]) -> Sums {
    let ended: Vec<_> =
        events.iter().filter(|event| event.moment == Moment::Ended && kinds.contains(&event.kind)).collect();
    let with = |status: &str| {
        ended.iter().filter(|event| event.fields.text(Field::Status) == Some(status)).count() as u64
    };
    let finished = ended.iter().filter(|event| event.fields.text(Field::Status) != Some("cancelled"));
    Sums {
        executions: ended.len() as u64,
        outcomes: STATUSES.map(with),
        measured: finished.filter_map(|event| event.duration).sum(),
    }
}

fn sums<'a>(works: impl IntoIterator<Item = &'a Work>) -> Sums {
    let mut sums = Sums { executions: 0, outcomes: [0; 4], measured: Duration::ZERO };
    for work in works {
        sums.executions += work.executions;
        for (sum, number) in
            sums.outcomes.iter_mut().zip([work.success, work.failed, work.timeout, work.cancelled])
        {
            *sum += number;
        }
        sums.measured += work.duration.total;
    }
    sums
}

fn all_calls(session: &SessionMetrics) -> ModelCalls {
    session.model_calls.total()
}

proptest! {
    #[test]
    fn the_sums_over_all_names_are_those_of_the_events(events in proptest::collection::vec(event(), 0..80)) {
        let session = one_after_the_other(&events);
        prop_assert_eq!(session.events, events.len() as u64);
        prop_assert_eq!(session.bounded, 0);
        prop_assert_eq!(sums([&session.requests]), expected(&events, &[Kind::Workflow]));
        prop_assert_eq!(
            sums(session.phases.values().map(|phase| &phase.work)), expected(&events, &[Kind::Phase])
        );
        prop_assert_eq!(sums(session.steps.values()), expected(&events, &[Kind::Step]));
        prop_assert_eq!(
            sums(session.agents.values().map(|agent| &agent.work)), expected(&events, &[Kind::Agent])
        );
        prop_assert_eq!(sums(session.tools.values()), expected(&events, &[Kind::ToolCall]));
        let calls = all_calls(&session);
        let kinds = [Kind::Inference, Kind::Embeddings];
        prop_assert_eq!(sums([&calls.work]), expected(&events, &kinds));
        let tokens: u64 = events
            .iter()
            .filter(|event| event.moment == Moment::Ended && kinds.contains(&event.kind))
            .map(|event| event.usage().total())
            .sum();
        prop_assert_eq!(calls.tokens.total, tokens);
        // Both views are of the same calls.
        let views = [
            session.model_calls.by_phase().iter().map(|(_, calls)| calls.work.executions).sum::<u64>(),
            session.model_calls.by_model().iter().map(|(_, calls)| calls.work.executions).sum(),
        ];
        prop_assert_eq!(views, [calls.work.executions; 2]);
    }

    #[test]
    fn merged_sessions_are_one_of_all_their_events(
        one in proptest::collection::vec(event(), 0..50),
        other in proptest::collection::vec(event(), 0..50),
    ) {
        let mut merged = one_after_the_other(&one);
        merged.merge(&one_after_the_other(&other));
        let together: Vec<_> = one.iter().chain(&other).cloned().collect();
        prop_assert_eq!(&merged, &one_after_the_other(&together));
        let mut the_other_way = one_after_the_other(&other);
        the_other_way.merge(&one_after_the_other(&one));
        prop_assert_eq!(merged, the_other_way);
    }
}

proptest! {
    // Each of these waits for the disk or for threads.
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn what_is_saved_is_what_is_loaded(events in proptest::collection::vec(event(), 0..50)) {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("s.json");
        let session = one_after_the_other(&events);
        session.save(&path).expect("there is room");
        prop_assert_eq!(SessionMetrics::load(&path).expect("it is whole"), Some(session));
    }

    #[test]
    fn many_threads_make_the_session_that_one_would(
        shares in proptest::collection::vec(proptest::collection::vec(event(), 0..50), 1..6)
    ) {
        let collector = SessionCollector::new("s");
        let begin = Barrier::new(shares.len());
        std::thread::scope(|scope| {
            for share in &shares {
                let (collector, begin) = (collector.clone(), &begin);
                scope.spawn(move || {
                    begin.wait();
                    share.iter().for_each(|event| collector.event(event));
                });
            }
        });
        let together: Vec<_> = shares.concat();
        prop_assert_eq!(collector.snapshot(), one_after_the_other(&together));
        let account = collector.account();
        prop_assert!(account.is_balanced());
        prop_assert_eq!(account.created, together.len() as u64);
    }
}

#[test]
fn a_session_stays_bounded_after_100_000_calls_of_wild_names() {
    let collector = SessionCollector::new("s");
    for nth in 0..100_000_u32 {
        let (kind, name) = (KINDS[2 + (nth % 8) as usize].1, format!("{nth:x}").repeat(20));
        let mut event = Event::new(Moment::Ended, kind)
            .with(Field::PhaseName, name.as_str())
            .with(Field::StepName, name.as_str())
            .with(Field::ToolName, name.as_str())
            .with(Field::AgentName, format!("agent-{}", nth % 300))
            .with(Field::RequestModel, name.as_str())
            .with(Field::Status, "success");
        event.duration = Some(Duration::from_millis(1));
        collector.event(&event);
    }
    let session = collector.snapshot();
    assert_eq!(session.events, 100_000);
    assert!(session.bounded > 10_000);
    assert!(session.tools.len() <= flowspan_session::MAX_TOOLS + 1);
    assert!(session.agents.len() <= flowspan_session::MAX_AGENTS + 1);
    assert_eq!(sums(session.tools.values()).executions, 12_500);
    assert_eq!(sums(session.agents.values().map(|agent| &agent.work)).executions, 12_500);
    let of_agents = session.agents.values().flat_map(|agent| agent.tools.values());
    assert_eq!(sums(of_agents).executions, 12_500);
    assert_eq!(all_calls(&session).work.executions, 25_000);
}
