//! The month: 50 workflows of four steps each, four models.
//!
//! The last day is as a scrape every 15 seconds leaves it. Before that stands what the dashboards ask of
//! earlier days: what the recording rules have kept, every quarter of an hour, and each minute the counters of
//! runs, tokens and costs.

use std::{
    error::Error,
    fmt::Write as _,
    fs,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, SystemTime},
};

use flowspan_stack::{Part, locate};

const WORKFLOWS: u64 = 50;
const STEPS: u64 = 4;
const MODELS: u64 = 4;
/// A block of Prometheus.
const BLOCK: u64 = 2 * 3600;
const DAY: u64 = 24 * 3600;
const MONTH: u64 = 30 * DAY;
const WORKFLOW_BUCKETS: [&str; 9] =
    ["1.0", "5.0", "10.0", "30.0", "60.0", "300.0", "600.0", "1800.0", "+Inf"];
const STEP_BUCKETS: [&str; 7] = ["0.1", "1.0", "5.0", "10.0", "30.0", "60.0", "+Inf"];

/// A series: its name with labels, how much it grows each minute, and when it has samples.
struct Series {
    name: String,
    each_minute: u64,
    kept: Kept,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kept {
    /// The last day, every 15 seconds.
    Day,
    /// The month, each minute; the last day every 15 seconds.
    Month,
    /// Growth in a quarter of an hour, each quarter of an hour.
    Rule,
}

/// The last moment of the data, in seconds: the end of the last whole block.
pub(crate) fn end() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
    now.as_secs() / BLOCK * BLOCK
}

/// Makes the blocks, and says how many samples there are.
pub(crate) fn write(directory: &Path) -> Result<u64, Box<dyn Error>> {
    let promtool = locate(Part::Promtool)?;
    let (all, end) = (series(), end());
    let mut samples = 0;
    for block in (end - MONTH..end).step_by(usize::try_from(BLOCK)?) {
        let mut text = String::new();
        for series in &all {
            for time in (block..block + BLOCK).step_by(usize::try_from(step(series.kept, end - block))?) {
                if series.kept == Kept::Day && end - block > DAY {
                    break;
                }
                let value = match series.kept {
                    Kept::Rule => series.each_minute * 15,
                    _ => series.each_minute * (time - (end - MONTH)) / 60,
                };
                writeln!(text, "{} {value} {time}", series.name)?;
                samples += 1;
            }
        }
        text += "# EOF\n";
        let path = directory.join("block.txt");
        fs::write(&path, text)?;
        let status = Command::new(&promtool)
            .args(["tsdb", "create-blocks-from", "openmetrics", "--quiet"])
            .args([&path, directory])
            .stdout(Stdio::null())
            .status()?;
        if !status.success() {
            return Err(format!("promtool ended with {status}").into());
        }
        fs::remove_file(path)?;
    }
    Ok(samples)
}

/// The seconds between two samples of a block that begins so long before the end.
fn step(kept: Kept, age: u64) -> u64 {
    match kept {
        Kept::Rule => 900,
        _ if age <= DAY => 15,
        _ => 60,
    }
}

fn series() -> Vec<Series> {
    let mut all = Vec::new();
    let mut add = |kept, each_minute, name: String| all.push(Series { name, each_minute, kept });
    for number in 0..WORKFLOWS {
        let workflow = format!(r#"workflow_name="workflow-{number}""#);
        add(Kept::Day, 0, format!("flowspan_workflow_active{{{workflow}}}"));
        add(Kept::Day, 12, format!("flowspan_workflow_steps_total{{{workflow}}}"));
        for (status, each) in [("success", 3), ("failed", 1)] {
            let labels = format!(r#"{workflow},status="{status}""#);
            add(Kept::Month, each, format!("flowspan_workflow_executions_total{{{labels}}}"));
            add(Kept::Rule, each, format!("flowspan:workflow_executions:grown15m{{{labels}}}"));
            add(Kept::Day, each, format!("flowspan_workflow_duration_seconds_count{{{labels}}}"));
            add(Kept::Day, each * 40, format!("flowspan_workflow_duration_seconds_sum{{{labels}}}"));
            for (le, share) in WORKFLOW_BUCKETS.iter().zip(1..) {
                add(
                    Kept::Day,
                    each * share,
                    format!(r#"flowspan_workflow_duration_seconds_bucket{{{labels},le="{le}"}}"#),
                );
            }
        }
        add(Kept::Rule, 160, format!("flowspan:workflow_duration_seconds_sum:grown15m{{{workflow}}}"));
        for (le, share) in WORKFLOW_BUCKETS.iter().zip(1..) {
            add(
                Kept::Rule,
                share,
                format!(r#"flowspan:workflow_duration_seconds_bucket:grown15m{{{workflow},le="{le}"}}"#),
            );
        }
        for step in 0..STEPS {
            let step = format!(r#"{workflow},step_name="step-{step}""#);
            for (status, each) in [("success", 9), ("failed", 1)] {
                let labels = format!(r#"{step},step_type="agent",status="{status}""#);
                add(Kept::Day, each, format!("flowspan_step_executions_total{{{labels}}}"));
                add(
                    Kept::Rule,
                    each,
                    format!(r#"flowspan:step_executions:grown15m{{{step},status="{status}"}}"#),
                );
            }
            add(
                Kept::Day,
                10,
                format!(r#"flowspan_step_duration_seconds_count{{{step},step_type="agent"}}"#),
            );
            add(Kept::Day, 70, format!(r#"flowspan_step_duration_seconds_sum{{{step},step_type="agent"}}"#));
            for (le, share) in STEP_BUCKETS.iter().zip(1..) {
                add(
                    Kept::Day,
                    share,
                    format!(r#"flowspan_step_duration_seconds_bucket{{{step},step_type="agent",le="{le}"}}"#),
                );
                add(
                    Kept::Rule,
                    share,
                    format!(r#"flowspan:step_duration_seconds_bucket:grown15m{{{step},le="{le}"}}"#),
                );
            }
        }
    }
    for number in 0..MODELS {
        let model = format!(r#"model="model-{number}""#);
        for (kind, each) in
            [("input", 9000), ("output", 900), ("cache_read", 4000), ("cache_write", 90), ("reasoning", 90)]
        {
            let labels = format!(r#"{model},provider="p",token_type="{kind}""#);
            add(Kept::Month, each, format!("flowspan_llm_tokens_total{{{labels}}}"));
            add(Kept::Rule, each, format!(r#"flowspan:llm_tokens:grown15m{{{model},token_type="{kind}"}}"#));
        }
        add(Kept::Month, 2, format!(r#"flowspan_llm_cost_usd_total{{{model},provider="p"}}"#));
        add(Kept::Rule, 2, format!("flowspan:llm_cost_usd:grown15m{{{model}}}"));
        add(Kept::Month, 20, format!(r#"flowspan_llm_calls_total{{{model},provider="p",status="success"}}"#));
    }
    add(Kept::Rule, 0, "flowspan:budget_usd:30d".to_owned());
    for number in 0..10 {
        let job = format!(r#"job_name="job-{number}""#);
        add(Kept::Day, 0, format!("flowspan_mapreduce_dlq_items{{{job}}}"));
        for (status, each) in [("success", 40), ("dlq", 1)] {
            add(Kept::Day, each, format!(r#"flowspan_mapreduce_items_total{{{job},status="{status}"}}"#));
            add(Kept::Rule, each, format!(r#"flowspan:mapreduce_items:grown15m{{{job},status="{status}"}}"#));
        }
        for le in STEP_BUCKETS {
            add(
                Kept::Day,
                40,
                format!(
                    r#"flowspan_agent_duration_seconds_bucket{{{job},agent_name="a",status="success",le="{le}"}}"#
                ),
            );
        }
    }
    all
}
