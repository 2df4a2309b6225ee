//! What makes storing an event twice harmless.

use std::{
    fmt,
    time::{SystemTime, UNIX_EPOCH},
};

use crate::{Event, Moment, Value};

/// The identifier of an event, made of its content: a UUID of version 8 (RFC 9562).
///
/// The same event has the same identifier wherever and whenever that is made, so a store that keeps
/// each identifier once keeps each event once: when a batch is sent again, when a file is imported
/// twice, when a program has stored its events and its file of events is imported as well. It begins
/// with the milliseconds since 1970, so that identifiers sort by time.
///
/// Two things that happened in one span, at the same nanosecond, and of which the same is known, count
/// as one.
///
/// ```
/// use flowspan_model::{Event, EventId, Kind, Moment};
///
/// let event = Event::new(Moment::Occurred, Kind::CacheHit);
/// assert_eq!(EventId::of(&event), EventId::of(&event.clone()));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventId([u8; 16]);

impl EventId {
    /// The identifier of this event.
    pub fn of(event: &Event) -> Self {
        let Event { moment, kind, time, ids, duration, fields } = event;
        let mut digest = Digest::new();
        digest.text(match moment {
            Moment::Started => "started",
            Moment::Ended => "ended",
            Moment::Occurred => "occurred",
        });
        digest.text(kind.name());
        let (sign, distance) = match time.duration_since(UNIX_EPOCH) {
            Ok(after) => (0, after),
            Err(before) => (1, before.duration()),
        };
        digest.bytes(&[sign]);
        digest.bytes(&distance.as_nanos().to_le_bytes());
        digest.bytes(&ids.trace);
        digest.bytes(&ids.span);
        digest.optional(ids.parent.as_ref().map(<[u8; 8]>::as_slice));
        digest.optional(
            duration.map(|duration| duration.as_nanos().to_le_bytes()).as_ref().map(<[u8; 16]>::as_slice),
        );
        for (field, value) in fields.iter() {
            digest.text(field.key());
            digest.value(value);
        }
        EventId(of_version_8(milliseconds(*time), digest.0))
    }

    /// The identifier as a UUID's bytes.
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0
    }
}

impl fmt::Display for EventId {
    /// `0199d2c4-7b1e-8c3a-9f00-5d41b3f0a6e2`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = u128::from_be_bytes(self.0);
        let part = |from: u32, bits: u32| (id >> (128 - from - bits)) & ((1 << bits) - 1);
        write!(
            f,
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            part(0, 32),
            part(32, 16),
            part(48, 16),
            part(64, 16),
            part(80, 48)
        )
    }
}

/// A number made of these texts, the same in every version on every machine: for identifiers of what has
/// none of its own.
///
/// ```
/// assert_ne!(flowspan_model::digest(&["ab", "c"]), flowspan_model::digest(&["a", "bc"]));
/// ```
pub fn digest(texts: &[&str]) -> u128 {
    let mut digest = Digest::new();
    texts.iter().for_each(|text| digest.text(text));
    digest.0
}

/// Milliseconds since 1970, as near as 48 bits can say.
fn milliseconds(time: SystemTime) -> u64 {
    const MOST: u64 = (1 << 48) - 1;
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    u64::try_from(since).map_or(MOST, |milliseconds| milliseconds.min(MOST))
}

fn of_version_8(milliseconds: u64, digest: u128) -> [u8; 16] {
    const VERSION: u128 = 8 << 76;
    const VARIANT: u128 = 0b10 << 62;
    const DIGEST: u128 = (0xfff << 64) | ((1 << 62) - 1);
    // The upper bits of the product depend on all bytes; they go where there is room for them.
    let folded = digest ^ (digest >> 54);
    ((u128::from(milliseconds) << 80) | VERSION | VARIANT | (folded & DIGEST)).to_be_bytes()
}

/// FNV-1a of 128 bits: a few lines that give the same number in every version on every machine. It
/// need not withstand somebody who looks for two events with one identifier; whoever can make events
/// can do more harm than that.
struct Digest(u128);

impl Digest {
    const fn new() -> Self {
        Digest(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d)
    }

    fn bytes(&mut self, bytes: &[u8]) {
        const PRIME: u128 = (1 << 88) + 0x13b;
        for byte in bytes {
            self.0 = (self.0 ^ u128::from(*byte)).wrapping_mul(PRIME);
        }
    }

    // Lengths and types go in as well, so that no two events are the same row of bytes.

    fn text(&mut self, text: &str) {
        self.bytes(&(text.len() as u64).to_le_bytes());
        self.bytes(text.as_bytes());
    }

    fn optional(&mut self, bytes: Option<&[u8]>) {
        self.bytes(&[u8::from(bytes.is_some())]);
        self.bytes(bytes.unwrap_or_default());
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Text(text) => {
                self.bytes(b"t");
                self.text(text);
            }
            Value::Integer(number) => {
                self.bytes(b"i");
                self.bytes(&number.to_le_bytes());
            }
            Value::Float(number) => {
                self.bytes(b"f");
                self.bytes(&number.to_bits().to_le_bytes());
            }
            Value::Boolean(flag) => self.bytes(&[b'b', u8::from(*flag)]),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{Field, Kind, SpanIds};

    fn event() -> Event {
        Event {
            moment: Moment::Ended,
            kind: Kind::Step,
            time: UNIX_EPOCH + Duration::from_nanos(1_700_000_000_123_456_789),
            ids: SpanIds { trace: [1; 16], span: [2; 8], parent: None },
            duration: Some(Duration::from_millis(5)),
            fields: crate::Fields::default(),
        }
        .with(Field::StepName, "build")
    }

    #[test]
    fn the_identifier_of_an_event_is_the_same_for_all_time() {
        // What is in a store has to be recognised by every later version.
        assert_eq!(EventId::of(&event()).to_string(), "018bcfe5-687b-895f-8a5c-be24d82d0284");
    }

    #[test]
    fn every_part_of_an_event_counts() {
        let changes: [fn(&mut Event); 9] = [
            |_| {},
            |event| event.moment = Moment::Started,
            |event| event.kind = Kind::Phase,
            |event| event.time += Duration::from_nanos(1),
            |event| event.ids.span[7] ^= 1,
            |event| event.ids.parent = Some([0; 8]),
            |event| event.duration = None,
            |event| event.fields.set(Field::StepName, 7_i64),
            |event| event.fields.set(Field::Attempt, true),
        ];
        let ids: std::collections::BTreeSet<_> = changes
            .into_iter()
            .map(|change| {
                let mut changed = event();
                change(&mut changed);
                EventId::of(&changed)
            })
            .collect();
        assert_eq!(ids.len(), changes.len());
    }

    #[test]
    fn identifiers_sort_by_time() {
        let (early, mut late) = (event(), event());
        late.time += Duration::from_millis(1);
        assert!(EventId::of(&early) < EventId::of(&late));
        late.time = UNIX_EPOCH - Duration::from_secs(1);
        assert!(EventId::of(&late) < EventId::of(&early));
    }
}
