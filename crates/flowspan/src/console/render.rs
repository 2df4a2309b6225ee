//! Draws the tree of a run as text.

use std::{collections::BTreeMap, fmt::Write, time::Duration};

use anstyle::{AnsiColor, Style};
use flowspan_layer::Money;
use flowspan_model::{Kind, Status};

use super::forest::{Node, Totals};

/// How many children of one node are drawn, beside its phases.
const SHOWN: usize = 6;
/// The column in which the durations begin, if the names leave room for it.
const COLUMN: usize = 56;
/// The longest name and the longest error text that is drawn.
const NAME: usize = 60;

const DIM: Style = Style::new().dimmed();
const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default();
const HALTED: Style = AnsiColor::Yellow.on_default();

/// The tree of a run, a line for each piece of work.
pub(super) fn render(root: &Node) -> String {
    let mut text = String::new();
    line(&mut text, "", root);
    children(&mut text, "", root);
    text
}

fn children(text: &mut String, indent: &str, node: &Node) {
    let shown = worth_showing(&node.children);
    let mut omitted = node.omitted.clone();
    for (index, child) in node.children.iter().enumerate() {
        if !shown.contains(&index) {
            *omitted.entry((child.kind, child.status.as_str())).or_default() += 1;
        }
    }
    for (position, index) in shown.iter().enumerate() {
        let child = &node.children[*index];
        let is_last = position + 1 == shown.len() && omitted.is_empty();
        let (branch, trunk) = if is_last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
        line(text, &format!("{indent}{branch}"), child);
        children(text, &format!("{indent}{trunk}"), child);
    }
    if !omitted.is_empty() {
        let _ = writeln!(text, "{DIM}{indent}└─ … and {}{DIM:#}", list(&omitted));
    }
}

/// The positions of the children that are drawn, in the order in which they started: all landmarks
/// of the run, then what did not go well, then the slowest.
fn worth_showing(nodes: &[Node]) -> Vec<usize> {
    let is_landmark = |index: &usize| matches!(nodes[*index].kind, Kind::Phase | Kind::Reduce);
    let (mut shown, mut others): (Vec<usize>, Vec<usize>) = (0..nodes.len()).partition(is_landmark);
    others
        .sort_by_key(|index| (nodes[*index].status.is_success(), std::cmp::Reverse(nodes[*index].duration)));
    shown.extend(others.into_iter().take(SHOWN));
    shown.sort_by_key(|index| nodes[*index].started);
    shown
}

fn line(text: &mut String, indent: &str, node: &Node) {
    let label = format!("{} {}", node.kind.name(), printable(&node.name, NAME));
    let width = indent.chars().count() + label.chars().count();
    let padding = " ".repeat(COLUMN.saturating_sub(width).max(2));
    let style = match node.status {
        Status::Success => GOOD,
        Status::Failed => BAD,
        Status::Cancelled | Status::Timeout => HALTED,
    };
    let _ = write!(
        text,
        "{DIM}{indent}{DIM:#}{label}{padding}{:>8}  {style}{}{style:#}",
        seconds(node.duration),
        node.status
    );
    let facts = facts(&node.totals, node.kind);
    if !facts.is_empty() {
        let _ = write!(text, "  {DIM}{facts}{DIM:#}");
    }
    if let Some(error) = &node.error {
        let _ = write!(text, "  {BAD}{}{BAD:#}", printable(error, NAME));
    }
    text.push('\n');
}

/// What happened inside, in a few words.
fn facts(totals: &Totals, kind: Kind) -> String {
    let mut facts = Vec::new();
    let is_leaf = matches!(kind, Kind::Inference | Kind::Embeddings | Kind::ToolCall);
    if totals.usage.total() > 0 {
        let [input, output] =
            [totals.usage.input, totals.usage.output].map(|part| grouped(part.unwrap_or(0)));
        facts.push(format!("{input} in, {output} out"));
    }
    if totals.cost > Money::ZERO {
        facts.push(dollars(totals.cost));
    }
    let counts = [
        (totals.model_calls, "model call", !is_leaf),
        (totals.tool_calls, "tool call", !is_leaf),
        (totals.retries, "retry", true),
        (totals.recoveries, "recovery", true),
        (totals.dead_letters, "dead letter", true),
    ];
    for (count, what, relevant) in counts {
        if count > 0 && relevant {
            facts.push(counted(count, what));
        }
    }
    facts.join(", ")
}

/// An amount with as many decimals as a single call needs to be told from nothing.
fn dollars(cost: Money) -> String {
    match cost.as_f64() {
        small if small < 0.01 => format!("${small:.6}"),
        large => format!("${large:.2}"),
    }
}

fn counted(count: u64, what: &str) -> String {
    match (count, what.strip_suffix('y')) {
        (1, _) => format!("1 {what}"),
        (_, Some(stem)) => format!("{count} {stem}ies"),
        (_, None) => format!("{count} {what}s"),
    }
}

/// A number that can be read at a glance: 554,902.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn list(omitted: &BTreeMap<(Kind, &'static str), u64>) -> String {
    let parts: Vec<String> = omitted
        .iter()
        .map(|((kind, status), count)| format!("{count} more {} ({status})", kind.name()))
        .collect();
    parts.join(", ")
}

fn seconds(duration: Duration) -> String {
    match duration.as_secs_f64() {
        short if short < 0.001 => format!("{:.0} µs", short * 1e6),
        short if short < 1.0 => format!("{:.0} ms", short * 1e3),
        long if long < 120.0 => format!("{long:.1} s"),
        longer => format!("{:.1} min", longer / 60.0),
    }
}

/// A name or error on one line, without anything that a terminal would obey.
fn printable(text: &str, length: usize) -> String {
    let clean = text.chars().map(|character| if character.is_control() { ' ' } else { character });
    if text.chars().count() <= length {
        return clean.collect();
    }
    clean.take(length - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_hostile_name_reaches_the_terminal() {
        assert_eq!(printable("a\u{1b}[31m\nb", 60), "a [31m b");
        assert_eq!(printable(&"x".repeat(100), 10).chars().count(), 10);
    }

    #[test]
    fn counts_are_said_in_words() {
        assert_eq!(counted(1, "retry"), "1 retry");
        assert_eq!(counted(3, "retry"), "3 retries");
        assert_eq!(counted(2, "tool call"), "2 tool calls");
    }

    #[test]
    fn an_amount_is_told_as_exactly_as_its_size_asks_for() {
        let shown = [0.000_044, 0.009_9, 0.25, 12.345].map(|cost| dollars(Money::from_f64(cost).unwrap()));
        assert_eq!(shown, ["$0.000044", "$0.009900", "$0.25", "$12.35"]);
    }

    #[test]
    fn large_numbers_are_grouped() {
        assert_eq!(
            [7, 812, 1_000, 554_902, 16_777_216].map(grouped),
            ["7", "812", "1,000", "554,902", "16,777,216"]
        );
    }

    #[test]
    fn durations_have_a_fitting_unit() {
        let shown = [15e-6, 0.25, 12.34, 300.0].map(|s| seconds(Duration::from_secs_f64(s)));
        assert_eq!(shown, ["15 µs", "250 ms", "12.3 s", "5.0 min"]);
    }
}
