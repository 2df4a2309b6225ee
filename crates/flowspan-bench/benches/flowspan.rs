//! `cargo bench -p flowspan-bench [FILTER] [-- --quick | --no-instructions]` measures,
//! `-- --check-instructions` compares the counts with those that are kept, `-- --keep-instructions`
//! keeps new ones.

use std::{env, fs, io, path::Path};

use flowspan_bench::{
    alloc::Counting,
    callgrind, guard, memory, report,
    rounds::{self, Effort},
    works,
};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn main() -> io::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [flag, work, contender, times @ ..] = arguments.as_slice()
        && flag == callgrind::ARGUMENT
    {
        callgrind::perform(work, contender, times.first().map(String::as_str));
        return Ok(());
    }
    if let [flag, holding] = arguments.as_slice()
        && flag == memory::ARGUMENT
    {
        memory::perform(holding);
        return Ok(());
    }
    let says = |flag: &str| arguments.iter().any(|argument| argument == flag);
    if says("--keep-instructions") {
        return guard::keep();
    }
    if says("--check-instructions") {
        return check();
    }
    let filters: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with("--")).collect();
    let effort = if says("--quick") { Effort::QUICK } else { Effort::FULL };

    let mut outcomes = Vec::new();
    for work in works::all() {
        if !filters.is_empty() && !filters.iter().any(|filter| work.name.contains(filter.as_str())) {
            continue;
        }
        let mut outcome = rounds::run(&work, effort);
        if work.is_counted && !says("--quick") && !says("--no-instructions") {
            let counts = callgrind::count(&work, outcome.costs.len());
            for (cost, count) in outcome.costs.iter_mut().zip(counts) {
                cost.instructions = count;
            }
        }
        tell(&report::table(&outcome));
        outcomes.push(outcome);
    }
    if filters.is_empty() || filters.iter().any(|filter| "memory".contains(filter.as_str())) {
        tell(&memory::table());
    }
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/flowspan-bench");
    fs::create_dir_all(&target)?;
    fs::write(target.join("ratios.json"), format!("{:#}\n", report::json(&outcomes)))
}

/// Fails with the names of the works that take more instructions than they may.
fn check() -> io::Result<()> {
    let counts = guard::compare()?;
    for count in &counts {
        tell(&format!("{}: {:?}, kept {:?}", count.work, count.now, count.kept));
    }
    let uncounted = counts.iter().any(|count| count.now.is_none());
    if uncounted && env::var_os("CI").is_some() {
        return Err(io::Error::other("instructions cannot be counted: install valgrind"));
    }
    let grown: Vec<_> = counts.iter().filter(|count| count.has_grown()).map(|count| count.work).collect();
    if grown.is_empty() {
        return Ok(());
    }
    Err(io::Error::other(format!("these works take more instructions than they may: {}", grown.join("; "))))
}

#[expect(clippy::print_stdout, reason = "the table is what the benchmark is for")]
fn tell(text: &str) {
    println!("{text}");
}
