//! The last attempt at each piece of work.

use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};

use crate::{lock::Lock, place::place};

/// Threads that end attempts at the same moment rarely meet in one of so many.
const SHARDS: usize = 64;
/// How many pieces of work each of them remembers: together 4096.
const PLACES: usize = 64;

/// Pieces of work, each with its last attempt, as far as there is room: one that comes later takes the place
/// of one that came earlier. A step that says which attempt it is passes here each time, so this is a table
/// of numbers, without a text and without an allocation.
#[derive(Debug)]
pub(super) struct Attempts(Box<[Lock<[Option<Attempt>; PLACES]>]>);

/// Work of which there can be several attempts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Work<'span> {
    /// The span around it, in its trace.
    pub(super) around: (TraceId, SpanId),
    pub(super) name: &'span str,
    pub(super) item: Option<&'span str>,
}

/// The last attempt at something.
#[derive(Clone, Copy, Debug)]
struct Attempt {
    work: u64,
    number: i64,
    /// `None` if several pieces of work look the same, so that nobody can tell whose attempt it is.
    span: Option<(SpanId, TraceFlags)>,
}

impl Default for Attempts {
    fn default() -> Self {
        Attempts((0..SHARDS).map(|_| Lock::new([None; PLACES])).collect())
    }
}

impl Attempts {
    /// Remembers an attempt, and gives the one before.
    pub(super) fn take(&self, work: &Work<'_>, number: i64, context: &SpanContext) -> Option<SpanContext> {
        let digest = work.digest();
        let shard = &self.0[place::<SHARDS>(digest)];
        let mut shard = shard.lock();
        let slot = &mut shard[place::<PLACES>(digest.rotate_left(32))];
        let before = match slot {
            Some(known) if known.work == digest => {
                if known.number > number {
                    return None;
                }
                if known.number == number {
                    known.span = None;
                    return None;
                }
                known.span.filter(|_| known.number.checked_add(1) == Some(number))
            }
            _ => None,
        };
        *slot =
            Some(Attempt { work: digest, number, span: Some((context.span_id(), context.trace_flags())) });
        let (span, flags) = before?;
        Some(SpanContext::new(work.around.0, span, flags, false, TraceState::default()))
    }
}

impl Work<'_> {
    /// Tells it from other work. The identifiers of spans are random, so nobody from outside chooses it.
    fn digest(&self) -> u64 {
        let (trace, span) = (u128::from_be_bytes(self.around.0.to_bytes()), self.around.1.to_bytes());
        #[expect(clippy::cast_possible_truncation, reason = "either half is random enough")]
        let start = u64::from_be_bytes(span) ^ trace as u64 ^ u64::from(self.item.is_some());
        let texts = [self.name, self.item.unwrap_or_default()];
        texts.iter().fold(start, |digest, text| of_text(digest, text.as_bytes()))
    }
}

/// Takes a text in: its length, eight bytes at a time, and the last eight once more, of which some have been
/// taken in before.
#[inline]
fn of_text(digest: u64, text: &[u8]) -> u64 {
    let digest = mixed(digest, text.len() as u64);
    let Some(last) = text.last_chunk() else {
        return mixed(digest, text.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)));
    };
    let whole = text.chunks_exact(8).filter_map(|word| word.first_chunk());
    whole.chain([last]).fold(digest, |digest, word| mixed(digest, u64::from_le_bytes(*word)))
}

fn mixed(digest: u64, word: u64) -> u64 {
    let mixed = (digest ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^ (mixed >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context(span: u64) -> SpanContext {
        let trace = TraceId::from(7);
        SpanContext::new(trace, SpanId::from(span), TraceFlags::SAMPLED, false, TraceState::default())
    }

    #[test]
    fn work_is_told_by_the_span_around_it_its_name_and_its_item() {
        let digest = |around: u64, name, item| {
            Work { around: (TraceId::from(7), SpanId::from(around)), name, item }.digest()
        };
        let all = [
            digest(1, "step clone", None),
            digest(2, "step clone", None),
            digest(1, "step build", None),
            digest(1, "step clone", Some("")),
            digest(1, "step clone", Some("item")),
            digest(1, "step clonei", Some("tem")),
        ];
        for (index, one) in all.iter().enumerate() {
            assert!(all[index + 1..].iter().all(|other| other != one), "{index}");
        }
    }

    #[test]
    fn much_work_is_remembered_and_the_memory_is_bounded() {
        let attempts = Attempts::default();
        let work = |around: u64, number, span| {
            let work = Work { around: (TraceId::from(7), SpanId::from(around)), name: "step", item: None };
            attempts.take(&work, number, &context(span))
        };
        for around in 1..=100_000 {
            assert_eq!(work(around, 1, around), None);
            // Whatever came between took at most the place of some.
            assert_eq!(work(around, 2, around + 1_000_000), Some(context(around)));
        }
        let kept = (99_001..=100_000).filter(|around| work(*around, 3, 1).is_some()).count();
        assert!(kept > 700, "{kept} of the last thousand");
    }
}
