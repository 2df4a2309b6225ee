//! How long the queries of the dashboards take on a month of data of 50 workflows.
//!
//! ```text
//! cargo run --release -p flowspan-dashboards --example month -- 30
//! ```
//!
//! The number is that of days. Writes what a scrape of every 15 seconds leaves of every metric and every
//! recording rule, two hours at a time, has promtool make blocks of it, starts Prometheus on them, and asks
//! every query of every panel three times; the median counts.

#![expect(clippy::print_stdout, reason = "a command for people at a terminal")]

mod data;
mod series;
mod server;

use std::{
    error::Error,
    path::PathBuf,
    time::{Duration, Instant},
};

use flowspan_dashboards::{Chosen, Question, Settings, files, targets};
use serde_json::Value;

use crate::server::{Cost, Server};

/// What is chosen: the time that is shown in seconds, then as a text, the step, and that of rates.
const SHOWN: [(&str, u64, Chosen<'_>, u64); 3] = [
    ("six hours", 6 * 3600, chosen("6h", "1m", "2m"), 60),
    ("a day", 24 * 3600, chosen("24h", "2m", "3m"), 120),
    ("30 days", MONTH, chosen("30d", "1h", "1h"), 3600),
];
const MONTH: u64 = 30 * 24 * 3600;
/// The dashboard of weeks, which asks for nothing but what the rules have kept.
const HISTORY: &str = "flowspan-history.json";
/// What takes so long need not be asked again.
const LONG: Duration = Duration::from_secs(2);
/// How many of the heaviest queries are named.
const NAMED: usize = 8;

const fn chosen<'a>(range: &'a str, interval: &'a str, rate_interval: &'a str) -> Chosen<'a> {
    Chosen { namespace: "flowspan", range, interval, rate_interval }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let days = arguments.next().map_or(Ok(30), |days| days.parse())?;
    let temporary = tempfile::tempdir()?;
    let directory = arguments.next().map_or_else(|| temporary.path().to_owned(), PathBuf::from);
    let begun = Instant::now();
    let end = match data::found(&directory) {
        Some(end) => end,
        None => data::write(&directory, days)?,
    };
    println!("in blocks after {:.0} s", begun.elapsed().as_secs_f64());
    let server = Server::start(&directory)?;
    server.settle()?;
    println!("compacted after {:.0} s", begun.elapsed().as_secs_f64());
    for (shown, seconds, chosen, step) in SHOWN {
        let (history, others): (Vec<_>, Vec<_>) =
            boards()?.into_iter().partition(|(name, _)| name == HISTORY);
        let measure = |boards: Vec<(String, Value)>| -> Result<Vec<_>, Box<dyn Error>> {
            let mut times = Vec::new();
            for (name, board) in boards {
                for target in targets(&board, &chosen) {
                    let ask = || match &target.question {
                        Question::Instant(query) => server.instant(query, end),
                        Question::Range(query) => server.range(query, end, seconds, step),
                        Question::Sql(_) => Ok(Cost::default()),
                    };
                    if !matches!(target.question, Question::Sql(_)) {
                        times.push((median(ask)?, format!("{name}: {}, {}", target.panel, target.id)));
                    }
                }
            }
            Ok(times)
        };
        report(&format!("{shown}, the dashboards of raw series"), measure(others)?);
        // It always shows weeks.
        if seconds == MONTH {
            report(&format!("{shown}, the dashboard of weeks"), measure(history)?);
        }
    }
    Ok(())
}

/// The dashboards, by the names of their files.
fn boards() -> Result<Vec<(String, Value)>, Box<dyn Error>> {
    let files = files(&Settings::default())?;
    let boards = files.into_iter().filter(|file| file.path.ends_with(".json"));
    boards.map(|file| Ok((file.path, serde_json::from_str(&file.text)?))).collect()
}

fn median(ask: impl Fn() -> Result<Cost, Box<dyn Error>>) -> Result<Cost, Box<dyn Error>> {
    let first = ask()?;
    if first.took > LONG {
        return Ok(first);
    }
    let mut three = [first, ask()?, ask()?];
    three.sort_by_key(|cost| cost.worked);
    Ok(three[1])
}

fn report(shown: &str, mut times: Vec<(Cost, String)>) {
    times.sort_by_key(|(cost, _)| std::cmp::Reverse(cost.worked));
    let above = times.iter().filter(|(cost, _)| cost.took > Duration::from_secs(1)).count();
    println!("\n{shown}: {} queries, {above} above a second", times.len());
    println!("  processors    answer   series");
    for (Cost { took, worked, series }, query) in times.iter().take(NAMED) {
        println!("  {:>7} ms {:>6} ms {series:>8}  {query}", worked.as_millis(), took.as_millis());
    }
    for (_, query) in times.iter().filter(|(cost, _)| cost.series == 0) {
        println!("  without an answer: {query}");
    }
}
