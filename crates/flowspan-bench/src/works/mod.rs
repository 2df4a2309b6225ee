//! What is measured.

use std::time::Duration;

mod bridged;
mod counter;
mod export;
mod import;
mod model_call;
mod nobody;
mod open;
mod plain;
mod poll;
mod scrape;
mod session;
mod stacks;
mod statsd;
mod step;
mod threads;
mod token;

/// One thing that programs do, and those who can do it.
#[derive(Clone, Copy, Debug)]
pub struct Work {
    /// Its name, by which it is chosen.
    pub name: &'static str,
    /// What ours shall reach.
    pub goal: &'static str,
    /// How many times it is done in one round.
    pub times: u64,
    /// Whether the calling thread does all of it, so that what it allocates and how many instructions
    /// it takes say something.
    pub is_counted: bool,
    /// Puts up everybody. Ours comes first.
    pub contenders: fn() -> Contenders,
}

/// Everybody who does a work, by name. Ours comes first.
pub type Contenders = Vec<(&'static str, Box<dyn Contender>)>;

/// Somebody who does a work.
pub trait Contender {
    /// Does it so many times.
    fn round(&mut self, times: u64);

    /// Sends what the round has left in queues. Nobody takes the time of this.
    fn settle(&mut self) {}

    /// Does it so many times more and tells how long the slowest of a thousand took, where that is
    /// what somebody wants to know.
    fn slowest_of_a_thousand(&mut self, times: u64) -> Option<Duration> {
        let _ = times;
        None
    }
}

impl<F: FnMut(u64)> Contender for F {
    fn round(&mut self, times: u64) {
        self(times);
    }
}

/// Every work, in the order of the table.
pub fn all() -> Vec<Work> {
    vec![
        step::SAMPLED,
        step::NOT_SAMPLED,
        model_call::MODEL_CALL,
        token::TOKEN,
        counter::COUNTER,
        plain::PLAIN,
        bridged::BRIDGED,
        poll::POLL,
        nobody::NO_SUBSCRIBER,
        nobody::DISABLED,
        threads::SIXTEEN,
        threads::FULL_QUEUE,
        open::OPEN_SPANS,
        export::EXPORT,
        scrape::SCRAPE,
        statsd::SENT,
        statsd::OFFERED,
        import::IMPORT,
        session::SNAPSHOT,
    ]
}
