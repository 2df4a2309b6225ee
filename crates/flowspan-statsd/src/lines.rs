//! From a measurement to its line.

use std::{collections::HashMap, fmt::Write, sync::Arc};

use flowspan_model::{Measurement, Series, catalog::Instrument};

use crate::{
    dialect::{Dialect, DogHistograms, Form, PlainLabels},
    words,
};

/// How many series keep what is the same in all their lines. One that is not kept is written anew.
const KEPT_SERIES: usize = 16_384;
/// Below this, every whole number has an exact `f64`.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Writes lines, and remembers of each series what stands around its numbers.
#[derive(Debug)]
pub(crate) struct Lines {
    form: Form,
    /// By the address of the series, which lives as long as its frame.
    frames: HashMap<usize, (Arc<Series>, Frame)>,
}

impl Lines {
    pub(crate) fn new(form: Form) -> Self {
        Lines { form, frames: HashMap::new() }
    }

    /// Appends the line of a measurement, without a line break at its end. A gauge below zero has two.
    pub(crate) fn write(&mut self, measurement: &Measurement, out: &mut String) {
        let series = measurement.series();
        let address = Arc::as_ptr(series).addr();
        if self.frames.len() == KEPT_SERIES && !self.frames.contains_key(&address) {
            self.frames.clear();
        }
        let (_, frame) = self
            .frames
            .entry(address)
            .or_insert_with(|| (Arc::clone(series), Frame::new(series, &self.form)));
        frame.write(measurement.value(), out);
    }
}

/// What stands around the numbers of a series.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Frame {
    before: Box<str>,
    after: Box<str>,
    number: Number,
}

/// What is written of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Number {
    AsItIs,
    /// In milliseconds what is in seconds.
    Milliseconds,
    /// A number whose sign could be taken for a change.
    Level,
}

impl Frame {
    pub(crate) fn new(series: &Series, form: &Form) -> Self {
        let (kind, number) = kind(series, form);
        let mut before = String::new();
        let mut after = String::new();
        words::name(&mut before, series.name());
        after.push('|');
        after.push_str(kind);
        if series.instrument() == Instrument::Histogram && form.histogram_rate < 1.0 {
            push(&mut after, format_args!("|@{}", form.histogram_rate));
        }
        match form.dialect {
            Dialect::Plain => {
                let labels = (form.plain_labels == PlainLabels::Fold).then(|| series.labels());
                for (key, value) in labels.into_iter().flatten() {
                    before.push('.');
                    words::folded_key(&mut before, key);
                    before.push('.');
                    words::folded_value(&mut before, value);
                }
            }
            Dialect::DogStatsD => {
                for (position, (key, value)) in series.labels().enumerate() {
                    after.push_str(if position == 0 { "|#" } else { "," });
                    words::key(&mut after, key);
                    after.push(':');
                    words::value(&mut after, value);
                }
            }
            Dialect::Influx => {
                for (key, value) in series.labels() {
                    before.push(',');
                    words::key(&mut before, key);
                    before.push('=');
                    words::value(&mut before, value);
                }
            }
        }
        before.push(':');
        Frame { before: before.into(), after: after.into(), number }
    }

    fn write(&self, value: f64, out: &mut String) {
        let value = match self.number {
            Number::Milliseconds => milliseconds(value),
            Number::AsItIs | Number::Level => value,
        };
        if self.number == Number::Level && value < 0.0 {
            self.line(0.0, out);
            out.push('\n');
        }
        self.line(value, out);
    }

    fn line(&self, value: f64, out: &mut String) {
        out.push_str(&self.before);
        number(value, out);
        out.push_str(&self.after);
    }
}

/// The type on the line, and the form of the number.
fn kind(series: &Series, form: &Form) -> (&'static str, Number) {
    let is_seconds = series.unit() == "s";
    match (series.instrument(), form.dialect) {
        (Instrument::Counter | Instrument::FloatCounter, _) => ("c", Number::AsItIs),
        (Instrument::Gauge | Instrument::UpDownCounter, _) => ("g", Number::Level),
        (Instrument::Histogram, Dialect::DogStatsD) => match form.dog_histograms {
            DogHistograms::Histogram => ("h", Number::AsItIs),
            DogHistograms::Distribution => ("d", Number::AsItIs),
        },
        (Instrument::Histogram, _) if is_seconds => ("ms", Number::Milliseconds),
        (Instrument::Histogram, Dialect::Influx) => ("h", Number::AsItIs),
        // The first StatsD has no other distribution, and takes `h` for a counter.
        (Instrument::Histogram, Dialect::Plain) => ("ms", Number::AsItIs),
    }
}

/// Seconds in milliseconds, to the nanosecond: 0.0123 s are 12.3 ms and not 12.299999999999999.
fn milliseconds(seconds: f64) -> f64 {
    let nanoseconds = (seconds * 1e9).round();
    if nanoseconds.abs() < EXACT { nanoseconds / 1e6 } else { (seconds * 1e3).clamp(f64::MIN, f64::MAX) }
}

/// Writes a number without an exponent, which not every server reads.
fn number(value: f64, out: &mut String) {
    if value.fract() == 0.0 && value.abs() < EXACT {
        #[expect(clippy::cast_possible_truncation, reason = "it is whole and small enough")]
        let whole = value as i64;
        out.push_str(itoa::Buffer::new().format(whole));
    } else {
        push(out, format_args!("{value}"));
    }
}

fn push(out: &mut String, text: std::fmt::Arguments<'_>) {
    // A string takes everything.
    let _ = out.write_fmt(text);
}

#[cfg(test)]
#[path = "lines/tests.rs"]
mod tests;
