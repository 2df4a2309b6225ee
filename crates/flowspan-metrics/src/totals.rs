//! Running totals that can begin anew.

use std::{
    collections::HashMap,
    fmt, mem,
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use flowspan_model::{Measurement, MetricSink, Series, catalog::Instrument};

/// What was measured since a moment of the program's choice: the counters of a session.
///
/// The exported counters of OpenTelemetry and Prometheus are sums since the program began. They
/// never begin anew: whoever reads them would take it for a restart, and what several readers have
/// seen would no longer fit together. Totals stand beside them. They are a [`MetricSink`] that adds
/// up for itself, so that a test or a session can count from zero without touching what is exported.
///
/// # Beginning anew
///
/// [`reset`](Totals::reset) gives what there was and begins at zero in one step, also while others
/// write: each measurement is either in what it gives or in what comes after, never in both and never
/// in neither. Up-down counters and gauges say what *is*, not what has been since: they keep
/// their value.
///
/// ```
/// use std::sync::Arc;
/// use flowspan_metrics::{Recorder, Schema, Totals};
/// use flowspan_model::{Event, EventSink, Field, Kind, Moment};
/// # use opentelemetry::metrics::MeterProvider;
/// # let provider = opentelemetry_sdk::metrics::SdkMeterProvider::default();
///
/// let totals = Totals::new();
/// let recorder = Recorder::builder(&Schema::default())
///     .metric_sink("totals", Arc::new(totals.clone()))
///     .build(&provider.meter("flowspan"));
/// recorder.event(&Event::new(Moment::Ended, Kind::Step).with(Field::Status, "success"));
///
/// assert_eq!(totals.snapshot().sum("flowspan.step.executions"), 1.0);
/// assert_eq!(totals.reset().sum("flowspan.step.executions"), 1.0);
/// assert_eq!(totals.snapshot().sum("flowspan.step.executions"), 0.0);
/// ```
///
/// Clones are the same totals.
#[derive(Clone, Default)]
pub struct Totals {
    /// By the address of the series, which the entry keeps alive. Who writes to one entry shares the
    /// lock with all others; who begins anew has it alone.
    entries: Arc<RwLock<HashMap<usize, Entry>>>,
}

struct Entry {
    series: Arc<Series>,
    total: Mutex<Total>,
}

#[derive(Clone, Copy, Default)]
struct Total {
    count: u64,
    sum: f64,
}

/// What there was at one moment.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    series: Vec<SeriesTotal>,
}

/// What was measured of one series.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SeriesTotal {
    /// The series.
    pub series: Arc<Series>,
    /// How many measurements there were since the last reset.
    pub count: u64,
    /// The sum of a counter or histogram since the last reset; the present value of an up-down
    /// counter or gauge.
    pub value: f64,
}

impl Totals {
    /// Totals that begin at zero.
    pub fn new() -> Self {
        Totals::default()
    }

    /// What was measured since the last reset, in the order of names and labels. Series of which
    /// nothing was measured since are left out, unless they say what is.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.each(|_, total| *total)
    }

    /// Gives what was measured since the last reset, and begins anew.
    pub fn reset(&self) -> Snapshot {
        self.each(|series, total| {
            let sum = if is_level(series) { total.sum } else { 0.0 };
            mem::replace(total, Total { count: 0, sum })
        })
    }

    fn each(&self, mut take: impl FnMut(&Series, &mut Total) -> Total) -> Snapshot {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        let mut series: Vec<SeriesTotal> = entries
            .values_mut()
            .map(|Entry { series, total }| {
                let total = total.get_mut().unwrap_or_else(PoisonError::into_inner);
                let Total { count, sum } = take(series, total);
                SeriesTotal { series: Arc::clone(series), count, value: sum }
            })
            .filter(|total| total.count > 0 || is_level(&total.series))
            .collect();
        drop(entries);
        series.sort_by(|a, b| {
            let (a, b) = (&a.series, &b.series);
            a.name().cmp(b.name()).then_with(|| a.labels().cmp(b.labels()))
        });
        Snapshot { series }
    }
}

impl MetricSink for Totals {
    fn measurement(&self, measurement: &Measurement) {
        let address = Arc::as_ptr(measurement.series()) as usize;
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = entries.get(&address) {
            return entry.add(measurement);
        }
        drop(entries);
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        let fresh = || Entry { series: Arc::clone(measurement.series()), total: Mutex::default() };
        entries.entry(address).or_insert_with(fresh).add(measurement);
    }
}

impl Entry {
    fn add(&self, measurement: &Measurement) {
        let mut total = self.total.lock().unwrap_or_else(PoisonError::into_inner);
        total.count += 1;
        match measurement.instrument() {
            Instrument::Gauge => total.sum = measurement.value(),
            _ => total.sum += measurement.value(),
        }
    }
}

/// Whether a series says what is, rather than what has been.
fn is_level(series: &Series) -> bool {
    matches!(series.instrument(), Instrument::UpDownCounter | Instrument::Gauge)
}

impl Snapshot {
    /// The series, in the order of their names and labels.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &SeriesTotal> {
        self.series.iter()
    }

    /// The value of a metric, all its series together. For a gauge this says little.
    #[must_use]
    pub fn sum(&self, name: &str) -> f64 {
        self.of(name).map(|total| total.value).sum()
    }

    /// How many measurements a metric got, all its series together.
    #[must_use]
    pub fn count(&self, name: &str) -> u64 {
        self.of(name).map(|total| total.count).sum()
    }

    /// The series of one metric.
    pub fn of<'snapshot>(&'snapshot self, name: &str) -> impl Iterator<Item = &'snapshot SeriesTotal> {
        self.series.iter().filter(move |total| total.series.name() == name)
    }
}

impl fmt::Debug for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        f.debug_struct("Totals").field("series", &entries.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    fn series(name: &str, instrument: Instrument) -> Arc<Series> {
        Arc::new(Series::new(name, instrument, "", []))
    }

    #[test]
    fn each_measurement_is_in_one_session_and_only_in_one() {
        const THREADS: u64 = 4;
        const EACH: u64 = 20_000;
        let totals = Totals::new();
        let sums: Vec<_> = (0..3).map(|n| series(&format!("sum.{n}"), Instrument::Counter)).collect();
        let mut seen = 0.0;
        thread::scope(|scope| {
            let writers: Vec<_> = (0..THREADS)
                .map(|_| {
                    scope.spawn(|| {
                        for n in 0..EACH {
                            let series = &sums[usize::try_from(n % 3).expect("it is small")];
                            totals.measurement(&Measurement::new(Arc::clone(series), 1.0));
                        }
                    })
                })
                .collect();
            while writers.iter().any(|writer| !writer.is_finished()) {
                seen += totals.reset().iter().map(|total| total.value).sum::<f64>();
            }
        });
        seen += totals.reset().iter().map(|total| total.value).sum::<f64>();
        assert_eq!(seen, (THREADS * EACH) as f64);
        assert_eq!(totals.snapshot().iter().len(), 0);
    }

    #[test]
    fn what_is_stays_what_it_is() {
        let totals = Totals::new();
        let (running, depth) =
            (series("running", Instrument::UpDownCounter), series("depth", Instrument::Gauge));
        let add =
            |series: &Arc<Series>, value| totals.measurement(&Measurement::new(Arc::clone(series), value));
        add(&running, 1.0);
        add(&running, 1.0);
        add(&depth, 7.0);
        add(&depth, 3.0);
        totals.reset();
        add(&running, -1.0);
        let snapshot = totals.snapshot();
        assert_eq!((snapshot.sum("running"), snapshot.count("running")), (1.0, 1));
        assert_eq!((snapshot.sum("depth"), snapshot.count("depth")), (3.0, 0));
    }
}
