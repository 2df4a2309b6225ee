//! The registry as JSON.

use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    families::Family,
    samples::{Number, Sample},
};

/// The version of the JSON form of the registry, its `schema_version`.
///
/// It changes when a reader of the old form would no longer understand the new one; further keys may
/// come at any time without a change. Version 1 is an object with
///
/// - `schema_version`: this number;
/// - `metrics`: the families, sorted by name, each an object with
///   - `name`: as at `/metrics`, with the unit and `_total`;
///   - `instrument`: what it is called in the program, and `unit`: its unit in UCUM, `""` if none;
///   - `type`: `counter`, `gauge` or `histogram`, and `help`: what it counts, `""` if nobody said;
///   - `series`: an object for each, with `labels`, an object of strings, and
///     - `value`, a number, if the type is `counter` or `gauge`;
///     - `count`, `sum` and `buckets` if it is `histogram`. A bucket has `le`, its upper bound, and
///       `count`, the count of everything up to that; the last one has `le` = `"+Inf"`.
///
/// JSON has no form for numbers that are not finite: these are the strings `"NaN"`, `"+Inf"` and
/// `"-Inf"`.
pub const SCHEMA_VERSION: u32 = 1;

/// A document that is being written.
pub(super) struct Document<'a> {
    json: &'a mut Vec<u8>,
    is_first: bool,
}

impl<'a> Document<'a> {
    pub(super) fn begin(json: &'a mut Vec<u8>) -> Self {
        json.extend_from_slice(format!("{{\"schema_version\":{SCHEMA_VERSION},\"metrics\":[").as_bytes());
        Document { json, is_first: true }
    }

    pub(super) fn family(&mut self, family: &Family<'_>) {
        if !self.is_first {
            self.json.push(b',');
        }
        self.is_first = false;
        let series = family.table.pairs().map(|(labels, sample)| Series {
            labels: labels.map(|(name, value)| (name.to_owned(), value.into())).collect(),
            sample: sample.into(),
        });
        let family = Metric {
            name: family.name,
            instrument: family.instrument,
            kind: family.kind.as_str(),
            unit: family.unit,
            help: family.help,
            series: series.collect(),
        };
        // Nothing can go wrong when plain data is written to memory.
        let _ = serde_json::to_writer(&mut *self.json, &family);
    }

    pub(super) fn end(self) {
        self.json.extend_from_slice(b"]}\n");
    }
}

#[derive(Serialize)]
struct Metric<'a> {
    name: &'a str,
    instrument: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    unit: &'a str,
    help: &'a str,
    series: Vec<Series>,
}

#[derive(Serialize)]
struct Series {
    labels: Map<String, Value>,
    #[serde(flatten)]
    sample: Form,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Form {
    Number { value: Value },
    Histogram { count: u64, sum: Value, buckets: Vec<Bucket> },
}

#[derive(Serialize)]
struct Bucket {
    le: Value,
    count: u64,
}

impl From<Sample<'_>> for Form {
    fn from(sample: Sample<'_>) -> Self {
        match sample {
            Sample::Number(number) => Form::Number { value: number.into() },
            Sample::Histogram(histogram) => {
                let mut buckets = Vec::new();
                histogram.each_bucket(&mut |bound, count| buckets.push(Bucket { le: bound.into(), count }));
                buckets.push(Bucket { le: "+Inf".into(), count: histogram.count() });
                Form::Histogram { count: histogram.count(), sum: histogram.sum().into(), buckets }
            }
        }
    }
}

impl From<Number> for Value {
    fn from(number: Number) -> Self {
        match number {
            Number::U64(number) => number.into(),
            Number::I64(number) => number.into(),
            Number::F64(number) if number.is_finite() => number.into(),
            Number::F64(number) if number.is_nan() => "NaN".into(),
            Number::F64(number) if number > 0.0 => "+Inf".into(),
            Number::F64(_) => "-Inf".into(),
        }
    }
}
