//! Takes the time of works, in paired rounds.

use std::time::{Duration, Instant};

use crate::{
    alloc,
    works::{Contender, Work},
};

/// How long the rounds of one work go on.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// No round begins after this.
    pub time: Duration,
    /// The most rounds.
    pub rounds: usize,
}

impl Effort {
    /// The effort of a table worth keeping.
    pub const FULL: Effort = Effort { time: Duration::from_secs(20), rounds: 401 };
    /// The effort of a glance.
    pub const QUICK: Effort = Effort { time: Duration::from_secs(2), rounds: 41 };
}

/// The middle of several numbers, and how far they lie apart.
#[derive(Clone, Copy, Debug, Default)]
pub struct Middle {
    /// The median.
    pub median: f64,
    /// A quarter of the numbers is below this.
    pub low: f64,
    /// A quarter of the numbers is above this.
    pub high: f64,
}

impl Middle {
    fn of(mut numbers: Vec<f64>) -> Self {
        numbers.sort_by(f64::total_cmp);
        let at = |quarter: usize| {
            let last = numbers.len().saturating_sub(1);
            numbers.get(last * quarter / 4).copied().unwrap_or_default()
        };
        Middle { median: at(2), low: at(1), high: at(3) }
    }
}

/// What one contender cost.
#[derive(Clone, Debug)]
pub struct Cost {
    /// Who it is.
    pub name: &'static str,
    /// Nanoseconds of one time.
    pub ns: Middle,
    /// How many times the cost of ours, of the same round.
    pub ratio: Middle,
    /// Allocations of one time, on the calling thread.
    pub allocations: Option<f64>,
    /// Bytes allocated, of one time.
    pub bytes: Option<f64>,
    /// Instructions of one time on the calling thread, if they could be counted.
    pub instructions: Option<u64>,
    /// How long the slowest of a thousand times took, where that is measured.
    pub slowest_of_a_thousand: Option<Duration>,
}

/// What a work cost everybody. Ours comes first.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The work.
    pub work: &'static str,
    /// What we want to reach.
    pub goal: &'static str,
    /// How many rounds were run.
    pub rounds: usize,
    /// One of each contender.
    pub costs: Vec<Cost>,
}

/// Runs a work's contenders in turn, a round of each, then the next round.
///
/// The one that begins changes from round to round, so that none always runs on warm caches. What a
/// round has left in queues is sent before the next begins, so no queue is ever full, and nobody is
/// quick because it drops.
pub fn run(work: &Work, effort: Effort) -> Outcome {
    // What earlier works listened with is gone; callsites shall know.
    tracing::callsite::rebuild_interest_cache();
    let mut contenders = (work.contenders)();
    let mut times: Vec<Vec<f64>> = vec![Vec::new(); contenders.len()];
    for (_, contender) in &mut contenders {
        measured(contender.as_mut(), work.times);
        contender.settle();
    }
    let began = Instant::now();
    let mut rounds = 0;
    while rounds < effort.rounds && (began.elapsed() < effort.time || rounds < 5) {
        for turn in 0..contenders.len() {
            let index = (rounds + turn) % contenders.len();
            let contender = contenders[index].1.as_mut();
            let start = Instant::now();
            measured(contender, work.times);
            let took = start.elapsed();
            times[index].push(per_time(took.as_nanos() as u64, work.times));
            contender.settle();
        }
        rounds += 1;
    }
    let ours = times[0].clone();
    let costs = contenders.iter_mut().zip(times).map(|((name, contender), times)| {
        let allocated = work.is_counted.then(|| alloc::count(|| measured(contender.as_mut(), work.times)));
        contender.settle();
        let ratios = times.iter().zip(&ours).map(|(theirs, ours)| theirs / ours).collect();
        Cost {
            name,
            ratio: Middle::of(ratios),
            ns: Middle::of(times),
            allocations: allocated.map(|allocated| per_time(allocated.times, work.times)),
            bytes: allocated.map(|allocated| per_time(allocated.bytes, work.times)),
            instructions: None,
            slowest_of_a_thousand: contender.slowest_of_a_thousand(work.times),
        }
    });
    Outcome { work: work.name, goal: work.goal, rounds, costs: costs.collect() }
}

/// One round. It has a name of its own, by which callgrind finds where to count.
#[inline(never)]
pub fn measured(contender: &mut dyn Contender, times: u64) {
    contender.round(times);
}

#[expect(clippy::cast_precision_loss, reason = "the numbers are far below 2^53")]
fn per_time(sum: u64, times: u64) -> f64 {
    sum as f64 / times as f64
}
