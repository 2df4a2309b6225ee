//! The page of metrics.

use std::fmt::{Result, Write};

use super::{areas, code, example_query};
use crate::{
    Moment,
    catalog::{Amount, Condition, Label, Metric, Source},
};

const INTRODUCTION: &str = "\
Every metric of flowspan, made from the catalog by `cargo xtask generate`. The names stand under the
namespace `{namespace}`; another one can be chosen. Names of conventions have no namespace.

- **Prometheus** is the name on `/metrics`, and the one that a Prometheus gets through a Collector.
- **StatsD** has the OpenTelemetry name; the labels are its tags.
- **fed by** says which spans and events count, and how much; see [the vocabulary](vocabulary.md). What is
  *read* is looked up when somebody collects.
- A **label** keeps as many values as it says. What goes beyond becomes `other` and is counted in
  `telemetry.labels.collapsed`, so the sum over all series is always the sum of what went in.
- **answers** names the metric of an older system: 000 is clutch, 001 crew, 002 M31A, 003 prodigy.
";

/// The page of all metrics under this namespace, in Markdown.
pub fn metrics_page(namespace: &str) -> String {
    let mut page = String::new();
    // Writing into a string cannot fail.
    let _ = write_page(&mut page, namespace);
    page
}

fn write_page(page: &mut String, namespace: &str) -> Result {
    writeln!(page, "# Metrics\n\n{}", INTRODUCTION.replace("{namespace}", namespace))?;
    writeln!(page, "| metric | instrument | unit | labels |\n|---|---|---|---|")?;
    for metric in areas().flatten() {
        let Metric { instrument, unit, .. } = metric;
        let labels = code(metric.labels.iter().map(|label| label.name));
        let name = metric.full_name(namespace);
        let anchor = name.replace('.', "");
        writeln!(page, "| [`{name}`](#{anchor}) | {} | `{unit}` | {labels} |", instrument.name())?;
    }
    for metrics in areas() {
        for metric in metrics {
            write_metric(page, metric, namespace)?;
        }
    }
    Ok(())
}

fn write_metric(page: &mut String, metric: &Metric, namespace: &str) -> Result {
    writeln!(page, "\n## `{}`\n\n{}\n", metric.full_name(namespace), metric.description)?;
    writeln!(page, "| | |\n|---|---|")?;
    writeln!(page, "| instrument | {}, unit `{}` |", metric.instrument.name(), metric.unit)?;
    writeln!(page, "| Prometheus | `{}` |", metric.prometheus_name(namespace))?;
    writeln!(page, "| StatsD | `{}` |", metric.full_name(namespace))?;
    for label in metric.labels {
        writeln!(page, "| label `{}` | {} |", label.name, origin(label))?;
    }
    if !metric.buckets.is_empty() {
        let buckets: Vec<String> = metric.buckets.iter().map(f64::to_string).collect();
        writeln!(page, "| buckets | {} |", buckets.join(", "))?;
    }
    let sources: Vec<String> = metric.sources.iter().map(source).collect();
    let fed_by =
        if metric.is_observed() { "read when somebody collects".to_owned() } else { sources.join("; ") };
    writeln!(page, "| fed by | {fed_by} |")?;
    if !metric.answers.is_empty() {
        writeln!(page, "| answers | {} |", code(metric.answers.iter().copied()))?;
    }
    if let Some(convention) = metric.convention {
        writeln!(page, "| convention | {convention} |")?;
    }
    writeln!(page, "| since | {} |", metric.since)?;
    writeln!(page, "\n```promql\n{}\n```", example_query(metric, namespace))
}

fn origin(label: &Label) -> String {
    let fields: Vec<String> = label.from.iter().map(|field| format!("`{}`", field.key())).collect();
    let from = if fields.is_empty() { "set by the metric".to_owned() } else { fields.join(", else ") };
    format!("{from}; at most {} values", label.limit)
}

fn source(source: &Source) -> String {
    let moment = match source.moment {
        Moment::Started => " begins",
        Moment::Ended => " ends",
        Moment::Occurred => "",
    };
    let amount = match source.amount {
        Amount::One => "1".to_owned(),
        Amount::MinusOne => "−1".to_owned(),
        Amount::Count => "its `flowspan.count`, else 1".to_owned(),
        Amount::MinusCount => "minus its `flowspan.count`, else −1".to_owned(),
        Amount::Duration => "its duration".to_owned(),
        Amount::Field(field) | Amount::Countable(field) => format!("its `{}`", field.key()),
        Amount::Each(field) => format!("each of its `{}`", field.key()),
    };
    let fixed = source.fixed.map(|(label, value)| format!(" as `{label}=\"{value}\"`")).unwrap_or_default();
    let conditions: Vec<String> = source.conditions.iter().map(condition).collect();
    let condition =
        if conditions.is_empty() { String::new() } else { format!(", if {}", conditions.join(" and ")) };
    let generation = source.generation.map(|generation| format!(" (only in {})", generation.name()));
    let generation = generation.unwrap_or_default();
    format!("`{}`{moment}: {amount}{fixed}{condition}{generation}", source.kind.name())
}

fn condition(condition: &Condition) -> String {
    match condition {
        Condition::Known(field) => format!("it has `{}`", field.key()),
        Condition::Unknown(field) => format!("it has no `{}`", field.key()),
        Condition::IsOrUnknown(field, text) => format!("its `{}` is {text} or unknown", field.key()),
    }
}
