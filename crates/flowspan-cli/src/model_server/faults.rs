//! How the embedded server misbehaves: decided from a seed, never from the clock.
//!
//! The draw depends on the seed, the conversation and how often that conversation was sent, and on
//! nothing else. Two runs with one seed therefore meet the same faults whatever their concurrency,
//! and a retry may be luckier than the attempt before it.

use std::time::Duration;

use crate::chat::{Message, Role};
use crate::fingerprint::Fingerprint;

/// One way to misbehave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Status 429 with `Retry-After`.
    RateLimited {
        /// How long the client is asked to wait.
        retry_after: Duration,
    },
    /// Status 503.
    Unavailable,
    /// The connection breaks in the middle of the answer.
    Dropped,
    /// Nothing comes for a long while, then the answer.
    Slow,
    /// The answer is complete, and wrong in its form.
    Flawed(Flaw),
}

/// What is wrong with an answer that arrived whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// The JSON object ends too early.
    CutShort,
    /// A finding points behind the end of the file.
    LineOutOfRange,
}

/// When the server misbehaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultPlan {
    /// Never.
    Never,
    /// As often as a busy provider, drawn from this seed.
    Seeded(u64),
    /// Each conversation meets these faults, one an attempt, and is then served.
    Script(Vec<Fault>),
}

/// Conversations in a thousand that are never served, however often they are tried.
const OUTAGES: u64 = 8;
/// Calls in a thousand, each kind for itself.
const RATE_LIMITED: u64 = 60;
const DROPPED: u64 = 40;
const SLOW: u64 = 12;
const CUT_SHORT: u64 = 35;
const LINE_OUT_OF_RANGE: u64 = 20;

impl FaultPlan {
    /// The fault of the given attempt (counted from 0) at a conversation, if it meets one.
    pub(super) fn draw(&self, conversation: u64, attempt: u32) -> Option<Fault> {
        match self {
            Self::Never => None,
            Self::Script(faults) => usize::try_from(attempt).ok().and_then(|nth| faults.get(nth).copied()),
            Self::Seeded(seed) => seeded(*seed, conversation, attempt),
        }
    }
}

fn seeded(seed: u64, conversation: u64, attempt: u32) -> Option<Fault> {
    let of_conversation = mix(seed ^ mix(conversation));
    if of_conversation % 1_000 < OUTAGES {
        return Some(Fault::Unavailable);
    }
    let draw = mix(of_conversation ^ u64::from(attempt).wrapping_add(1)) % 1_000;
    let kinds = [
        (RATE_LIMITED, Fault::RateLimited { retry_after: Duration::from_secs(1) }),
        (DROPPED, Fault::Dropped),
        (SLOW, Fault::Slow),
        (CUT_SHORT, Fault::Flawed(Flaw::CutShort)),
        (LINE_OUT_OF_RANGE, Fault::Flawed(Flaw::LineOutOfRange)),
    ];
    let mut bound = 0;
    kinds.into_iter().find_map(|(share, fault)| {
        bound += share;
        (draw < bound).then_some(fault)
    })
}

/// A number that stands for a conversation.
pub(super) fn fingerprint(messages: &[Message]) -> u64 {
    let eat = |sum: Fingerprint, message: &Message| {
        let role = match message.role {
            Role::System => 1,
            Role::User => 2,
            Role::Assistant => 3,
        };
        sum.and(&[role]).and(message.content.as_bytes())
    };
    messages.iter().fold(Fingerprint::new(), eat).value()
}

/// The finaliser of SplitMix64: spreads every bit of the input over the whole output.
pub(super) fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share_of(wanted: impl Fn(Fault) -> bool) -> usize {
        let plan = FaultPlan::Seeded(7);
        (0..10_000).filter(|&nth| plan.draw(mix(nth), 0).is_some_and(&wanted)).count()
    }

    #[test]
    fn every_kind_of_fault_is_met_about_as_often_as_written() {
        let near = |count: usize, per_mille: u64| {
            let expected = per_mille as usize * 10;
            assert!(count.abs_diff(expected) < 20 + expected / 4, "{count} is far from {expected}");
        };
        near(share_of(|fault| fault == Fault::Unavailable), OUTAGES);
        near(share_of(|fault| matches!(fault, Fault::RateLimited { .. })), RATE_LIMITED);
        near(share_of(|fault| fault == Fault::Dropped), DROPPED);
        near(share_of(|fault| fault == Fault::Slow), SLOW);
        near(share_of(|fault| fault == Fault::Flawed(Flaw::CutShort)), CUT_SHORT);
    }

    #[test]
    fn one_seed_gives_one_fate_and_another_seed_another() {
        let fates = |seed| (0..500).map(|nth| FaultPlan::Seeded(seed).draw(nth, 0)).collect::<Vec<_>>();
        assert_eq!(fates(1), fates(1));
        assert_ne!(fates(1), fates(2));
    }

    #[test]
    fn an_outage_outlasts_every_retry() {
        let plan = FaultPlan::Seeded(3);
        let victim = (0..10_000)
            .find(|&nth| plan.draw(nth, 0) == Some(Fault::Unavailable))
            .expect("eight in a thousand");
        assert!((0..20).all(|attempt| plan.draw(victim, attempt) == Some(Fault::Unavailable)));
    }

    #[test]
    fn a_seed_means_the_same_in_every_build() {
        assert_eq!(fingerprint(&[Message::user("x")]), 0x0839_4c07_b4f1_28a7);
    }
}
