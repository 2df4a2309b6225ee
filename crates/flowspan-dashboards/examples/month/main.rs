//! How long the queries of the dashboards take on a month of data of 50 workflows.
//!
//! ```text
//! cargo run --release -p flowspan-dashboards --example month
//! ```
//!
//! Writes a month as OpenMetrics, two hours at a time, has promtool make blocks of it, starts Prometheus on
//! them, and asks every query of every panel three times; the median counts. Some minutes, and about a
//! hundred megabytes of disk.

#![expect(clippy::print_stdout, reason = "a command for people at a terminal")]

mod data;
mod server;

use std::{error::Error, time::Instant};

use flowspan_dashboards::{Chosen, Question, Settings, files, targets};

use crate::server::{Cost, Server};

/// What is chosen: the time that is shown in seconds, then as a text, the step, and that of rates.
const SHOWN: [(&str, u64, Chosen<'_>, u64); 3] = [
    ("six hours", 6 * 3600, chosen("6h", "1m", "2m"), 60),
    ("a day", 24 * 3600, chosen("24h", "2m", "3m"), 120),
    ("30 days", 30 * 24 * 3600, chosen("30d", "1h", "1h"), 3600),
];

const fn chosen<'a>(range: &'a str, interval: &'a str, rate_interval: &'a str) -> Chosen<'a> {
    Chosen { namespace: "flowspan", range, interval, rate_interval }
}

fn main() -> Result<(), Box<dyn Error>> {
    let directory = tempfile::tempdir()?;
    let begun = Instant::now();
    let samples = data::write(directory.path())?;
    println!("{samples} samples in blocks after {:.0} s", begun.elapsed().as_secs_f64());
    let server = Server::start(directory.path())?;
    for (name, seconds, chosen, step) in SHOWN {
        let mut times = Vec::new();
        for file in files(&Settings::default())?.iter().filter(|file| file.path.ends_with(".json")) {
            // Weeks are for the dashboard of weeks, and that one is for nothing else.
            if (name == "30 days") != file.path.contains("history") {
                continue;
            }
            for target in targets(&serde_json::from_str(&file.text)?, &chosen) {
                let ask = || match &target.question {
                    Question::Instant(query) => server.instant(query, data::end()),
                    Question::Range(query) => server.range(query, data::end(), seconds, step),
                    Question::Sql(_) => Ok(Cost::default()),
                };
                let mut three = [ask()?, ask()?, ask()?];
                three.sort_by_key(|cost| cost.worked);
                times.push((three[1], format!("{} {}, {}", file.path, target.panel, target.id)));
            }
        }
        times.sort_by_key(|(cost, _)| std::cmp::Reverse(cost.worked));
        println!(
            "{name}: {} queries; the heaviest, with the time of processors and until the answer:",
            times.len()
        );
        for (Cost { took, worked }, query) in times.iter().take(5) {
            println!("  {:>5} ms {:>5} ms  {query}", worked.as_millis(), took.as_millis());
        }
    }
    Ok(())
}
