//! What one series says, whatever type the instrument counts in.

use std::cmp::Ordering;

use opentelemetry::{KeyValue, Value};
use opentelemetry_sdk::metrics::data::{AggregatedMetrics, HistogramDataPoint, Metric, MetricData};

/// What a family is, in the words of the text format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Counter,
    Gauge,
    Histogram,
}

impl Kind {
    /// Of this metric. None for an exponential histogram: the text format has no form for it.
    pub(super) fn of(metric: &Metric) -> Option<Self> {
        fn of<T>(data: &MetricData<T>) -> Option<Kind> {
            match data {
                MetricData::Sum(sum) if sum.is_monotonic() => Some(Kind::Counter),
                MetricData::Sum(_) | MetricData::Gauge(_) => Some(Kind::Gauge),
                MetricData::Histogram(_) => Some(Kind::Histogram),
                MetricData::ExponentialHistogram(_) => None,
            }
        }
        match metric.data() {
            AggregatedMetrics::F64(data) => of(data),
            AggregatedMetrics::U64(data) => of(data),
            AggregatedMetrics::I64(data) => of(data),
        }
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        }
    }
}

/// A number in the type in which it was counted.
#[derive(Clone, Copy, Debug)]
pub(super) enum Number {
    F64(f64),
    U64(u64),
    I64(i64),
}

impl Number {
    #[expect(clippy::cast_precision_loss, reason = "only to find out which of two is larger")]
    fn approximate(self) -> f64 {
        match self {
            Number::F64(number) => number,
            Number::U64(number) => number as f64,
            Number::I64(number) => number as f64,
        }
    }
}

impl From<f64> for Number {
    fn from(number: f64) -> Self {
        Number::F64(number)
    }
}

impl From<u64> for Number {
    fn from(number: u64) -> Self {
        Number::U64(number)
    }
}

impl From<i64> for Number {
    fn from(number: i64) -> Self {
        Number::I64(number)
    }
}

/// What one series says.
#[derive(Clone, Copy)]
pub(super) enum Sample<'a> {
    Number(Number),
    Histogram(&'a dyn Histogram),
}

impl Sample<'_> {
    /// Which of two samples of one family is larger: by count or by value.
    pub(super) fn compare(self, other: Self) -> Ordering {
        match (self, other) {
            (Sample::Number(left), Sample::Number(right)) => {
                left.approximate().total_cmp(&right.approximate())
            }
            (Sample::Histogram(left), Sample::Histogram(right)) => left.count().cmp(&right.count()),
            (Sample::Number(_), Sample::Histogram(_)) => Ordering::Less,
            (Sample::Histogram(_), Sample::Number(_)) => Ordering::Greater,
        }
    }
}

/// A histogram of any type.
pub(super) trait Histogram {
    fn count(&self) -> u64;
    fn sum(&self) -> Number;
    /// The upper bounds in order, each with the count of everything up to it. Without the last one,
    /// which is infinite and has everything.
    fn each_bucket(&self, each: &mut dyn FnMut(f64, u64));
}

impl<T: Copy + Into<Number>> Histogram for HistogramDataPoint<T> {
    fn count(&self) -> u64 {
        HistogramDataPoint::count(self)
    }

    fn sum(&self) -> Number {
        HistogramDataPoint::sum(self).into()
    }

    fn each_bucket(&self, each: &mut dyn FnMut(f64, u64)) {
        let mut below = 0;
        for (bound, count) in self.bounds().zip(self.bucket_counts()) {
            below += count;
            each(bound, below);
        }
    }
}

/// How many series a metric has.
pub(super) fn count(metric: &Metric) -> u64 {
    fn count<T>(data: &MetricData<T>) -> usize {
        match data {
            MetricData::Gauge(gauge) => gauge.data_points().count(),
            MetricData::Sum(sum) => sum.data_points().count(),
            MetricData::Histogram(histogram) => histogram.data_points().count(),
            MetricData::ExponentialHistogram(histogram) => histogram.data_points().count(),
        }
    }
    let count = match metric.data() {
        AggregatedMetrics::F64(data) => count(data),
        AggregatedMetrics::U64(data) => count(data),
        AggregatedMetrics::I64(data) => count(data),
    };
    count as u64
}

/// Takes the series of a metric one by one.
pub(super) trait Series<'a> {
    fn take(&mut self, attributes: impl Iterator<Item = (&'a str, &'a Value)>, sample: Sample<'a>);
}

/// Hands every series of the metric over.
pub(super) fn each<'a>(metric: &'a Metric, series: &mut impl Series<'a>) {
    match metric.data() {
        AggregatedMetrics::F64(data) => each_of(data, series),
        AggregatedMetrics::U64(data) => each_of(data, series),
        AggregatedMetrics::I64(data) => each_of(data, series),
    }
}

fn each_of<'a, T: Copy + Into<Number>>(data: &'a MetricData<T>, series: &mut impl Series<'a>) {
    match data {
        MetricData::Gauge(gauge) => gauge.data_points().for_each(|point| {
            series.take(pairs(point.attributes()), Sample::Number(point.value().into()));
        }),
        MetricData::Sum(sum) => sum.data_points().for_each(|point| {
            series.take(pairs(point.attributes()), Sample::Number(point.value().into()));
        }),
        MetricData::Histogram(histogram) => histogram.data_points().for_each(|point| {
            series.take(pairs(point.attributes()), Sample::Histogram(point));
        }),
        MetricData::ExponentialHistogram(_) => {}
    }
}

fn pairs<'a>(attributes: impl Iterator<Item = &'a KeyValue>) -> impl Iterator<Item = (&'a str, &'a Value)> {
    attributes.map(|attribute| (attribute.key.as_str(), &attribute.value))
}
