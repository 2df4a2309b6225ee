//! What has been counted, in the forms in which it is read: valid whatever the program called its
//! metrics.
//!
//! [`families`] orders what the SDK hands over into families of series, under names that Prometheus
//! accepts; [`text`] and [`json`] write these down. Nothing is kept from one exposition to the next.

use opentelemetry_sdk::metrics::data::ResourceMetrics;

mod families;
mod json;
mod labels;
mod names;
mod samples;
mod text;
mod units;

pub use json::SCHEMA_VERSION;

/// What could not be told as the program called it, in one exposition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Findings {
    /// Names of metrics and labels that were replaced, because Prometheus would not have accepted them
    /// even with `_` for every character that it does not know; each label counts once for each series.
    pub mended: u64,
    /// Series that were left out: another one has the same name and labels, the name belongs to a
    /// metric of another type or to a part of a histogram, or they are exponential histograms.
    pub dropped: u64,
}

/// Appends the text format 0.0.4.
pub(crate) fn write_text(metrics: &ResourceMetrics, text: &mut Vec<u8>) -> Findings {
    let mut writer = text::Writer::new(text);
    families::each(metrics, |family| writer.family(family))
}

/// Appends the JSON document that [`SCHEMA_VERSION`] describes.
pub(crate) fn write_json(metrics: &ResourceMetrics, json: &mut Vec<u8>) -> Findings {
    let mut document = json::Document::begin(json);
    let findings = families::each(metrics, |family| document.family(family));
    document.end();
    findings
}

#[cfg(test)]
mod strict;
#[cfg(test)]
mod tests;
