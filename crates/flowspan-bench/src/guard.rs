//! Keeps the instruction counts of the central works from growing unnoticed.
//!
//! The counts stand in `instructions.json` beside the crate's manifest. They depend on the compiler
//! and the architecture, and on nothing else: not on the machine's speed, nor on its load.

use std::{collections::BTreeMap, fs, io, path::PathBuf};

use crate::{callgrind, works};

/// How much a count may grow, in hundredths. Hashes with random seeds move a count a little.
const TOLERANCE: u64 = 3;

/// The works that are guarded: what programs do most.
const CENTRAL: [&str; 6] = [
    "observed step, sampled",
    "observed step, not sampled",
    "model call with usage",
    "token of a stream",
    "plain tracing span",
    "step, nobody listens",
];

/// What became of one guarded work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    /// The work.
    pub work: &'static str,
    /// How many instructions it may take.
    pub kept: Option<u64>,
    /// How many it takes now; `None` where they cannot be counted.
    pub now: Option<u64>,
}

impl Count {
    /// Whether it takes more than it may. What cannot be counted has not grown.
    pub fn has_grown(&self) -> bool {
        matches!((self.kept, self.now), (Some(kept), Some(now)) if now * 100 > kept * (100 + TOLERANCE))
    }
}

/// Counts the central works and compares them with what is kept.
///
/// # Errors
///
/// The kept counts cannot be read.
pub fn compare() -> io::Result<Vec<Count>> {
    let kept: BTreeMap<String, u64> = serde_json::from_str(&fs::read_to_string(file())?)?;
    Ok(count().into_iter().map(|(work, now)| Count { work, kept: kept.get(work).copied(), now }).collect())
}

/// Counts the central works and keeps the counts.
///
/// # Errors
///
/// The file cannot be written.
pub fn keep() -> io::Result<()> {
    let counts: BTreeMap<_, _> = count().into_iter().filter_map(|(work, now)| Some((work, now?))).collect();
    fs::write(file(), format!("{}\n", serde_json::to_string_pretty(&counts)?))
}

fn count() -> Vec<(&'static str, Option<u64>)> {
    works::all()
        .into_iter()
        .filter(|work| CENTRAL.contains(&work.name))
        .map(|work| (work.name, callgrind::count(&work, 1).into_iter().flatten().next()))
        .collect()
}

fn file() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/instructions.json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_may_grow_by_the_tolerance_and_no_further() {
        let count = |now| Count { work: "step", kept: Some(1000), now };
        assert!(!count(Some(1030)).has_grown());
        assert!(count(Some(1031)).has_grown());
        assert!(!count(None).has_grown());
    }

    #[test]
    fn every_central_work_is_one_of_the_works() {
        let works: Vec<_> = works::all().into_iter().map(|work| work.name).collect();
        assert!(CENTRAL.iter().all(|name| works.contains(name)));
    }
}
