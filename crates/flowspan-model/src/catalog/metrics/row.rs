//! How rows are written.

use crate::{
    Field, Generation, Kind, Moment,
    catalog::{Amount, Condition, Instrument, Label, Metric, Naming, Source},
};

/// Seconds that a workflow or phase takes, from one to half an hour (seed 003).
pub(super) const WORKFLOW_SECONDS: &[f64] = &[1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 600.0, 1800.0];
/// Seconds that a step or tool takes (seed 003).
pub(super) const STEP_SECONDS: &[f64] = &[0.1, 1.0, 5.0, 10.0, 30.0, 60.0];
/// Seconds that an agent takes (seed 003).
pub(super) const AGENT_SECONDS: &[f64] = &[1.0, 10.0, 30.0, 60.0, 300.0, 600.0];
/// Seconds that a person takes to answer, from one to a night.
pub(super) const PERSON_SECONDS: &[f64] =
    &[1.0, 10.0, 60.0, 300.0, 600.0, 1800.0, 3600.0, 14_400.0, 43_200.0];
/// Ratings, most of which lie between 0 and 1.
pub(super) const SCORES: &[f64] = &[0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0];

/// A sum of whole numbers that only grows.
pub(super) const fn counter(name: &'static str, unit: &'static str, description: &'static str) -> Metric {
    Metric {
        name,
        naming: Naming::Namespaced,
        instrument: Instrument::Counter,
        unit,
        description,
        labels: &[],
        buckets: &[],
        sources: &[],
        since: "0.1",
        answers: &[],
        convention: None,
    }
}

/// A sum that only grows, of numbers that need not be whole.
pub(super) const fn float_counter(
    name: &'static str,
    unit: &'static str,
    description: &'static str,
) -> Metric {
    Metric { instrument: Instrument::FloatCounter, ..counter(name, unit, description) }
}

/// What is there now: up when it comes, down when it goes.
pub(super) const fn running(name: &'static str, unit: &'static str, description: &'static str) -> Metric {
    Metric { instrument: Instrument::UpDownCounter, ..counter(name, unit, description) }
}

/// The last number that somebody said.
pub(super) const fn gauge(name: &'static str, unit: &'static str, description: &'static str) -> Metric {
    Metric { instrument: Instrument::Gauge, ..counter(name, unit, description) }
}

/// A histogram.
pub(super) const fn histogram(
    name: &'static str,
    unit: &'static str,
    description: &'static str,
    buckets: &'static [f64],
) -> Metric {
    Metric { instrument: Instrument::Histogram, buckets, ..counter(name, unit, description) }
}

/// A histogram of how long something took.
pub(super) const fn seconds(
    name: &'static str,
    description: &'static str,
    buckets: &'static [f64],
) -> Metric {
    histogram(name, "s", description, buckets)
}

impl Metric {
    pub(super) const fn labels(self, labels: &'static [Label]) -> Self {
        Metric { labels, ..self }
    }

    pub(super) const fn fed_by(self, sources: &'static [Source]) -> Self {
        Metric { sources, ..self }
    }

    pub(super) const fn answers(self, answers: &'static [&'static str]) -> Self {
        Metric { answers, ..self }
    }

    /// A metric that stands under this name in a convention.
    pub(super) const fn standard(self, convention: &'static str) -> Self {
        Metric { naming: Naming::Standard, convention: Some(convention), ..self }
    }
}

impl Source {
    /// Only the events for which all of this holds.
    pub(super) const fn only(self, conditions: &'static [Condition]) -> Self {
        Source { conditions, ..self }
    }

    /// Only in this generation of the GenAI convention.
    pub(super) const fn in_generation(self, generation: Generation) -> Self {
        Source { generation: Some(generation), ..self }
    }

    /// With a label that this source alone sets.
    pub(super) const fn fixed(self, label: &'static str, value: &'static str) -> Self {
        Source { fixed: Some((label, value)), ..self }
    }
}

pub(super) const fn source(moment: Moment, kind: Kind, amount: Amount) -> Source {
    Source { moment, kind, amount, conditions: &[], generation: None, fixed: None }
}

pub(super) const fn started(kind: Kind) -> Source {
    source(Moment::Started, kind, Amount::One)
}

pub(super) const fn ended(kind: Kind) -> Source {
    source(Moment::Ended, kind, Amount::One)
}

/// The end of something that was counted when it started.
pub(super) const fn left(kind: Kind) -> Source {
    source(Moment::Ended, kind, Amount::MinusOne)
}

/// How long it took from start to end.
pub(super) const fn lasted(kind: Kind) -> Source {
    source(Moment::Ended, kind, Amount::Duration)
}

/// An end that carries the class of an error.
pub(super) const fn failed(kind: Kind) -> Source {
    ended(kind).only(&[Condition::Known(Field::ErrorType)])
}

pub(super) const fn occurred(kind: Kind) -> Source {
    source(Moment::Occurred, kind, Amount::One)
}

/// An occurrence that can speak of several things at once.
pub(super) const fn counted(kind: Kind) -> Source {
    source(Moment::Occurred, kind, Amount::Count)
}

/// The same, of things that are gone.
pub(super) const fn taken(kind: Kind) -> Source {
    source(Moment::Occurred, kind, Amount::MinusCount)
}

/// A number that an occurrence says.
pub(super) const fn said(kind: Kind, field: Field) -> Source {
    source(Moment::Occurred, kind, Amount::Field(field))
}
