//! Every metric of flowspan, once.
//!
//! A metric is a row: its name, unit, labels and buckets, and the [`Source`]s that feed it. The
//! instruments, the Prometheus names, the documentation and the dashboards follow from the rows;
//! no other place knows a metric's name.

mod labels;
mod metrics;

use crate::{Event, Field, Kind, Moment};

pub use metrics::METRICS;

/// What an instrument does with the numbers that it gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instrument {
    /// A sum of whole numbers that only grows.
    Counter,
    /// A sum of whole numbers that goes up and down, such as what is running now.
    UpDownCounter,
    /// A distribution of numbers, in buckets.
    Histogram,
}

/// Whether a metric lives under the user's namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming {
    /// `{namespace}.{name}`, for example `flowspan.step.duration`.
    Namespaced,
    /// The name of a convention, used as it is.
    Standard,
}

/// One metric.
#[derive(Debug)]
pub struct Metric {
    /// Its name without the namespace, in OpenTelemetry's dotted form.
    pub name: &'static str,
    /// Whether the user's namespace is put before the name.
    pub naming: Naming,
    /// What kind of instrument it is.
    pub instrument: Instrument,
    /// Its unit in UCUM, for example `s` or `{token}`.
    pub unit: &'static str,
    /// What it says, in one sentence.
    pub description: &'static str,
    /// The labels of its series.
    pub labels: &'static [Label],
    /// Upper bounds of the buckets of a histogram; empty for the other instruments.
    pub buckets: &'static [f64],
    /// What feeds it.
    pub sources: &'static [Source],
}

impl Metric {
    /// The metric's full name under this namespace.
    pub fn full_name(&self, namespace: &str) -> String {
        match self.naming {
            Naming::Namespaced if !namespace.is_empty() => format!("{namespace}.{}", self.name),
            _ => self.name.to_owned(),
        }
    }

    /// The largest number of series that the limits of its labels allow, one for `other` included.
    pub fn series_limit(&self) -> usize {
        self.labels.iter().map(|label| label.limit + 1).product()
    }
}

/// One label of a metric.
#[derive(Debug)]
pub struct Label {
    /// Its name on the series.
    pub name: &'static str,
    /// The fields that it is taken from; the first one that is known wins.
    pub from: &'static [Field],
    /// How many different values it may have. Later ones become `other` and are counted.
    pub limit: usize,
}

impl Label {
    /// The value of this label for an event.
    #[inline]
    pub fn value<'event>(&self, event: &'event Event) -> Option<&'event crate::Value> {
        self.from.iter().find_map(|field| event.fields.get(*field))
    }
}

/// One kind of event that feeds a metric.
#[derive(Debug)]
pub struct Source {
    /// The moment of the event.
    pub moment: Moment,
    /// The kind of the event.
    pub kind: Kind,
    /// How much one event adds.
    pub amount: Amount,
    /// A field without which the event does not count here.
    pub requires: Option<Field>,
    /// A label that this source sets to a fixed value.
    pub fixed: Option<(&'static str, &'static str)>,
}

impl Source {
    /// The number that this event adds, or `None` if it does not count here.
    #[inline]
    pub fn amount_of(&self, event: &Event) -> Option<f64> {
        match self.requires {
            Some(field) if event.fields.get(field).is_none() => None,
            _ => self.amount.of(event),
        }
    }
}

/// How much one event adds to a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amount {
    /// One.
    One,
    /// One less.
    MinusOne,
    /// The event's duration in seconds.
    Duration,
    /// The value of a field; nothing if the field is unknown.
    Field(Field),
    /// The value of a field, taken away.
    MinusField(Field),
}

impl Amount {
    /// The number that this event adds, or `None` if it does not know.
    #[inline]
    pub fn of(self, event: &Event) -> Option<f64> {
        match self {
            Amount::One => Some(1.0),
            Amount::MinusOne => Some(-1.0),
            Amount::Duration => event.duration.map(|duration| duration.as_secs_f64()),
            Amount::Field(field) => event.fields.get(field)?.as_number(),
            Amount::MinusField(field) => Some(-event.fields.get(field)?.as_number()?),
        }
    }
}

/// The metrics that an event of this moment and kind feeds.
pub fn fed_by(moment: Moment, kind: Kind) -> impl Iterator<Item = (&'static Metric, &'static Source)> {
    METRICS.iter().flat_map(move |metric| {
        metric
            .sources
            .iter()
            .filter(move |source| source.moment == moment && source.kind == kind)
            .map(move |source| (metric, source))
    })
}

/// The metric of that name.
pub fn metric(name: &str) -> Option<&'static Metric> {
    METRICS.iter().find(|metric| metric.name == name)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_name_stands_once_and_folds_into_its_own_prometheus_name() {
        let folded: HashSet<String> =
            METRICS.iter().map(|metric| metric.full_name("ns").replace('.', "_")).collect();
        assert_eq!(folded.len(), METRICS.len());
    }

    #[test]
    fn histograms_and_only_they_have_rising_buckets() {
        for metric in METRICS {
            assert_eq!(
                metric.instrument == Instrument::Histogram,
                !metric.buckets.is_empty(),
                "{}",
                metric.name
            );
            assert!(metric.buckets.windows(2).all(|pair| pair[0] < pair[1]), "{}", metric.name);
        }
    }

    #[test]
    fn a_fixed_label_is_a_label_of_its_metric() {
        for metric in METRICS {
            for (name, _) in metric.sources.iter().filter_map(|source| source.fixed) {
                assert!(metric.labels.iter().any(|label| label.name == name), "{}", metric.name);
            }
        }
    }

    #[test]
    fn nothing_that_identifies_a_single_thing_is_a_label() {
        let unbounded = [
            Field::RunId,
            Field::ItemId,
            Field::ToolCallId,
            Field::ResponseId,
            Field::ErrorMessage,
            Field::Reason,
        ];
        for metric in METRICS {
            for label in metric.labels {
                assert!(label.from.iter().all(|field| !unbounded.contains(field)), "{}", metric.name);
                assert!(label.limit > 0);
            }
        }
    }

    #[test]
    fn what_counts_the_running_is_fed_at_both_ends() {
        for metric in METRICS.iter().filter(|metric| metric.name.ends_with("active")) {
            let balance: f64 = metric
                .sources
                .iter()
                .map(|source| source.amount.of(&Event::new(source.moment, source.kind)).unwrap_or(0.0))
                .sum();
            assert_eq!(balance, 0.0, "{}", metric.name);
        }
    }
}
