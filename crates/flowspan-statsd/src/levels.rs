//! How high up-down counters stand.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use flowspan_model::Measurement;

use crate::{dialect::Form, lines::Frame};

/// Turns what is added to up-down counters into where they stand.
///
/// It does so before the queue: a measurement that is dropped there makes a gauge late, and not wrong
/// for good.
#[derive(Debug)]
pub(crate) struct Levels {
    form: Form,
    /// By what is on the wire: series that are one there have one level. Those at zero are left out, so
    /// that this does not grow with all that ever was.
    levels: Mutex<HashMap<Frame, f64>>,
}

impl Levels {
    pub(crate) fn new(form: Form) -> Self {
        Levels { form, levels: Mutex::default() }
    }

    /// Adds, and hands on where the counter stands. The next one waits meanwhile, so that the levels
    /// arrive in their order.
    pub(crate) fn add(&self, measurement: &Measurement, hand_on: impl FnOnce(Measurement)) {
        let frame = Frame::new(measurement.series(), &self.form);
        let mut levels = self.levels.lock().unwrap_or_else(PoisonError::into_inner);
        let level = levels.get(&frame).copied().unwrap_or_default() + measurement.value();
        if level == 0.0 {
            levels.remove(&frame);
        } else {
            levels.insert(frame, level);
        }
        hand_on(Measurement::new(Arc::clone(measurement.series()), level));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::{Dialect, DogHistograms, PlainLabels};
    use flowspan_model::{Series, catalog::Instrument};

    const FORM: Form = Form {
        dialect: Dialect::Plain,
        plain_labels: PlainLabels::Drop,
        dog_histograms: DogHistograms::Histogram,
        histogram_rate: 1.0,
    };

    fn active(job: &str) -> Arc<Series> {
        let labels = [("job".into(), job.into())];
        Arc::new(Series::new("jobs.active", Instrument::UpDownCounter, "{job}", labels))
    }

    fn add(levels: &Levels, series: &Arc<Series>, value: f64) -> f64 {
        let mut level = f64::NAN;
        levels.add(&Measurement::new(Arc::clone(series), value), |measurement| level = measurement.value());
        level
    }

    #[test]
    fn series_that_are_one_on_the_wire_have_one_level() {
        let levels = Levels::new(FORM);
        let (nightly, hourly) = (active("nightly"), active("hourly"));
        assert_eq!(add(&levels, &nightly, 2.0), 2.0);
        assert_eq!(add(&levels, &hourly, 3.0), 5.0);
        assert_eq!(add(&levels, &nightly, -2.0), 3.0);

        let apart = Levels::new(Form { dialect: Dialect::DogStatsD, ..FORM });
        assert_eq!(add(&apart, &nightly, 2.0), 2.0);
        assert_eq!(add(&apart, &hourly, 3.0), 3.0);
    }

    #[test]
    fn what_is_back_at_zero_is_not_kept() {
        let levels = Levels::new(Form { dialect: Dialect::Influx, ..FORM });
        for number in 0..100 {
            let series = active(&number.to_string());
            add(&levels, &series, 1.0);
            assert_eq!(add(&levels, &series, -1.0), 0.0);
        }
        assert_eq!(levels.levels.lock().expect("nobody panicked").len(), 0);
    }
}
