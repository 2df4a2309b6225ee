//! The OpenTelemetry instruments of the catalog.

use flowspan_model::catalog::{Instrument, Metric};
use opentelemetry::{
    KeyValue,
    metrics::{
        BoundCounter, BoundGauge, BoundHistogram, BoundUpDownCounter, Counter, Gauge, Histogram, Meter,
        UpDownCounter,
    },
};

/// One instrument, made from a row of the catalog.
#[derive(Debug)]
pub(crate) enum Unbound {
    Counter(Counter<u64>),
    FloatCounter(Counter<f64>),
    UpDownCounter(UpDownCounter<i64>),
    Gauge(Gauge<f64>),
    Histogram(Histogram<f64>),
}

impl Unbound {
    pub(crate) fn new(metric: &Metric, namespace: &str, meter: &Meter) -> Self {
        let name = metric.full_name(namespace);
        match metric.instrument {
            Instrument::Counter => Unbound::Counter(
                meter.u64_counter(name).with_unit(metric.unit).with_description(metric.description).build(),
            ),
            Instrument::FloatCounter => Unbound::FloatCounter(
                meter.f64_counter(name).with_unit(metric.unit).with_description(metric.description).build(),
            ),
            Instrument::UpDownCounter => Unbound::UpDownCounter(
                meter
                    .i64_up_down_counter(name)
                    .with_unit(metric.unit)
                    .with_description(metric.description)
                    .build(),
            ),
            Instrument::Gauge => Unbound::Gauge(
                meter.f64_gauge(name).with_unit(metric.unit).with_description(metric.description).build(),
            ),
            Instrument::Histogram => Unbound::Histogram(
                meter
                    .f64_histogram(name)
                    .with_unit(metric.unit)
                    .with_description(metric.description)
                    .with_boundaries(metric.buckets.to_vec())
                    .build(),
            ),
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

impl Bound {
    /// Adds to the series; a gauge becomes the number. A number that the instrument cannot take (not a number, infinite, or
    /// negative on a sum that only grows) changes nothing and gives `false`.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the sums are of whole numbers, and `as` saturates where they are too large"
    )]
    pub(crate) fn add(&self, amount: f64) -> bool {
        if !amount.is_finite() {
            return false;
        }
        match self {
            Bound::Counter(_) | Bound::FloatCounter(_) if amount < 0.0 => return false,
            Bound::Counter(counter) => counter.add(amount as u64),
            Bound::FloatCounter(counter) => counter.add(amount),
            Bound::UpDownCounter(counter) => counter.add(amount as i64),
            Bound::Gauge(gauge) => gauge.record(amount),
            Bound::Histogram(histogram) => histogram.record(amount),
        }
        true
    }
}
