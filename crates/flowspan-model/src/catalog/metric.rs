//! What a row of the catalog says.

use super::Source;
use crate::{AskedEvent, Field, Semconv};

/// What an instrument does with the numbers that it gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Instrument {
    /// A sum of whole numbers that only grows.
    Counter,
    /// A sum that only grows, of numbers that need not be whole.
    FloatCounter,
    /// A sum of whole numbers that goes up and down, such as what is running now.
    UpDownCounter,
    /// The last number.
    Gauge,
    /// A distribution of numbers, in buckets.
    Histogram,
}

impl Instrument {
    /// Whether it is a sum that only grows.
    pub const fn is_monotonic(self) -> bool {
        matches!(self, Instrument::Counter | Instrument::FloatCounter)
    }
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
#[derive(Clone, Copy, Debug)]
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
    /// What feeds it. Nothing feeds what is read when somebody collects; see
    /// [`is_observed`](Metric::is_observed).
    pub sources: &'static [Source],
    /// The version of flowspan that had it first.
    pub since: &'static str,
    /// The numbers of other systems that it answers: the system's number, then its own name.
    pub answers: &'static [&'static str],
    /// The convention that it comes from, if it is not flowspan's own.
    pub convention: Option<&'static str>,
}

impl Metric {
    /// The metric's full name under this namespace. Also its name for StatsD, which has no units.
    pub fn full_name(&self, namespace: &str) -> String {
        match self.naming {
            Naming::Namespaced if !namespace.is_empty() => format!("{namespace}.{}", self.name),
            _ => self.name.to_owned(),
        }
    }

    /// The name on `/metrics` under this namespace: folded, with its unit, and with `_total` if it is
    /// a counter, by the rules of the OpenTelemetry specification for Prometheus.
    pub fn prometheus_name(&self, namespace: &str) -> String {
        super::prometheus_name(&self.full_name(namespace), self.unit, self.instrument)
    }

    /// The sources that feed it when this generation of the GenAI convention is spoken.
    pub fn sources_of(&self, semconv: Semconv) -> impl Iterator<Item = &'static Source> {
        self.sources
            .iter()
            .filter(move |source| source.generation.is_none_or(|generation| semconv.speaks(generation)))
    }

    /// Whether there is such a metric when this generation of the GenAI convention is spoken.
    pub fn is_spoken(&self, semconv: Semconv) -> bool {
        self.is_observed() || self.sources_of(semconv).next().is_some()
    }

    /// Whether it is read when somebody collects, rather than fed by events.
    pub const fn is_observed(&self) -> bool {
        self.sources.is_empty()
    }

    /// The largest number of series that the limits of its labels allow, one for `other` included.
    pub fn series_limit(&self) -> usize {
        self.labels.iter().map(|label| label.limit + 1).product()
    }
}

/// One label of a metric.
#[derive(Clone, Copy, Debug)]
pub struct Label {
    /// Its name on the series.
    pub name: &'static str,
    /// The fields that it is taken from; the first one that is known wins. Empty if the metric sets
    /// it itself.
    pub from: &'static [Field],
    /// How many different values it may have. Later ones become `other` and are counted.
    pub limit: usize,
}

impl Label {
    /// The value of this label for an event.
    #[inline]
    pub fn value<'event>(&self, event: &AskedEvent<'event>) -> Option<&'event crate::Value> {
        self.from.iter().find_map(|field| event.get(*field))
    }
}
