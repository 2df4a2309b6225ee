//! From an event to a line.

use std::io::Write as _;
use std::time::SystemTime;

use flowspan_model::{Event, EventId, Value};
use jiff::Timestamp;
use jiff::fmt::temporal::DateTimePrinter;

use super::{FLOAT, FORMAT, MARK, MOMENTS};

/// Appends an event as a line, its line break included.
///
/// Every event becomes a line, and [`Reader`](super::Reader) makes the same event of it. A time outside
/// of the years -9999 to 9999, which the clocks of programs do not show, becomes the nearest in them.
///
/// ```
/// use flowspan_jsonl::{FORMAT, write_line};
/// use flowspan_model::{Event, Field, Kind, Moment};
///
/// let mut line = Vec::new();
/// write_line(&Event::new(Moment::Occurred, Kind::CacheHit).with(Field::CacheName, "results"), &mut line);
/// let line = String::from_utf8(line).expect("UTF-8");
/// assert!(line.starts_with(&format!("{{\"flowspan\":{FORMAT},\"id\":\"")) && line.ends_with("}\n"));
/// ```
pub fn write_line(event: &Event, line: &mut Vec<u8>) {
    // Writing into memory cannot fail.
    let _ = try_write(event, line);
}

fn try_write(event: &Event, line: &mut Vec<u8>) -> std::io::Result<()> {
    let Event { moment, kind, time, ids, duration, fields } = event;
    let moment = MOMENTS.iter().find(|(known, _)| known == moment).map_or("", |(_, name)| name);
    write!(line, "{{\"{MARK}\":{FORMAT},\"id\":\"{}\",\"moment\":\"{moment}\"", EventId::of(event))?;
    write!(line, ",\"kind\":\"{}\",\"time\":\"", kind.name())?;
    const NANOSECONDS: DateTimePrinter = DateTimePrinter::new().precision(Some(9));
    let _ = NANOSECONDS.print_timestamp(&timestamp(*time), &mut *line);
    line.push(b'"');
    if ids.trace != [0; 16] {
        write!(line, ",\"trace_id\":\"{:032x}\"", u128::from_be_bytes(ids.trace))?;
    }
    if ids.span != [0; 8] {
        write!(line, ",\"span_id\":\"{:016x}\"", u64::from_be_bytes(ids.span))?;
    }
    if let Some(parent) = ids.parent {
        write!(line, ",\"parent_id\":\"{:016x}\"", u64::from_be_bytes(parent))?;
    }
    if let Some(duration) = duration {
        write!(line, ",\"duration\":{}.{:09}", duration.as_secs(), duration.subsec_nanos())?;
    }
    line.extend_from_slice(b",\"fields\":{");
    for (nth, (field, value)) in fields.iter().enumerate() {
        // Keys need no escapes.
        write!(line, "{}\"{}\":", if nth == 0 { "" } else { "," }, field.key())?;
        write_value(value, line)?;
    }
    line.extend_from_slice(b"}}\n");
    Ok(())
}

fn write_value(value: &Value, line: &mut Vec<u8>) -> std::io::Result<()> {
    match value {
        Value::Text(text) => serde_json::to_writer(line, text.as_str())?,
        Value::Integer(number) => write!(line, "{number}")?,
        // Always with a point or an exponent, so that it stays apart from a whole number.
        Value::Float(number) if number.is_finite() => serde_json::to_writer(line, number)?,
        Value::Float(number) => write!(line, "{{\"{FLOAT}\":\"{number}\"}}")?,
        Value::Boolean(flag) => write!(line, "{flag}")?,
    }
    Ok(())
}

fn timestamp(time: SystemTime) -> Timestamp {
    Timestamp::try_from(time).unwrap_or(if time < SystemTime::UNIX_EPOCH {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    })
}
