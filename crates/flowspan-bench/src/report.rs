//! Tells what was measured.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::rounds::{Cost, Middle, Outcome};

/// One work as a table of Markdown.
pub fn table(outcome: &Outcome) -> String {
    let mut text = format!(
        "### {}\n\nGoal: {}. {} rounds.\n\n\
         | who | ns | allocations | bytes | instructions | ratio (quartiles) |\n\
         |---|---:|---:|---:|---:|---:|\n",
        outcome.work, outcome.goal, outcome.rounds
    );
    for Cost { name, ns, ratio, allocations, bytes, instructions, .. } in &outcome.costs {
        let known = |number: Option<String>| number.unwrap_or_else(|| "–".to_owned());
        let instructions = known(instructions.map(|count| count.to_string()));
        let allocations = known(allocations.map(|number| format!("{number:.1}")));
        let bytes = known(bytes.map(|number| format!("{number:.0}")));
        let Middle { median, low, high } = ratio;
        let _ = writeln!(
            text,
            "| {name} | {:.1} | {allocations} | {bytes} | {instructions} | {median:.2} ({low:.2} to {high:.2}) |",
            ns.median
        );
    }
    for cost in &outcome.costs {
        if let Some(slowest) = cost.slowest_of_a_thousand {
            let _ = writeln!(text, "\nThe slowest of a thousand, {}: {slowest:.1?}.", cost.name);
        }
    }
    text
}

/// All works, for programs that compare.
pub fn json(outcomes: &[Outcome]) -> Value {
    outcomes.iter().map(one).collect()
}

fn one(outcome: &Outcome) -> Value {
    let cost = |cost: &Cost| {
        json!({
            "name": cost.name,
            "ns": cost.ns.median,
            "ratio": cost.ratio.median,
            "ratio_low": cost.ratio.low,
            "ratio_high": cost.ratio.high,
            "allocations": cost.allocations,
            "bytes": cost.bytes,
            "instructions": cost.instructions,
            "slowest_of_a_thousand_ns": cost.slowest_of_a_thousand.map(|slowest| slowest.as_nanos() as u64),
        })
    };
    let Some((ours, peers)) = outcome.costs.split_first() else { return Value::Null };
    json!({
        "work": outcome.work,
        "goal": outcome.goal,
        "ours_ns": ours.ns.median,
        "allocations": ours.allocations,
        "bytes": ours.bytes,
        "instructions": ours.instructions,
        "slowest_of_a_thousand_ns": ours.slowest_of_a_thousand.map(|slowest| slowest.as_nanos() as u64),
        "peers": peers.iter().map(cost).collect::<Vec<_>>(),
    })
}
