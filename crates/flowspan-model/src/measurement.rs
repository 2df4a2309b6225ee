//! One number of one series, and where such numbers go.

use std::{fmt, sync::Arc};

use crate::catalog::Instrument;

/// The series that a measurement belongs to: a metric and the values of its labels.
///
/// It is made once and shared by all its measurements, so whoever keeps something for each series
/// may use the address of the [`Arc`] as its key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Series {
    name: Arc<str>,
    instrument: Instrument,
    unit: Arc<str>,
    labels: Box<[(Arc<str>, Arc<str>)]>,
}

impl Series {
    /// A series. The labels are put in the order of their names.
    pub fn new(
        name: impl Into<Arc<str>>,
        instrument: Instrument,
        unit: impl Into<Arc<str>>,
        labels: impl IntoIterator<Item = (Arc<str>, Arc<str>)>,
    ) -> Self {
        let mut labels: Box<[_]> = labels.into_iter().collect();
        labels.sort_unstable();
        Series { name: name.into(), instrument, unit: unit.into(), labels }
    }

    /// The full name of the metric, in OpenTelemetry's dotted form, as it is exported.
    #[inline]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the numbers mean: see [`Measurement::value`].
    #[inline]
    pub const fn instrument(&self) -> Instrument {
        self.instrument
    }

    /// The unit in UCUM, for example `s` or `{token}`; empty if it has none.
    #[inline]
    pub fn unit(&self) -> &str {
        &self.unit
    }

    /// The labels in the order of their names, bounded: the same as on the exported series.
    #[inline]
    pub fn labels(&self) -> impl ExactSizeIterator<Item = (&str, &str)> + Clone {
        self.labels.iter().map(|(name, value)| (&**name, &**value))
    }

    /// The value of one label.
    pub fn label(&self, name: &str) -> Option<&str> {
        self.labels().find(|(known, _)| *known == name).map(|(_, value)| value)
    }
}

/// One number that an instrument was given.
///
/// A clone allocates nothing: it shares the series.
///
/// ```
/// use std::sync::Arc;
/// use flowspan_model::{Measurement, Series, catalog::Instrument};
///
/// let labels = [("workflow_name".into(), "triage".into())];
/// let series = Arc::new(Series::new("flowspan.workflow.steps", Instrument::Counter, "{step}", labels));
/// let measurement = Measurement::new(series, 1.0);
/// assert_eq!(measurement.to_string(), "flowspan.workflow.steps{workflow_name=\"triage\"} 1");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Measurement {
    series: Arc<Series>,
    value: f64,
}

impl Measurement {
    /// A measurement of a series.
    #[inline]
    pub const fn new(series: Arc<Series>, value: f64) -> Self {
        Measurement { series, value }
    }

    /// The number: what is added to a counter or up-down counter, what a histogram records, what a
    /// gauge is set to. Always finite, and never negative for a counter.
    #[inline]
    pub const fn value(&self) -> f64 {
        self.value
    }

    /// The series that it belongs to.
    #[inline]
    pub const fn series(&self) -> &Arc<Series> {
        &self.series
    }

    /// The full name of the metric, as it is exported.
    #[inline]
    pub fn name(&self) -> &str {
        self.series.name()
    }

    /// What the number means: see [`value`](Measurement::value).
    #[inline]
    pub fn instrument(&self) -> Instrument {
        self.series.instrument()
    }

    /// The unit in UCUM; empty if it has none.
    #[inline]
    pub fn unit(&self) -> &str {
        self.series.unit()
    }

    /// The labels, bounded, in the order of their names.
    #[inline]
    pub fn labels(&self) -> impl ExactSizeIterator<Item = (&str, &str)> + Clone {
        self.series.labels()
    }
}

impl fmt::Display for Measurement {
    /// `name{label="value",…} number`, for logs and tests.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        for (position, (name, value)) in self.labels().enumerate() {
            write!(f, "{}{name}={value:?}", if position == 0 { '{' } else { ',' })?;
        }
        if self.labels().len() > 0 {
            f.write_str("}")?;
        }
        write!(f, " {}", self.value)
    }
}

/// Takes every measurement that flowspan makes of events and of the program's own metrics: the same
/// numbers with the same bounded labels that the OpenTelemetry instruments get.
///
/// It is called on the thread on which the thing happened, so it must be quick and must not block:
/// a sink that does I/O puts the measurement into a queue of its own. A sink that panics is isolated
/// and counted, and is called again for the next measurement.
///
/// Metrics that are read only when somebody collects, such as the memory of the process, are not
/// measured here.
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use flowspan_model::{Measurement, MetricSink, catalog::Instrument};
///
/// /// Counts how often a histogram recorded something.
/// #[derive(Default)]
/// struct Records(AtomicU64);
///
/// impl MetricSink for Records {
///     fn measurement(&self, measurement: &Measurement) {
///         if measurement.instrument() == Instrument::Histogram {
///             self.0.fetch_add(1, Ordering::Relaxed);
///         }
///     }
/// }
/// ```
pub trait MetricSink: Send + Sync {
    /// Takes one measurement.
    fn measurement(&self, measurement: &Measurement);
}

impl<S: MetricSink + ?Sized> MetricSink for Arc<S> {
    fn measurement(&self, measurement: &Measurement) {
        (**self).measurement(measurement);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_stand_in_the_order_of_their_names() {
        let labels = [("status".into(), "success".into()), ("job".into(), "a\"b".into())];
        let series = Series::new("m", Instrument::Counter, "", labels);
        assert_eq!(series.labels().collect::<Vec<_>>(), [("job", "a\"b"), ("status", "success")]);
        assert_eq!(series.label("status"), Some("success"));
        assert_eq!(series.label("nothing"), None);
        let measurement = Measurement::new(Arc::new(series), 2.5);
        assert_eq!(measurement.to_string(), r#"m{job="a\"b",status="success"} 2.5"#);
    }
}
