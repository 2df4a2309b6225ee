//! Lines of events, read again.

use std::{
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, UNIX_EPOCH},
};

use flowspan_jsonl::{Import, write_line};
use flowspan_model::{Event, EventSink, Field, Kind, Moment};
use serde_json::Value;

use super::{Contenders, Work};

/// How many lines a round reads.
const LINES: u64 = 2_000;

pub(super) const IMPORT: Work = Work {
    name: "line of an event, imported",
    goal: "no dearer than to parse it into a document",
    times: LINES,
    is_counted: false,
    contenders: || -> Contenders {
        let (ours, theirs) = (lines(), lines());
        vec![
            ("flowspan", Box::new(move |times| import(&ours, times))),
            ("serde_json, into a document", Box::new(move |times| parse(&theirs, times))),
        ]
    },
};

fn lines() -> Vec<u8> {
    let mut lines = Vec::new();
    for number in 0..LINES {
        let event = Event::new(Moment::Ended, Kind::Inference)
            .with(Field::WorkflowName, "audit")
            .with(Field::AgentName, "auditor")
            .with(Field::Provider, "openai")
            .with(Field::RequestModel, "gpt-5-mini")
            .with(Field::InputTokens, number % 8_000)
            .with(Field::OutputTokens, number % 900)
            .with(Field::ResponseId, format!("chatcmpl-{number:012}"))
            .with(Field::Status, "success");
        let time = UNIX_EPOCH + Duration::from_secs(1_767_225_600 + number);
        write_line(&Event { time, duration: Some(Duration::from_millis(number)), ..event }, &mut lines);
    }
    lines
}

#[derive(Default)]
struct Tokens(AtomicU64);

impl EventSink for Tokens {
    fn event(&self, event: &Event) {
        let tokens = event.fields.integer(Field::InputTokens).unwrap_or(0);
        self.0.fetch_add(tokens.unsigned_abs(), Ordering::Relaxed);
    }
}

fn import(lines: &[u8], times: u64) {
    let sink = Tokens::default();
    let mut import = Import::new(&sink);
    import.stream(Path::new("bench"), lines);
    assert_eq!((import.imported().events, import.imported().malformed), (times, 0));
}

fn parse(lines: &[u8], times: u64) {
    let parsed = lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let parsed = parsed.filter(|line| serde_json::from_slice::<Value>(line).is_ok());
    assert_eq!(parsed.count() as u64, times);
}
