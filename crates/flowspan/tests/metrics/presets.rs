//! The names of other systems: what stands on `/metrics` under a preset is what they call it, and what
//! the page about them says.

use std::collections::{BTreeMap, BTreeSet};

use flowspan::{Environment, Names, Reporter, model::Kind, prelude::*};

use crate::{by_handle::by_handle, page::page};

/// The metrics of a page by name, each with its type and its labels.
type Metrics = BTreeMap<String, (String, BTreeSet<String>)>;

/// What is on `/metrics` after everything in the vocabulary has been said, inside of a workflow, a
/// phase, an agent, a step and a job.
fn shown(names: Names) -> Metrics {
    let telemetry = Flowspan::builder("test")
        .environment(Environment::empty())
        .console(Console::off())
        .reporter(Reporter::silent())
        .names(names)
        .prometheus(Prometheus::on(([127, 0, 0, 1], 0)))
        .build()
        .expect("it builds");
    {
        let _default = telemetry.set_default();
        let _workflow = Workflow::new("w").enter();
        let _phase = Phase::new("p").enter();
        let _step = Step::shell("s").enter();
        let _job = MapReduce::new("j", 1).enter();
        let _agent = Agent::new("a").enter();
        Kind::ALL.iter().for_each(|kind| by_handle(*kind));
    }
    let page = page(&telemetry);
    let mut metrics: Metrics = page
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '))
        .map(|(name, kind)| (name.to_owned(), (kind.to_owned(), BTreeSet::new())))
        .collect();
    for line in page.lines().filter(|line| !line.starts_with('#')) {
        let end = line.find(['{', ' ']).unwrap_or(line.len());
        let name = ["_bucket", "_sum", "_count"]
            .iter()
            .find_map(|ending| line[..end].strip_suffix(ending).filter(|name| metrics.contains_key(*name)))
            .unwrap_or(&line[..end]);
        if let Some((_, labels)) = metrics.get_mut(name) {
            let text = line[end..].rsplit_once('}').map_or("", |(labels, _)| labels).trim_start_matches('{');
            let names = text.split("\",").filter_map(|label| Some(label.split_once('=')?.0.to_owned()));
            labels.extend(names.filter(|label| label != "le"));
        }
    }
    metrics
}

/// The third column of the table of metrics of a page.
fn documented(page: &str) -> Metrics {
    page.lines()
        .filter_map(|line| {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            let [_, _, kind, here, ..] = cells[..] else { return None };
            if !["counter", "gauge", "histogram"].contains(&kind) {
                return None;
            }
            let (name, labels) = parse(here.trim_matches('`'));
            Some((name, (kind.to_owned(), labels)))
        })
        .collect()
}

fn parse(metric: &str) -> (String, BTreeSet<String>) {
    let (name, labels) = metric.split_once('{').unwrap_or((metric, ""));
    let labels = labels.trim_end_matches('}').split(',').filter(|label| !label.is_empty());
    (name.to_owned(), labels.map(str::to_owned).collect())
}

/// Everything that the page promises is there, and the page leaves out nothing of the other system.
fn holds(names: Names, page: &str, seed: &[&str]) {
    let (shown, documented) = (shown(names), documented(page));
    for (name, expected) in &documented {
        assert_eq!(shown.get(name), Some(expected), "{name}");
    }
    for metric in seed {
        let (name, labels) = parse(metric);
        let (_, here) = documented.get(&name).unwrap_or_else(|| panic!("the page does not know {name}"));
        assert!(labels.is_subset(here), "{metric} has the labels {here:?}");
    }
}

#[test]
fn prodigy() {
    let seed = [
        "prodigy_workflow_executions_total{workflow_name,status}",
        "prodigy_workflow_duration_seconds{workflow_name}",
        "prodigy_workflow_steps_total{workflow_name}",
        "prodigy_workflow_active{workflow_name}",
        "prodigy_step_executions_total{step_type,status}",
        "prodigy_step_duration_seconds{step_type}",
        "prodigy_step_on_failure_recoveries_total{step_type}",
        "prodigy_step_validations_total{step_type,result}",
        "prodigy_mapreduce_jobs_active{job_id}",
        "prodigy_mapreduce_agents_active{job_id}",
        "prodigy_mapreduce_items_total{job_id,status}",
        "prodigy_mapreduce_dlq_items{job_id}",
        "prodigy_agent_duration_seconds{job_id}",
        "prodigy_mapreduce_worktrees_active{job_id}",
        "prodigy_claude_tokens_total{token_type}",
        "prodigy_claude_tool_invocations_total{tool_name}",
        "prodigy_claude_sessions_total{status}",
        "prodigy_claude_errors_total{error_type}",
        "prodigy_worktree_pool_size",
        "prodigy_storage_events_written_total",
        "prodigy_checkpoints_created_total",
    ];
    let page = include_str!("../../../../docs/migrating/003-prodigy.md");
    holds(Names::prodigy(), page, &seed);
    // Here the labels are exactly those of the specification, so that its queries see the same series.
    let documented = documented(page);
    assert_eq!(documented.len(), seed.len());
    for metric in seed {
        let (name, labels) = parse(metric);
        assert_eq!(documented[&name].1, labels, "{name}");
    }
}

#[test]
fn the_namespace_alone_gives_prodigy_s_names_where_they_speak_of_no_product() {
    let alone = shown(Names::new("prodigy"));
    for (name, (kind, labels)) in documented(include_str!("../../../../docs/migrating/003-prodigy.md")) {
        if name.contains("claude") {
            continue;
        }
        let (same_kind, more) = alone.get(&name).unwrap_or_else(|| panic!("no {name}"));
        assert_eq!(*same_kind, kind, "{name}");
        let labels: BTreeSet<_> = labels
            .into_iter()
            .map(|label| if label == "job_id" { "job_name".to_owned() } else { label })
            .collect();
        assert!(labels.is_subset(more), "{name} has {more:?}");
    }
}

#[test]
fn clutch() {
    let seed = [
        "clutch_step_duration_seconds",
        "clutch_execution_duration_seconds",
        "clutch_executions_total",
        "clutch_step_errors_total{error_type}",
        "clutch_active_executions",
    ];
    holds(Names::clutch(), include_str!("../../../../docs/migrating/000-clutch.md"), &seed);
}

#[test]
fn crew() {
    let seed = [
        "crew_requests_total{status}",
        "crew_request_duration_seconds",
        "crew_cache_hits_total",
        "crew_cache_misses_total",
        "crew_memory_usage_bytes",
        "crew_max_memory_usage_bytes",
        "crew_agent_executions_total{agent}",
        "crew_agent_duration_seconds{agent}",
    ];
    let page = include_str!("../../../../docs/migrating/001-crew.md");
    holds(Names::crew(), page, &seed);
    // What that system computes itself stands in the rules, under its own name.
    for derived in [
        "crew_average_request_duration_seconds",
        "crew_cache_hit_rate",
        "crew_agent_executions",
        "crew_agent_successes",
        "crew_agent_errors",
        "crew_agent_average_duration",
    ] {
        assert!(page.contains(&format!("- record: {derived}\n")), "{derived}");
    }
}

#[test]
fn m31a() {
    let page = include_str!("../../../../docs/migrating/002-m31a.md");
    holds(Names::m31a(), page, &["m31a_llms_tokens_total{phase}", "m31a_llms_cost_total{phase}"]);
    // Each number of the file is somewhere in the first column.
    for number in [
        "call_count",
        "success_count",
        "fail_count",
        "total_duration_ms",
        "avg_duration_ms",
        "prompt_tokens",
        "completion_tokens",
        "total_tokens",
        "cost",
        "interaction_count",
        "duration_ms",
        "transition_count",
        "heal_trigger_count",
        "bisect_trigger_count",
        "success",
    ] {
        assert!(page.contains(&format!(".{number}`")), "{number}");
    }
}
