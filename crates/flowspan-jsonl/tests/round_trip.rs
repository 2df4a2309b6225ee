//! Every event becomes a line, and the line the same event.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use flowspan_jsonl::{LineError, Reader, write_line};
use flowspan_model::{Event, EventId, Field, Kind, Moment, SpanIds, Value};
use proptest::prelude::*;

fn values() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<String>().prop_map(Value::from),
        "[\\x00-\\x1f\"\\\\/\u{2028}\u{feff}é𝄞]{0,20}".prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        // A float that is no number equals nothing, not even itself.
        any::<f64>().prop_filter("equal to itself", |number| !number.is_nan()).prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
    ]
}

fn times() -> impl Strategy<Value = SystemTime> {
    // Before and after 1970, up to the years 0 and 9999.
    (any::<bool>(), 0_u64..62_000_000_000, 0_u32..1_000_000_000).prop_map(|(before, seconds, nanoseconds)| {
        let distance = Duration::new(seconds, nanoseconds);
        if before { UNIX_EPOCH - distance } else { UNIX_EPOCH + distance }
    })
}

fn events() -> impl Strategy<Value = Event> {
    let ids = (any::<[u8; 16]>(), any::<[u8; 8]>(), any::<Option<[u8; 8]>>())
        .prop_map(|(trace, span, parent)| SpanIds { trace, span, parent });
    let ids = prop_oneof![Just(SpanIds::default()), ids];
    let durations = any::<Option<Duration>>();
    let fields = prop::collection::vec((prop::sample::select(Field::ALL), values()), 0..12);
    let (moments, kinds) = (prop::sample::select(&Moment::ALL[..]), prop::sample::select(Kind::ALL));
    (moments, kinds, times(), ids, durations, fields).prop_map(
        |(moment, kind, time, ids, duration, fields)| {
            let event = Event { moment, kind, time, ids, duration, fields: Default::default() };
            fields.into_iter().fold(event, |event, (field, value)| event.with(field, value))
        },
    )
}

fn line(event: &Event) -> Vec<u8> {
    let mut line = Vec::new();
    write_line(event, &mut line);
    line
}

proptest! {
    #[test]
    fn an_event_comes_back_as_it_was(events in prop::collection::vec(events(), 1..4)) {
        // One reader for all: nothing of an event is left in the next.
        let mut reader = Reader::new();
        for event in &events {
            let line = line(event);
            let (text, end) = line.split_at(line.len() - 1);
            prop_assert!(end == b"\n" && !text.contains(&b'\n') && !text.contains(&b'\r'));
            prop_assert_eq!(reader.read(&line), Ok(event));
            prop_assert_eq!(reader.read(text), Ok(event));
            let id = EventId::of(event).to_string();
            prop_assert!(std::str::from_utf8(text).expect("UTF-8").contains(&id));
        }
    }

    #[test]
    fn a_damaged_line_is_an_error_or_an_event_but_never_a_panic(
        event in events(), at: prop::sample::Index, byte: u8, cut: prop::sample::Index,
    ) {
        let mut line = line(&event);
        let at = at.index(line.len());
        line[at] = byte;
        let mut reader = Reader::new();
        let _ = reader.read(&line);
        let _ = reader.read(&line[..cut.index(line.len())]);
        // Damage leaves nothing behind.
        let whole = self::line(&event);
        prop_assert_eq!(reader.read(&whole), Ok(&event));
    }

    #[test]
    fn whatever_is_cut_off_is_no_event(event in events(), cut: prop::sample::Index) {
        let line = line(&event);
        let text = &line[..line.len() - 1];
        prop_assert!(Reader::new().read(&text[..cut.index(text.len())]).is_err());
    }
}

#[test]
fn what_json_has_no_number_for_comes_back() {
    for number in [f64::INFINITY, f64::NEG_INFINITY, -0.0, f64::MIN_POSITIVE, 1e300] {
        let event = Event::new(Moment::Occurred, Kind::Evaluation).with(Field::EvaluationScore, number);
        let read = Reader::new().read(&line(&event)).cloned().expect("an event");
        let read = read.fields.get(Field::EvaluationScore).and_then(Value::as_number).expect("a number");
        assert_eq!(read.to_bits(), number.to_bits());
    }
    let event = Event::new(Moment::Occurred, Kind::Evaluation).with(Field::EvaluationScore, f64::NAN);
    let read = Reader::new().read(&line(&event)).cloned().expect("an event");
    assert!(matches!(read.fields.get(Field::EvaluationScore), Some(Value::Float(number)) if number.is_nan()));
}

#[test]
fn lines_of_other_versions_are_understood_as_far_as_they_can_be() {
    let mut reader = Reader::new();
    let read = |reader: &mut Reader, line: &str| reader.read(line.as_bytes()).cloned();
    let known = r#"{"flowspan":1,"moment":"started","kind":"step","time":"2026-01-02T03:04:05+01:00","new":{"a":[1]},"fields":{"flowspan.step.name":"build","not.known.yet":[1,{"a":null}]}}"#;
    let event = read(&mut reader, known).expect("more keys do no harm");
    assert_eq!((event.kind, event.fields.len(), event.duration), (Kind::Step, 1, None));
    let newer = known.replace("\"flowspan\":1", "\"flowspan\":2").replace("\"step\"", "\"thought\"");
    assert_eq!(read(&mut reader, &newer), Err(LineError::Newer(2)));
    let unknown = known.replace("\"step\"", "\"thought\"");
    assert_eq!(read(&mut reader, &unknown), Err(LineError::UnknownKind("thought".to_owned())));
}

#[test]
fn an_error_says_what_is_wrong_and_where() {
    let whole = r#"{"flowspan":1,"moment":"ended","kind":"step","time":"2026-01-02T03:04:05Z","trace_id":"0af7651916cd43dd8448eb211c80319c","duration":1.5,"fields":{}}"#;
    for (part, damaged, said) in [
        ("ended", "over", "\"over\" is not started, ended or occurred at byte"),
        ("2026-01", "2026-13", "is not a time by RFC 3339"),
        ("0af7", "0ag7", "is not a trace id of 32 hexadecimal digits"),
        ("0af7", "+0af", "is not a trace id"),
        ("1.5", "-1.5", "-1.5 is not a duration in seconds"),
        ("1.5", "\"1.5\"", "is not a duration in seconds"),
        ("{}}", "{}} x", "trailing characters at byte"),
        ("{}}", "{}", "EOF while parsing an object at byte"),
        ("{}}", "{\"flowspan.attempt\":null}}", "a text, a number, true or false"),
        ("\"moment\":\"ended\",", "", "missing field `moment`"),
    ] {
        let damaged = whole.replacen(part, damaged, 1);
        let error = Reader::new().read(damaged.as_bytes()).cloned().expect_err(&damaged).to_string();
        assert!(error.contains(said) && !error.contains("line 1"), "{error} for {damaged}");
    }
}
