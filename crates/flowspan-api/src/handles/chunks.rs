//! What comes of a streamed response, chunk by chunk.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use flowspan_clock::Monotonic;
use flowspan_model::{Field, Repeated};
use tracing::Span;

/// The first bound of the buckets in microseconds; each further one is twice the one before. They are the
/// buckets of the convention's `…time_per_output_chunk`.
const FIRST_BOUND: u64 = 10_000;
/// How many buckets there are, that without an upper bound included.
const BUCKETS: usize = 15;
/// In a bucket, the lower bits are the sum of the times in microseconds, twelve days at most; the upper
/// ones say how many times there are, sixteen millions at most.
const SUM_BITS: u32 = 40;
const SUM: u64 = (1 << SUM_BITS) - 1;

/// What has come of a streamed response. Written down when the last handle of the call is gone.
#[derive(Debug)]
pub(super) struct Chunks {
    span: Span,
    /// `None` if nobody listens: then nobody is told when a chunk came.
    started: Option<Monotonic>,
    /// When the latest chunk came, in microseconds since the start; zero before the first.
    latest: AtomicU64,
    /// When the first chunk came.
    first: AtomicU64,
    /// The tokens of the first chunk, which nobody can say how long they took.
    first_tokens: AtomicU64,
    /// The tokens beyond one for each chunk, so that the usual chunk has nothing to add.
    more_tokens: AtomicU64,
    /// The times from chunk to chunk.
    times: [AtomicU64; BUCKETS],
    output_reported: AtomicBool,
    finish_reported: AtomicBool,
}

impl Chunks {
    pub(super) fn new(span: Span) -> Self {
        Chunks {
            started: (!span.is_disabled()).then(Monotonic::now),
            span,
            latest: AtomicU64::new(0),
            first: AtomicU64::new(0),
            first_tokens: AtomicU64::new(0),
            more_tokens: AtomicU64::new(0),
            times: [const { AtomicU64::new(0) }; BUCKETS],
            output_reported: AtomicBool::new(false),
            finish_reported: AtomicBool::new(false),
        }
    }

    /// A chunk has come.
    #[inline]
    pub(super) fn add(&self, tokens: u64) {
        let now = self.started.map_or(1, microseconds_since);
        // Of two chunks that come at once the earlier may be told later: time does not run backwards.
        let before = self.latest.fetch_max(now, Ordering::Relaxed);
        if tokens != 1 {
            // A chunk without a token takes one away: the sum is right once the chunks are added.
            self.more_tokens.fetch_add(tokens.wrapping_sub(1), Ordering::Relaxed);
        }
        if before == 0 {
            self.begin(now, tokens);
        } else {
            let time = now.saturating_sub(before).min(SUM);
            self.times[bucket(time)].fetch_add((1 << SUM_BITS) + time, Ordering::Relaxed);
        }
    }

    #[cold]
    fn begin(&self, now: u64, tokens: u64) {
        self.first.store(now, Ordering::Relaxed);
        self.first_tokens.store(tokens, Ordering::Relaxed);
        self.span.record(Field::Stream.key(), true);
        self.span.record(Field::TimeToFirstChunk.key(), seconds(now));
    }

    /// Somebody else knows the tokens of the output.
    pub(super) fn output_is_reported(&self) {
        self.output_reported.store(true, Ordering::Relaxed);
    }

    /// Somebody has said why the model stopped.
    pub(super) fn finish_is_reported(&self) {
        self.finish_reported.store(true, Ordering::Relaxed);
    }

    /// Whether a response has begun of which nobody has said how it ended.
    pub(super) fn is_unfinished(&self) -> bool {
        self.latest.load(Ordering::Relaxed) > 0 && !self.finish_reported.load(Ordering::Relaxed)
    }
}

impl Drop for Chunks {
    fn drop(&mut self) {
        let latest = *self.latest.get_mut();
        if latest == 0 || self.span.is_disabled() {
            return;
        }
        let (mut chunks, mut times) = (1, String::new());
        for bucket in &mut self.times {
            let bucket = *bucket.get_mut();
            let (count, sum) = (bucket >> SUM_BITS, bucket & SUM);
            if count > 0 {
                chunks += count;
                #[expect(clippy::cast_precision_loss, reason = "fewer than 2^24")]
                Repeated::push(&mut times, count, seconds(sum) / count as f64);
            }
        }
        self.span.record(Field::Chunks.key(), whole(chunks));
        if !times.is_empty() {
            self.span.record(Field::ChunkTimes.key(), times.as_str());
        }
        let tokens = chunks.wrapping_add(*self.more_tokens.get_mut());
        let lasted = latest - *self.first.get_mut();
        if lasted > 0 {
            #[expect(clippy::cast_precision_loss, reason = "a rate of more than 2^53 tokens is no rate")]
            let later = tokens.saturating_sub(*self.first_tokens.get_mut()) as f64;
            self.span.record(Field::TokensPerSecond.key(), later / seconds(lasted));
        }
        if !*self.output_reported.get_mut() {
            self.span.record(Field::OutputTokens.key(), whole(tokens));
        }
    }
}

/// How many microseconds have passed since then, one at least.
#[inline]
fn microseconds_since(started: Monotonic) -> u64 {
    (Monotonic::now().nanoseconds_since(started) / 1000).max(1)
}

/// The bucket of a time.
#[inline]
fn bucket(time: u64) -> usize {
    let doublings = time.div_ceil(FIRST_BOUND).max(1).next_power_of_two().trailing_zeros();
    (doublings as usize).min(BUCKETS - 1)
}

#[expect(clippy::cast_precision_loss, reason = "beyond 2^53 microseconds nobody waits")]
fn seconds(microseconds: u64) -> f64 {
    microseconds as f64 / 1e6
}

fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use flowspan_model::catalog;

    use super::*;

    #[test]
    fn the_buckets_are_those_of_the_instrument() {
        let metric =
            catalog::metric("gen_ai.client.inference.time_per_output_chunk").expect("in the catalog");
        assert_eq!(metric.buckets.len(), BUCKETS - 1);
        for (index, bound) in metric.buckets.iter().enumerate() {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "below two minutes")]
            let bound = (bound * 1e6).round() as u64;
            assert_eq!(bucket(bound), index, "the bound belongs to its bucket");
            assert_eq!(bucket(bound + 1), index + 1);
        }
        assert_eq!((bucket(0), bucket(SUM)), (0, BUCKETS - 1));
    }
}
