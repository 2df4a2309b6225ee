//! Counts instructions, which repeat exactly where times do not.
//!
//! The benchmark starts itself once more under `valgrind --tool=callgrind` and collects only inside
//! [`measured`], on the thread that calls it. Asking callgrind directly needs nothing installed besides
//! valgrind; the crates that wrap it need a runner of exactly their own version.

use std::{env, process::Command};

use crate::{
    rounds::measured,
    works::{self, Work},
};

/// The argument by which the benchmark knows that it runs for the count alone.
pub const ARGUMENT: &str = "--count-instructions-of";

/// How many times the work is done while instructions are counted.
const TIMES: u64 = 200;

/// How many rounds go before. A stream has all tokens of a round, so its call is made once in each.
const WARM_UP: usize = 10;

/// Instructions of one time of each contender of a work; `None` where valgrind is missing.
pub fn count(work: &Work, contenders: usize) -> Vec<Option<u64>> {
    (0..contenders).map(|index| count_one(work, index)).collect()
}

fn count_one(work: &Work, contender: usize) -> Option<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg("--toggle-collect=flowspan_bench::rounds::measured*")
        .arg(env::current_exe().ok()?)
        .args([ARGUMENT, work.name, &contender.to_string()])
        .output()
        .ok()?;
    let told = String::from_utf8_lossy(&output.stderr);
    let collected = told.lines().find_map(|line| line.split_once("Collected :"))?.1;
    Some(collected.trim().parse::<u64>().ok()? / TIMES)
}

/// Does what is counted: the part of the process that runs under valgrind.
///
/// `times` is for those who look with other tools than callgrind.
pub fn perform(work: &str, contender: &str, times: Option<&str>) {
    let times = times.and_then(|times| times.parse().ok()).unwrap_or(TIMES);
    let (Some(work), Ok(index)) =
        (works::all().into_iter().find(|known| known.name == work), contender.parse::<usize>())
    else {
        return;
    };
    let mut contenders = (work.contenders)();
    let Some((_, contender)) = contenders.get_mut(index) else { return };
    // Not through `measured`: what happens once is not counted, nor what happens the first few times.
    for _ in 0..WARM_UP {
        contender.round(TIMES);
        contender.settle();
    }
    for _ in 0..times / TIMES {
        measured(contender.as_mut(), TIMES);
        contender.settle();
    }
}
