//! From a line to an event.

use std::collections::HashMap;
use std::fmt;
use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

use flowspan_model::{Event, Field, Fields, Kind, Moment, SpanIds, Value};
use foldhash::fast::FixedState;
use jiff::Timestamp;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{FLOAT, FORMAT, MOMENTS, Words};

/// Reads the lines that [`write_line`](super::write_line) has written.
///
/// It keeps its event and the texts that come again, so that a line costs no more than what is new
/// in it. Fields that this version does not know are passed over.
///
/// ```
/// use flowspan_jsonl::{Reader, write_line};
/// use flowspan_model::{Event, Field, Kind, Moment};
///
/// let event = Event::new(Moment::Occurred, Kind::CacheHit).with(Field::CacheName, "results");
/// let mut line = Vec::new();
/// write_line(&event, &mut line);
/// assert_eq!(Reader::new().read(&line), Ok(&event));
/// ```
#[derive(Debug)]
pub struct Reader {
    event: Event,
    words: Words,
}

/// A line of which no event can be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LineError {
    /// It is no JSON, or something in it is not as the format says.
    #[error("{0}")]
    Malformed(String),
    /// It speaks of something that this version does not know.
    #[error("{0:?} is of a kind that this version does not know")]
    UnknownKind(String),
    /// It is of a newer version of the format.
    #[error("it is of version {0} of the format, this program reads up to {FORMAT}: use a newer flowspan")]
    Newer(u32),
}

impl LineError {
    pub(crate) fn malformed(error: impl fmt::Display) -> Self {
        LineError::Malformed(error.to_string())
    }

    /// The text of a JSON error without its place in the text, which has only one line.
    pub(crate) fn json(error: &serde_json::Error) -> Self {
        let text = error.to_string();
        let Some((what, place)) = text.rsplit_once(" at line 1 column ") else {
            return LineError::Malformed(text);
        };
        LineError::Malformed(format!("{what} at byte {place}"))
    }
}

impl Default for Reader {
    fn default() -> Self {
        Reader::new()
    }
}

impl Reader {
    /// A reader that has read nothing yet.
    pub fn new() -> Self {
        let fields = Fields::default();
        let (time, ids) = (SystemTime::UNIX_EPOCH, SpanIds::default());
        let event = Event { moment: Moment::Occurred, kind: Kind::Retry, time, ids, duration: None, fields };
        Reader { event, words: Words::new() }
    }

    /// The event of this line, with or without a line break at its end.
    ///
    /// # Errors
    ///
    /// The line is none of this format, or speaks of what this version does not know.
    pub fn read(&mut self, line: &[u8]) -> Result<&Event, LineError> {
        // The whole line at once is quicker than each text in it.
        let line = std::str::from_utf8(line).map_err(LineError::malformed)?;
        self.event.fields.clear();
        let mut json = serde_json::Deserializer::from_str(line);
        let read = Line { event: &mut self.event, words: &mut self.words }
            .deserialize(&mut json)
            .map_err(|error| LineError::json(&error))?;
        json.end().map_err(|error| LineError::json(&error))?;
        match read {
            Ok(()) => Ok(&self.event),
            Err(error) => Err(error),
        }
    }

    pub(crate) fn words(&mut self) -> &mut Words {
        &mut self.words
    }
}

/// The parts of a line.
#[derive(serde::Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum Part {
    Flowspan,
    Moment,
    Kind,
    Time,
    TraceId,
    SpanId,
    ParentId,
    Duration,
    Fields,
    #[serde(other)]
    Other,
}

struct Line<'read> {
    event: &'read mut Event,
    words: &'read mut Words,
}

impl<'de> DeserializeSeed<'de> for Line<'_> {
    type Value = Result<(), LineError>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Line<'_> {
    type Value = Result<(), LineError>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an event as an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut version, mut moment, mut kind, mut time) = (None, None, None, None);
        let mut unknown_kind = None;
        let mut ids = SpanIds::default();
        let mut duration = None;
        while let Some(part) = map.next_key::<Part>()? {
            // Of what a newer version means by the same words, nothing is known.
            let is_newer = version.is_some_and(|version| version > FORMAT);
            match if is_newer { Part::Other } else { part } {
                Part::Flowspan => version = Some(map.next_value::<u32>()?),
                Part::Moment => moment = Some(map.next_value_seed(Named(moment_of))?),
                Part::Kind => match map.next_value_seed(Named(kind_of))? {
                    Ok(known) => kind = Some(known),
                    Err(unknown) => unknown_kind = Some(unknown),
                },
                Part::Time => time = Some(map.next_value_seed(Named(time_of))?),
                Part::TraceId => ids.trace = map.next_value_seed(Named(trace_of))?,
                Part::SpanId => ids.span = map.next_value_seed(Named(span_of))?,
                Part::ParentId => ids.parent = Some(map.next_value_seed(Named(span_of))?),
                Part::Duration => {
                    let number: &RawValue = map.next_value()?;
                    duration = Some(duration_of(number.get()).map_err(A::Error::custom)?);
                }
                Part::Fields => {
                    map.next_value_seed(FieldsSeed { fields: &mut self.event.fields, words: self.words })?;
                }
                Part::Other => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        match version {
            None => return Err(A::Error::missing_field("flowspan")),
            Some(newer) if newer > FORMAT => return Ok(Err(LineError::Newer(newer))),
            Some(_) => {}
        }
        if let Some(kind) = unknown_kind {
            return Ok(Err(LineError::UnknownKind(kind)));
        }
        self.event.moment = moment.ok_or_else(|| A::Error::missing_field("moment"))?;
        self.event.kind = kind.ok_or_else(|| A::Error::missing_field("kind"))?;
        self.event.time = time.ok_or_else(|| A::Error::missing_field("time"))?;
        self.event.ids = ids;
        self.event.duration = duration;
        Ok(Ok(()))
    }
}

/// A text that means something.
struct Named<F>(F);

impl<'de, T, F: FnOnce(&str) -> Result<T, &'static str>> DeserializeSeed<'de> for Named<F> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<T, F: FnOnce(&str) -> Result<T, &'static str>> Visitor<'_> for Named<F> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
        (self.0)(text).map_err(|expected| E::custom(format_args!("{text:?} is not {expected}")))
    }
}

fn moment_of(text: &str) -> Result<Moment, &'static str> {
    let known = MOMENTS.iter().find(|(_, name)| *name == text);
    known.map(|(moment, _)| *moment).ok_or("started, ended or occurred")
}

/// A kind that is not known is no mistake of the line.
#[expect(clippy::unnecessary_wraps, reason = "one shape for all")]
fn kind_of(text: &str) -> Result<Result<Kind, String>, &'static str> {
    static KINDS: LazyLock<HashMap<&'static str, Kind, FixedState>> =
        LazyLock::new(|| Kind::ALL.iter().map(|kind| (kind.name(), *kind)).collect());
    Ok(KINDS.get(text).copied().ok_or_else(|| text.to_owned()))
}

fn time_of(text: &str) -> Result<SystemTime, &'static str> {
    text.parse::<Timestamp>().map(SystemTime::from).map_err(|_| "a time by RFC 3339")
}

fn trace_of(text: &str) -> Result<[u8; 16], &'static str> {
    hex(text).ok_or("a trace id of 32 hexadecimal digits")
}

fn span_of(text: &str) -> Result<[u8; 8], &'static str> {
    hex(text).ok_or("a span id of 16 hexadecimal digits")
}

#[expect(clippy::cast_possible_truncation, reason = "a hexadecimal digit is less than 16")]
fn hex<const BYTES: usize>(text: &str) -> Option<[u8; BYTES]> {
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    let pairs: &[[u8; 2]; BYTES] = pairs.try_into().ok()?;
    let mut bytes = [0; BYTES];
    for (byte, pair) in bytes.iter_mut().zip(pairs) {
        let digit = |character: u8| char::from(character).to_digit(16);
        *byte = (digit(pair[0])? << 4 | digit(pair[1])?) as u8;
    }
    Some(bytes)
}

/// Seconds to the nanosecond, which a float could not hold for long.
fn duration_of(number: &str) -> Result<Duration, String> {
    let wrong = || format!("{number} is not a duration in seconds");
    let (seconds, fraction) = number.split_once('.').unwrap_or((number, ""));
    let Ok(seconds) = seconds.parse::<u64>() else {
        // Somebody else's way to write a number.
        let seconds = number.parse::<f64>().map_err(|_| wrong())?;
        return Duration::try_from_secs_f64(seconds).map_err(|_| wrong());
    };
    let digits = fraction.as_bytes();
    if !digits.iter().all(u8::is_ascii_digit) {
        let seconds = number.parse::<f64>().map_err(|_| wrong())?;
        return Duration::try_from_secs_f64(seconds).map_err(|_| wrong());
    }
    let nanoseconds = (0..9)
        .map(|nth| digits.get(nth).map_or(0, |digit| u32::from(digit - b'0')))
        .fold(0, |number, digit| number * 10 + digit);
    Ok(Duration::new(seconds, nanoseconds))
}

struct FieldsSeed<'read> {
    fields: &'read mut Fields,
    words: &'read mut Words,
}

impl<'de> DeserializeSeed<'de> for FieldsSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for FieldsSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("fields as an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(field) = map.next_key_seed(Named(field_of))? {
            match field {
                Some(field) => {
                    let value = map.next_value_seed(ValueSeed(self.words))?;
                    self.fields.set(field, value);
                }
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

#[expect(clippy::unnecessary_wraps, reason = "one shape for all")]
fn field_of(key: &str) -> Result<Option<Field>, &'static str> {
    static FIELDS: LazyLock<HashMap<&'static str, Field, FixedState>> =
        LazyLock::new(|| Field::ALL.iter().map(|field| (field.key(), *field)).collect());
    Ok(FIELDS.get(key).copied())
}

struct ValueSeed<'read>(&'read mut Words);

impl<'de> DeserializeSeed<'de> for ValueSeed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ValueSeed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a number, true or false")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(self.0.text(text)))
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Integer(number))
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Value, E> {
        Ok(Value::from(number))
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Value, E> {
        Ok(Value::Float(number))
    }

    fn visit_bool<E: serde::de::Error>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Boolean(flag))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let number = map.next_entry_seed(
            Named(|key: &str| if key == FLOAT { Ok(()) } else { Err("the name of a number") }),
            Named(|number: &str| number.parse::<f64>().map_err(|_| "a number")),
        )?;
        let more = map.next_key::<IgnoredAny>()?;
        match (number, more) {
            (Some(((), number)), None) => Ok(Value::Float(number)),
            _ => Err(A::Error::custom("the object holds no number")),
        }
    }
}
