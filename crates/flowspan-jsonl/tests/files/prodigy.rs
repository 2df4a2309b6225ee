//! The event logs of Prodigy.

use std::path::Path;

use flowspan_jsonl::Import;
use flowspan_model::{EventId, Field, Kind, Moment, Status};

use crate::support::{Kept, prodigy};

#[test]
fn every_line_of_a_damaged_log_is_accounted_for() {
    let (text, truth) = prodigy::log(100_000, 7);
    let kept = Kept::default();
    let (mut problems, mut unknown) = (Vec::new(), Vec::new());
    let mut import = Import::new(&kept)
        .on_problem(|problem| problems.push(problem.to_string()))
        .keep_unknown(&mut unknown);
    import.stream(Path::new("log"), &*text);
    let imported = import.imported().clone();
    drop(import);

    assert_eq!(imported.lines, truth.lines);
    assert_eq!(imported.bytes, text.len() as u64);
    assert_eq!(
        (imported.blank, imported.accepted, imported.unknown, imported.malformed),
        (truth.blank, truth.accepted, truth.unknown, truth.malformed)
    );
    assert_eq!(imported.lines, imported.blank + imported.accepted + imported.unknown + imported.malformed);
    // The job that starts is one more event.
    assert_eq!(imported.events, truth.events + 1);
    assert_eq!(imported.unknown_types.get("agent_dreamed"), Some(&truth.unknown));
    assert_eq!(unknown.iter().filter(|byte| **byte == b'\n').count() as u64, truth.unknown);
    assert_eq!(problems.len() as u64, truth.malformed);
    assert!(problems.iter().all(|problem| problem.starts_with("log:")), "{problems:?}");

    let events = kept.events();
    assert_eq!(events.len() as u64, imported.events);
    let ended = |kind, status: Status| {
        let is = |event: &&flowspan_model::Event| {
            (event.moment, event.kind, event.status()) == (Moment::Ended, kind, Some(status))
        };
        events.iter().filter(is).count() as u64
    };
    for kind in [Kind::MapItem, Kind::Agent] {
        assert_eq!(ended(kind, Status::Success), truth.of("agent_completed"));
        assert_eq!(ended(kind, Status::Failed), truth.of("agent_failed"));
    }
    let sum = |field| -> u64 {
        events.iter().filter_map(|event| event.fields.integer(field)).map(i64::unsigned_abs).sum()
    };
    assert_eq!(sum(Field::InputTokens), truth.uncached + truth.cached);
    assert_eq!((sum(Field::OutputTokens), sum(Field::CacheReadTokens)), (truth.output, truth.cached));
    let seconds: f64 = events
        .iter()
        .filter(|event| event.kind == Kind::Agent)
        .filter_map(|event| event.duration)
        .map(|duration| duration.as_secs_f64())
        .sum();
    assert_eq!(seconds, truth.agent_seconds, "quarters of seconds add up exactly");
}

#[test]
fn an_event_has_one_identifier_however_often_and_with_whatever_it_is_read() {
    let (text, _) = prodigy::log(2_000, 3);
    let ids = |texts: &[&[u8]]| -> Vec<EventId> {
        let kept = Kept::default();
        let mut import = Import::new(&kept);
        texts.iter().for_each(|text| import.stream(Path::new("log"), *text));
        kept.events().iter().map(EventId::of).collect()
    };
    let half =
        text.len() / 2 + text[text.len() / 2..].iter().position(|byte| *byte == b'\n').expect("lines") + 1;
    let (early, late) = text.split_at(half);
    let whole = ids(&[&text]);
    assert_eq!(ids(&[early, late]), whole);
    let late_first = ids(&[late, early]);
    let split = ids(&[late]).len();
    assert_eq!([&late_first[split..], &late_first[..split]].concat(), whole);
    let distinct: std::collections::BTreeSet<_> = whole.iter().collect();
    assert_eq!(distinct.len(), whole.len(), "no two events are taken for one");
}

#[test]
fn agents_stand_inside_their_items_and_calls_inside_their_agents() {
    let log = br#"{"id":"1","timestamp":"2026-01-01T00:00:00Z","correlation_id":"c","event":{"event_type":"agent_started","job_id":"j","agent_id":"a","item_id":"i","worktree":"w","attempt":1},"metadata":{}}
{"id":"2","timestamp":"2026-01-01T00:00:01Z","correlation_id":"c","event":{"event_type":"claude_token_usage","agent_id":"a","input_tokens":10,"output_tokens":2,"cache_tokens":30},"metadata":{}}
{"id":"3","timestamp":"2026-01-01T00:00:45Z","correlation_id":"c","event":{"event_type":"agent_completed","job_id":"j","agent_id":"a","duration":[45,500000000],"commits":[]},"metadata":{}}
"#;
    let kept = Kept::default();
    Import::new(&kept).stream(Path::new("log"), &log[..]);
    let events = kept.events();
    let [item, agent, call, agent_end, item_end] = &events[..] else { panic!("{events:?}") };
    assert!(events.iter().all(|event| event.ids.trace == item.ids.trace));
    assert_eq!(agent.ids.parent, Some(item.ids.span));
    assert_eq!(call.ids.parent, Some(agent.ids.span));
    assert_eq!((agent_end.ids, item_end.ids), (agent.ids, item.ids));
    assert_eq!(call.fields.integer(Field::InputTokens), Some(40));
    assert_eq!(agent_end.duration.map(|duration| duration.as_millis()), Some(45_500));
}
