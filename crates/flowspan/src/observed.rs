//! Metrics of the catalog that are read when somebody collects.

use flowspan_metrics::Schema;
use flowspan_model::catalog::Metric;
use opentelemetry::{
    KeyValue,
    metrics::{AsyncInstrument, Meter},
};

/// Makes instruments that are read when somebody collects, as the schema names and labels them.
pub(crate) struct Observed<'build> {
    pub(crate) meter: &'build Meter,
    pub(crate) schema: &'build Schema,
}

/// Gives every point the labels that all series have.
pub(crate) struct Points<'collection, T> {
    observer: &'collection dyn AsyncInstrument<T>,
    constant: &'collection [KeyValue],
}

impl<T> Points<'_, T> {
    pub(crate) fn observe(&self, number: T, labels: &[KeyValue]) {
        if self.constant.is_empty() {
            self.observer.observe(number, labels);
        } else {
            self.observer.observe(number, &[labels, self.constant].concat());
        }
    }
}

macro_rules! instruments {
    ($($(#[doc = $doc:literal])+ $name:ident: $number:ty = $builder:ident;)+) => {
        impl Observed<'_> {
            $(
                $(#[doc = $doc])+
                pub(crate) fn $name(
                    &self,
                    metric: &Metric,
                    read: impl Fn(&Points<'_, $number>) + Send + Sync + 'static,
                ) {
                    if !self.schema.has(metric) {
                        return;
                    }
                    let constant = self.constant_labels();
                    self.meter
                        .$builder(self.schema.names().full_name(metric))
                        .with_unit(metric.unit)
                        .with_description(metric.description)
                        .with_callback(move |observer| read(&Points { observer, constant: &constant }))
                        .build();
                }
            )+
        }
    };
}

instruments! {
    /// A sum that only grows.
    counter: u64 = u64_observable_counter;
    /// A number as it is now.
    gauge: u64 = u64_observable_gauge;
    /// A sum that comes and goes.
    up_down_counter: i64 = i64_observable_up_down_counter;
    /// A sum that only grows, of numbers that need not be whole.
    float_counter: f64 = f64_observable_counter;
}

impl Observed<'_> {
    fn constant_labels(&self) -> Vec<KeyValue> {
        let labels = self.schema.constant_labels().iter();
        labels
            .map(|(name, value)| KeyValue::new(name.clone().into_owned(), value.clone().into_owned()))
            .collect()
    }
}
