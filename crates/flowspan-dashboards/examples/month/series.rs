//! The series of 50 workflows, made from the catalog: every metric that a dashboard or a rule asks for, and
//! every recording rule.

use std::error::Error;

use flowspan_dashboards::{Every, Namespace, RECORDINGS, Settings, expand, files, metrics_in};
use flowspan_model::catalog::{Instrument, METRICS};

/// Seconds between two scrapes, and between two evaluations of the rules.
const SCRAPE: u64 = 15;
const QUARTER_HOUR: u64 = 900;

/// A series: its name with labels, how it moves, and when it has samples.
pub(crate) struct Series {
    pub(crate) name: String,
    pub(crate) moves: Moves,
    /// Seconds between two samples.
    pub(crate) every: u64,
}

#[derive(Clone, Copy)]
pub(crate) enum Moves {
    /// By this much each minute.
    Grows(u64),
    /// Up and down a little, around this.
    Wavers(u64),
}

impl Series {
    /// Whether a rule keeps it for the dashboard of weeks.
    pub(crate) fn is_history(&self) -> bool {
        self.every == QUARTER_HOUR
    }

    /// Its value so many seconds after the month began.
    pub(crate) fn value(&self, second: u64) -> u64 {
        match self.moves {
            Moves::Grows(each_minute) => each_minute * second / 60,
            Moves::Wavers(around) => around + second / self.every % 3,
        }
    }
}

/// All of them.
pub(crate) fn series() -> Result<Vec<Series>, Box<dyn Error>> {
    let mut all = Vec::new();
    let asked: String = files(&Settings::default())?.into_iter().map(|file| file.text).collect();
    for metric in METRICS {
        // What nobody asks for would make the blocks larger, and no query slower.
        if !asked.contains(&metric.prometheus_name("")) {
            continue;
        }
        let labels = metric.labels.iter().map(|label| label.name.replace('.', "_")).collect();
        let name = metric.prometheus_name("flowspan");
        for labels in sets(labels) {
            match metric.instrument {
                Instrument::Histogram => histogram(&name, &labels, metric.buckets, &mut all),
                Instrument::Counter | Instrument::FloatCounter => {
                    all.push(scraped(name.clone(), &labels, Moves::Grows(pace(&labels))));
                }
                Instrument::Gauge | Instrument::UpDownCounter => {
                    all.push(scraped(name.clone(), &labels, Moves::Wavers(1)));
                }
            }
        }
    }
    for recording in RECORDINGS {
        let name = expand(&format!("<:{}>", recording.name), Namespace::Fixed("flowspan"))?;
        let query = expand(recording.query, Namespace::Fixed("flowspan"))?;
        let by = query.strip_prefix("sum by (").and_then(|rest| rest.split_once(')'));
        let labels = by.map_or("", |(labels, _)| labels).split(", ").filter(|label| !label.is_empty());
        let (le, labels): (Vec<_>, Vec<_>) = labels.map(str::to_owned).partition(|label| label == "le");
        let buckets = match metrics_in(recording.query)?.first() {
            Some(metric) if !le.is_empty() => bounds(metric.buckets),
            _ => Vec::new(),
        };
        let every = match recording.every {
            Every::Evaluation => SCRAPE,
            Every::QuarterHour => QUARTER_HOUR,
        };
        for labels in sets(labels) {
            let mut add = |labels: &[String], around| {
                all.push(Series { name: called(&name, labels), moves: Moves::Wavers(around), every });
            };
            if le.is_empty() {
                add(&labels, 1000);
            }
            for (bucket, around) in buckets.iter().zip(1..) {
                add(&[labels.as_slice(), &[format!(r#"le="{bucket}""#)]].concat(), around * 10);
            }
        }
    }
    Ok(all)
}

fn scraped(name: String, labels: &[String], moves: Moves) -> Series {
    Series { name: called(&name, labels), moves, every: SCRAPE }
}

fn histogram(name: &str, labels: &[String], buckets: &[f64], all: &mut Vec<Series>) {
    let bounds = bounds(buckets);
    let each = pace(labels);
    for (bound, share) in bounds.iter().zip(1..) {
        let labels = [labels, &[format!(r#"le="{bound}""#)]].concat();
        all.push(scraped(format!("{name}_bucket"), &labels, Moves::Grows(each * share)));
    }
    let whole = each * bounds.len() as u64;
    all.push(scraped(format!("{name}_count"), labels, Moves::Grows(whole)));
    all.push(scraped(format!("{name}_sum"), labels, Moves::Grows(whole * 7)));
}

fn bounds(buckets: &[f64]) -> Vec<String> {
    buckets.iter().map(|bound| format!("{bound:?}")).chain(["+Inf".to_owned()]).collect()
}

fn called(name: &str, labels: &[String]) -> String {
    if labels.is_empty() { name.to_owned() } else { format!("{name}{{{}}}", labels.join(",")) }
}

/// Failures are the exception.
fn pace(labels: &[String]) -> u64 {
    if labels.iter().any(|label| label.contains("failed")) { 1 } else { 9 }
}

/// Every combination of the values of these labels.
fn sets(labels: Vec<String>) -> Vec<Vec<String>> {
    labels.into_iter().fold(vec![Vec::new()], |sets, label| {
        let values = values(&label);
        sets.iter()
            .flat_map(|set| {
                values.iter().map(|value| [set.as_slice(), &[format!("{label}={value:?}")]].concat())
            })
            .collect()
    })
}

/// What there is of each: 50 workflows of four steps, four models, ten jobs.
fn values(label: &str) -> Vec<String> {
    let named = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
    let numbered = |count: u32| (0..count).map(|number| format!("{label}-{number}")).collect();
    match label {
        "workflow_name" => numbered(50),
        "step_name" | "model" => numbered(4),
        "job_name" => numbered(10),
        "agent_name" | "tool_name" => numbered(5),
        "phase" | "error_type" => numbered(3),
        "status" => named(&["success", "failed"]),
        "result" => named(&["passed", "failed"]),
        "token_type" => named(&["input", "output", "cache_read", "cache_write", "reasoning"]),
        "signal" => named(&["spans", "events"]),
        _ => numbered(1),
    }
}
