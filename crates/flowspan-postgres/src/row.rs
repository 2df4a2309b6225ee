//! From an event to the row that the server gets.

use std::borrow::Cow;
use std::time::{SystemTime, UNIX_EPOCH};

use flowspan_model::{Event, Field, Fields, Kind, Moment, Value};
use serde::ser::{Serialize, SerializeMap as _, Serializer};
use uuid::Uuid;

use crate::id::execution_id;
use crate::place::Place;

/// An event on its way into the store.
#[derive(Clone, Debug)]
pub(crate) struct Recorded {
    pub(crate) id: Uuid,
    pub(crate) place: Place,
    pub(crate) event: Event,
}

/// How long the identifier of a job may be, in bytes: an index entry has a largest size.
const JOB_ID_LIMIT: usize = 500;

impl Recorded {
    /// About how many bytes it takes while it waits.
    pub(crate) fn bytes(&self) -> usize {
        let fields = self.event.fields.iter().map(|(field, value)| {
            size_of_val(&field) + size_of_val(value) + value.as_text().map_or(0, str::len)
        });
        size_of_val(self) + fields.sum::<usize>()
    }
}

/// What had to be done to the texts of events so that the server can hold them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mended {
    /// Texts in which NUL was replaced.
    pub(crate) sanitised: u64,
    /// Texts that were cut.
    pub(crate) shortened: u64,
}

/// A row of the table `events`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    pub(crate) id: Uuid,
    pub(crate) microseconds: i64,
    pub(crate) kind: Kind,
    pub(crate) moment: Moment,
    pub(crate) duration_ms: Option<f64>,
    pub(crate) trace_id: Option<String>,
    pub(crate) span_id: Option<String>,
    pub(crate) parent_span_id: Option<String>,
    pub(crate) execution_id: Option<Uuid>,
    pub(crate) workflow_execution_id: Option<Uuid>,
    pub(crate) step_execution_id: Option<Uuid>,
    pub(crate) agent_execution_id: Option<Uuid>,
    pub(crate) job_id: Option<String>,
    pub(crate) fields: String,
}

impl Row {
    pub(crate) fn new(recorded: &Recorded, text_limit: usize, mended: &mut Mended) -> Self {
        let Recorded { id, place, event } = recorded;
        let mut row = Row {
            id: *id,
            microseconds: microseconds(event.time),
            kind: event.kind,
            moment: event.moment,
            duration_ms: event.duration.map(|duration| duration.as_secs_f64() * 1_000.0),
            trace_id: hex(&event.ids.trace),
            span_id: hex(&event.ids.span),
            parent_span_id: event.ids.parent.as_ref().and_then(|parent| hex(parent)),
            execution_id: execution_id(&event.ids).filter(|_| event.kind.is_span()),
            workflow_execution_id: place.workflow,
            step_execution_id: place.step,
            agent_execution_id: place.agent,
            job_id: job_id(event, mended).or_else(|| place.job.map(|job| job.to_string())),
            fields: document(&event.fields, text_limit, mended),
        };
        if row.execution_id.is_none() && event.moment == Moment::Ended {
            row.stand_alone();
        }
        row
    }

    /// Work outside every trace: its end is all that will ever be known of it, and becomes the row.
    fn stand_alone(&mut self) {
        self.execution_id = Some(self.id);
        match self.kind {
            Kind::Workflow => self.workflow_execution_id = Some(self.id),
            Kind::Step => self.step_execution_id = Some(self.id),
            Kind::Agent => self.agent_execution_id = Some(self.id),
            Kind::MapReduce => {
                self.job_id.get_or_insert_with(|| self.id.to_string());
            }
            _ => {}
        }
    }
}

/// The name of a moment in the column `moment`.
pub(crate) const fn moment_name(moment: Moment) -> &'static str {
    match moment {
        Moment::Started => "started",
        Moment::Ended => "ended",
        Moment::Occurred => "occurred",
    }
}

/// Microseconds since 1970. What a number of 64 bits cannot say stays at its bound, which the server
/// refuses: better no row than one with a wrong time.
fn microseconds(time: SystemTime) -> i64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_micros()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_micros()).map_or(i64::MIN, |micros| -micros),
    }
}

/// The program's own identifier of the job, if it has one: a job that is resumed goes on in its row.
fn job_id(event: &Event, mended: &mut Mended) -> Option<String> {
    let id = event.fields.text(Field::JobId)?;
    Some(storable(id, JOB_ID_LIMIT, mended).into_owned())
}

/// As traces are written everywhere; nothing for the zeros that stand for "none".
fn hex(bytes: &[u8]) -> Option<String> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    if bytes.iter().all(|byte| *byte == 0) {
        return None;
    }
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    Some(bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect())
}

/// The fields as a JSON object.
fn document(fields: &Fields, text_limit: usize, mended: &mut Mended) -> String {
    let members: Vec<_> = fields
        .iter()
        .map(|(field, value)| {
            let member = match value {
                Value::Text(text) => Member::Text(storable(text, text_limit, mended)),
                Value::Integer(number) => Member::Integer(*number),
                Value::Float(number) if number.is_finite() => Member::Float(*number),
                // JSON has no word for them.
                Value::Float(number) => Member::Text(Cow::Owned(number.to_string())),
                Value::Boolean(flag) => Member::Boolean(*flag),
            };
            (field, member)
        })
        .collect();
    // Texts and numbers under texts always become JSON.
    serde_json::to_string(&Document(members)).unwrap_or_else(|_| "{}".to_owned())
}

/// The text as PostgreSQL can hold it: without NUL, which neither `text` nor `jsonb` knows, and not
/// longer than the limit.
fn storable<'text>(text: &'text str, limit: usize, mended: &mut Mended) -> Cow<'text, str> {
    let mut storable = Cow::Borrowed(text);
    if text.len() > limit {
        let end = (0..=limit).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        storable = Cow::Owned(format!("{}… ({} bytes cut)", &text[..end], text.len() - end));
        mended.shortened += 1;
    }
    if storable.contains('\0') {
        storable = Cow::Owned(storable.replace('\0', "\u{fffd}"));
        mended.sanitised += 1;
    }
    storable
}

struct Document<'event>(Vec<(Field, Member<'event>)>);

enum Member<'event> {
    Text(Cow<'event, str>),
    Integer(i64),
    Float(f64),
    Boolean(bool),
}

impl Serialize for Document<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (field, member) in &self.0 {
            match member {
                Member::Text(text) => map.serialize_entry(field.key(), text)?,
                Member::Integer(number) => map.serialize_entry(field.key(), number)?,
                Member::Float(number) => map.serialize_entry(field.key(), number)?,
                Member::Boolean(flag) => map.serialize_entry(field.key(), flag)?,
            }
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::id::event_id;

    fn row_of(event: Event, limit: usize) -> (Row, Mended) {
        let mut mended = Mended::default();
        let recorded = Recorded { id: event_id(event.time), place: Place::default(), event };
        (Row::new(&recorded, limit, &mut mended), mended)
    }

    proptest! {
        #[test]
        fn any_text_becomes_json_without_nul_and_within_the_limit(text in ".{0,80}", nul in 0_usize..3, limit in 1_usize..60) {
            let text = format!("{}{text}", "\0".repeat(nul));
            let event = Event::new(Moment::Occurred, Kind::Retry).with(Field::Reason, text.as_str());
            let (row, mended) = row_of(event, limit);
            let json: serde_json::Value = serde_json::from_str(&row.fields).expect("valid JSON");
            let stored = json[Field::Reason.key()].as_str().expect("a text");
            prop_assert!(!stored.contains('\0'));
            prop_assert!(stored.len() <= limit + "… ( bytes cut)".len() + 20);
            prop_assert_eq!(mended.shortened, u64::from(text.len() > limit));
            if mended == Mended::default() {
                prop_assert_eq!(stored, text);
            }
        }

        #[test]
        fn any_number_becomes_json(number: f64) {
            let event = Event::new(Moment::Occurred, Kind::Retry).with(Field::RetryDelay, number);
            let (row, _) = row_of(event, 10);
            prop_assert!(serde_json::from_str::<serde_json::Value>(&row.fields).is_ok(), "{}", row.fields);
        }
    }

    #[test]
    fn times_before_1970_are_negative() {
        assert_eq!(microseconds(UNIX_EPOCH - Duration::from_micros(3)), -3);
        assert_eq!(microseconds(UNIX_EPOCH + Duration::from_micros(3)), 3);
    }

    #[test]
    fn ids_are_written_as_everywhere() {
        assert_eq!(hex(&[0x0a, 0xf7]).as_deref(), Some("0af7"));
        assert_eq!(hex(&[0; 8]), None);
    }
}
