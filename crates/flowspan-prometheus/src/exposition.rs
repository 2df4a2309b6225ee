//! The text that Prometheus reads, valid whatever the program called its metrics.
//!
//! The bridge below passes on some names that make Prometheus refuse a whole scrape: a label `le` on
//! a histogram, an empty one, one that begins with a digit, two metrics that fold into one name. All
//! of that is mended here, and what cannot be mended is left out. Clean metrics, which is all of
//! flowspan's own, pass without an allocation.

use std::{
    cmp::Ordering,
    collections::{HashMap, HashSet},
};

use prometheus::{
    TextEncoder,
    proto::{Metric, MetricFamily, MetricType},
};

use crate::names;

/// What was wrong with one exposition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Findings {
    /// Names that were replaced.
    pub(crate) mended: u64,
    /// Series that were left out.
    pub(crate) dropped: u64,
}

/// Writes the families down in the text format 0.0.4.
pub(crate) fn write(families: Vec<MetricFamily>) -> Result<(String, Findings), prometheus::Error> {
    let (families, findings) = mend(families);
    let text = TextEncoder::new().encode_to_string(&families)?;
    Ok((text, findings))
}

fn mend(families: Vec<MetricFamily>) -> (Vec<MetricFamily>, Findings) {
    let mut findings = Findings::default();
    let mut mended: Vec<MetricFamily> = Vec::with_capacity(families.len());
    let mut by_name: HashMap<String, usize> = HashMap::with_capacity(families.len());
    for mut family in families {
        mend_family(&mut family, &mut findings);
        match by_name.get(family.name()) {
            None => {
                by_name.insert(family.name().to_owned(), mended.len());
                mended.push(family);
            }
            Some(&index) if mended[index].get_field_type() == family.get_field_type() => {
                mended[index].mut_metric().append(&mut family.take_metric());
            }
            Some(_) => findings.dropped += family.get_metric().len() as u64,
        }
    }
    let taken = names_of_parts(&mended);
    mended.retain_mut(|family| {
        if taken.contains(family.name()) {
            findings.dropped += family.get_metric().len() as u64;
            return false;
        }
        findings.dropped += keep_one_of_each(family.mut_metric());
        !family.get_metric().is_empty()
    });
    (mended, findings)
}

fn mend_family(family: &mut MetricFamily, findings: &mut Findings) {
    let name = names::metric(family.name());
    if name != family.name() {
        findings.mended += 1;
        let name = name.into_owned();
        family.set_name(name);
    }
    // Some readers take these for the end of the line or of the text; help is prose.
    if family.help().contains(['\r', '\0']) {
        let help = family.help().replace(['\r', '\0'], " ");
        family.set_help(help);
    }
    if family.get_field_type() == MetricType::UNTYPED {
        // The encoder does not know how to write it, and the bridge never makes one.
        findings.dropped += family.take_metric().len() as u64;
    }
    for metric in family.mut_metric() {
        findings.mended += mend_labels(metric);
    }
}

/// The labels that the format keeps for the lines of histograms and summaries. Prometheus refuses them
/// twice on one line, and its linter anywhere else.
const RESERVED: [&str; 2] = ["le", "quantile"];

/// Makes the label names valid, different and sorted; how many it had to replace.
fn mend_labels(metric: &mut Metric) -> u64 {
    let mut replaced = 0;
    for pair in metric.mut_label() {
        let name = names::label(pair.name());
        // The word that Prometheus itself puts before a label that is already there.
        let name = if RESERVED.contains(&&*name) { format!("exported_{name}").into() } else { name };
        if name != pair.name() {
            replaced += 1;
            let name = name.into_owned();
            pair.set_name(name);
        }
    }
    let is_sorted = metric.get_label().is_sorted_by(|left, right| left.name() < right.name());
    if !is_sorted {
        let mut labels = metric.take_label();
        // Stable: values of one name stay in the order in which they came.
        labels.sort_by(|left, right| left.name().cmp(right.name()));
        labels.dedup_by(|later, first| {
            let is_same = later.name() == first.name();
            if is_same {
                // What the conventions ask for when two attributes fold into one label.
                let both = format!("{};{}", first.value(), later.value());
                first.set_value(both);
            }
            is_same
        });
        metric.set_label(labels);
    }
    replaced
}

/// The names of the lines of histograms and summaries, which no other metric may have.
fn names_of_parts(families: &[MetricFamily]) -> HashSet<String> {
    let mut names = HashSet::new();
    for family in families {
        let parts: &[&str] = match family.get_field_type() {
            MetricType::HISTOGRAM => &["_bucket", "_sum", "_count"],
            MetricType::SUMMARY => &["_sum", "_count"],
            _ => &[],
        };
        names.extend(parts.iter().map(|part| format!("{}{part}", family.name())));
    }
    names
}

/// Keeps one of all series with the same labels; how many it left out.
///
/// It keeps the largest: the order in which the SDK hands them over changes from one scrape to the
/// next, and of two counters the larger one never falls.
fn keep_one_of_each(metrics: &mut Vec<Metric>) -> u64 {
    let before = metrics.len();
    metrics.sort_by(|left, right| compare_labels(left, right).then_with(|| compare_values(right, left)));
    metrics.dedup_by(|later, first| compare_labels(later, first).is_eq());
    (before - metrics.len()) as u64
}

fn compare_labels(left: &Metric, right: &Metric) -> Ordering {
    let (left, right) = (left.get_label(), right.get_label());
    left.iter()
        .zip(right)
        .map(|(left, right)| left.name().cmp(right.name()).then_with(|| left.value().cmp(right.value())))
        .find(|ordering| ordering.is_ne())
        .unwrap_or_else(|| left.len().cmp(&right.len()))
}

fn compare_values(left: &Metric, right: &Metric) -> Ordering {
    let value = |metric: &Metric| metric.get_counter().get_value() + metric.get_gauge().get_value();
    let count = |metric: &Metric| metric.get_histogram().get_sample_count();
    count(left).cmp(&count(right)).then_with(|| value(left).total_cmp(&value(right)))
}

#[cfg(test)]
mod strict;
#[cfg(test)]
mod tests;
