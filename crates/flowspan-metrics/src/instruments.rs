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
            Unbound::UpDownCounter(counter) => Bound::UpDownCounter(counter.bind(labels), AtomicI64::new(0)),
            Unbound::Gauge(gauge) => Bound::Gauge(gauge.bind(labels)),
            Unbound::Histogram(histogram) => Bound::Histogram(histogram.bind(labels)),
        }
    }
}

/// One series of an instrument.
#[derive(Debug)]
pub(crate) enum Bound {
    Counter(BoundCounter<u64>),
    FloatCounter(BoundCounter<f64>),
    /// With its own level, which says whether there is something to take away.
    UpDownCounter(BoundUpDownCounter<i64>, AtomicI64),
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
    /// Adds to the series; a gauge becomes the number. Gives the number as the instrument took it.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "what is not negative and below 2^53 fits both ways"
    )]
    #[inline]
    pub(crate) fn add(&self, amount: f64, floor: Floor) -> Result<f64, Refused> {
        let in_range = match self {
            Bound::Counter(_) | Bound::FloatCounter(_) => (0.0..LARGEST).contains(&amount),
            Bound::UpDownCounter(..) => amount.abs() < LARGEST,
            Bound::Gauge(_) => amount.is_finite(),
            Bound::Histogram(_) => amount.abs() < LARGEST_RECORD,
        };
        if !in_range {
            return Err(Refused::Senseless);
        }
        match self {
            Bound::Counter(counter) => {
                let whole = amount as u64;
                counter.add(whole);
                return Ok(whole as f64);
            }
            Bound::FloatCounter(counter) => counter.add(amount),
            Bound::UpDownCounter(counter, level) => {
                let wanted = amount as i64;
                let change = if floor == Floor::Zero { rise(level, wanted) } else { wanted };
                counter.add(change);
                let taken = change as f64;
                return if change == wanted { Ok(taken) } else { Err(Refused::Unmatched { taken }) };
            }
            Bound::Gauge(gauge) => gauge.record(amount),
            Bound::Histogram(histogram) => histogram.record(amount),
        }
        Ok(amount)
    }
}

/// Moves a level that must not go below zero. Gives the change, which may be less than was wanted.
fn rise(level: &AtomicI64, wanted: i64) -> i64 {
    if wanted >= 0 {
        level.fetch_add(wanted, Ordering::Relaxed);
        return wanted;
    }
    let lower = |level: i64| Some(level.saturating_add(wanted).max(0));
    match level.fetch_update(Ordering::Relaxed, Ordering::Relaxed, lower) {
        Ok(before) | Err(before) => wanted.max(-before),
    }
}
