//! The OpenTelemetry instruments of a schema.

use std::sync::atomic::{AtomicI64, Ordering};

use flowspan_model::catalog::Instrument;
use opentelemetry::{
    KeyValue,
    metrics::{
        BoundCounter, BoundGauge, BoundHistogram, BoundUpDownCounter, Counter, Gauge, Histogram, Meter,
        UpDownCounter,
    },
};

use crate::{Buckets, schema::Shape};

/// The largest amount of a sum. The sums of the SDK are of 64 bits and wrap round: an amount from
/// here on is a mistake that would make nonsense of all that was counted before. It is also where a
/// floating-point number no longer tells one whole number from the next.
const LARGEST: f64 = 9_007_199_254_740_992.0;
/// The largest number that a histogram records: the sum of many of them is still finite.
const LARGEST_RECORD: f64 = 1e200;

/// One instrument.
#[derive(Debug)]
pub(crate) enum Unbound {
    Counter(Counter<u64>),
    FloatCounter(Counter<f64>),
    UpDownCounter(UpDownCounter<i64>),
    Gauge(Gauge<f64>),
    Histogram(Histogram<f64>),
}

impl Unbound {
    pub(crate) fn new(shape: &Shape, meter: &Meter) -> Self {
        let name = shape.name.to_string();
        let (unit, description) = (shape.unit.clone(), shape.description.clone());
        match shape.instrument {
            Instrument::Counter => Unbound::Counter(
                meter.u64_counter(name).with_unit(unit).with_description(description).build(),
            ),
            Instrument::FloatCounter => Unbound::FloatCounter(
                meter.f64_counter(name).with_unit(unit).with_description(description).build(),
            ),
            Instrument::UpDownCounter => Unbound::UpDownCounter(
                meter.i64_up_down_counter(name).with_unit(unit).with_description(description).build(),
            ),
            Instrument::Gauge => {
                Unbound::Gauge(meter.f64_gauge(name).with_unit(unit).with_description(description).build())
            }
            Instrument::Histogram => {
                let builder = meter.f64_histogram(name).with_unit(unit).with_description(description);
                Unbound::Histogram(match &shape.buckets {
                    Buckets::Explicit(bounds) => builder.with_boundaries(bounds.clone()).build(),
                    // The view of the schema sets them.
                    Buckets::Exponential { .. } => builder.build(),
                })
            }
        }
    }

    /// The series of these labels. Binding costs a look-up, adding to what is bound does not.
    pub(crate) fn bind(&self, labels: &[KeyValue]) -> Bound {
        match self {
            Unbound::Counter(counter) => Bound::Counter(counter.bind(labels)),
            Unbound::FloatCounter(counter) => Bound::FloatCounter(counter.bind(labels)),
            Unbound::UpDownCounter(counter) => Bound::UpDownCounter(counter.bind(labels)),
            Unbound::Gauge(gauge) => Bound::Gauge(gauge.bind(labels)),
            Unbound::Histogram(histogram) => Bound::Histogram(histogram.bind(labels)),
        }
    }

    /// Adds what the instrument [takes](taken) to the series of these labels, which costs a look-up.
    pub(crate) fn add(&self, taken: f64, labels: &[KeyValue]) {
        match self {
            Unbound::Counter(counter) => counter.add(whole(taken).unsigned_abs(), labels),
            Unbound::FloatCounter(counter) => counter.add(taken, labels),
            Unbound::UpDownCounter(counter) => counter.add(whole(taken), labels),
            Unbound::Gauge(gauge) => gauge.record(taken, labels),
            Unbound::Histogram(histogram) => histogram.record(taken, labels),
        }
    }
}

/// One series of an instrument.
#[derive(Debug)]
pub(crate) enum Bound {
    Counter(BoundCounter<u64>),
    FloatCounter(BoundCounter<f64>),
    UpDownCounter(BoundUpDownCounter<i64>),
    Gauge(BoundGauge<f64>),
    Histogram(BoundHistogram<f64>),
}

/// Why a number did not get into a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Refused {
    /// It is not a number, infinite, too large, or negative where a sum only grows.
    Senseless,
    /// It takes away more than had been added. What there was has been taken.
    Unmatched {
        /// How much that was, as a change; zero if there was nothing.
        taken: f64,
    },
}

/// Whether an up-down counter may go below zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Floor {
    /// What is running cannot be less than nothing.
    Zero,
    /// The program knows what it counts.
    None,
}

impl Bound {
    /// Adds what the instrument [takes](taken) to the series.
    #[inline]
    pub(crate) fn add(&self, taken: f64) {
        match self {
            Bound::Counter(counter) => counter.add(whole(taken).unsigned_abs()),
            Bound::FloatCounter(counter) => counter.add(taken),
            Bound::UpDownCounter(counter) => counter.add(whole(taken)),
            Bound::Gauge(gauge) => gauge.record(taken),
            Bound::Histogram(histogram) => histogram.record(taken),
        }
    }
}

/// What an instrument takes of an amount. The level is that of the series, if it goes up and down.
#[inline]
pub(crate) fn taken(
    instrument: Instrument,
    floor: Floor,
    level: &AtomicI64,
    amount: f64,
) -> Result<f64, Refused> {
    match instrument {
        Instrument::Counter if (0.0..LARGEST).contains(&amount) => Ok(exact(whole(amount))),
        Instrument::FloatCounter if (0.0..LARGEST).contains(&amount) => Ok(amount),
        Instrument::UpDownCounter if amount.abs() < LARGEST => match (floor, whole(amount)) {
            (Floor::Zero, wanted) => rise(level, wanted),
            (Floor::None, wanted) => Ok(exact(wanted)),
        },
        Instrument::Gauge if amount.is_finite() => Ok(amount),
        Instrument::Histogram if amount.abs() < LARGEST_RECORD => Ok(amount),
        _ => Err(Refused::Senseless),
    }
}

/// Moves a level that must not go below zero. Gives the change.
fn rise(level: &AtomicI64, wanted: i64) -> Result<f64, Refused> {
    if wanted >= 0 {
        level.fetch_add(wanted, Ordering::Relaxed);
        return Ok(exact(wanted));
    }
    let lower = |level: i64| Some(level.saturating_add(wanted).max(0));
    let before = match level.fetch_update(Ordering::Relaxed, Ordering::Relaxed, lower) {
        Ok(before) | Err(before) => before,
    };
    let change = wanted.max(-before);
    if change == wanted { Ok(exact(change)) } else { Err(Refused::Unmatched { taken: exact(change) }) }
}

/// The whole number of an amount that is in range.
#[expect(clippy::cast_possible_truncation, reason = "what is taken is below 2^53")]
#[inline]
fn whole(amount: f64) -> i64 {
    amount as i64
}

/// The same number as an amount.
#[expect(clippy::cast_precision_loss, reason = "what is taken is below 2^53")]
#[inline]
fn exact(number: i64) -> f64 {
    number as f64
}
