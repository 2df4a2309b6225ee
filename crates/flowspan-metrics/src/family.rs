//! One metric with all its series.

use std::{
    hash::{BuildHasher, Hash, Hasher},
    sync::{Arc, Mutex, PoisonError},
};

use flowspan_model::{Measurement, OTHER, Series, catalog::Instrument};
use foldhash::fast::RandomState;
use hashbrown::HashTable;
use opentelemetry::{Key, KeyValue, StringValue, Value, metrics::Meter};

use crate::{
    instruments::{Bound, Floor, Refused, Unbound},
    labels::{Admitted, Label},
    outlets::Outlets,
    schema::{Schema, Shape},
};

/// One metric with all its series, whatever feeds it.
///
/// What starts a thing and what ends it find the same series here: whether a value is one too many
/// is decided once for the metric.
#[derive(Debug)]
pub(crate) struct Family {
    name: Arc<str>,
    unit: Arc<str>,
    instrument: Instrument,
    floor: Floor,
    labels: Box<[Label]>,
    constant: Box<[Pair]>,
    /// The labels whose values are whole numbers.
    integers: Box<[Arc<str>]>,
    unbound: Unbound,
    limit: usize,
    hasher: RandomState,
    series: Mutex<HashTable<Arc<Bounded>>>,
    outlets: Arc<Outlets>,
}

/// The name and the value of a label.
type Pair = (Arc<str>, Arc<str>);

/// Where one of a metric's label values comes from, for those who look for a series.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Given<'value> {
    /// From whatever was measured.
    Value(&'value str),
    /// From the catalog, which has only a few.
    Fixed(&'value str),
    /// It is not known.
    Nothing,
}

/// One series, bound.
#[derive(Debug)]
struct Bounded {
    identity: Arc<Series>,
    bound: Bound,
}

/// The way from certain label values to their series, with what was lost on it.
#[derive(Clone, Debug)]
pub(crate) struct Way {
    /// None if the metric does not count what has these labels.
    series: Option<Arc<Bounded>>,
    /// The labels whose value had to be bounded, one bit for each.
    collapsed: u32,
}

impl Family {
    pub(crate) fn new(
        shape: &Shape,
        floor: Floor,
        schema: &Schema,
        meter: &Meter,
        outlets: &Arc<Outlets>,
    ) -> Self {
        let other: Arc<str> = OTHER.into();
        Family {
            name: Arc::clone(&shape.name),
            unit: shape.unit.as_ref().into(),
            instrument: shape.instrument,
            floor,
            labels: shape.labels.iter().map(|label| Label::new(label.clone(), Arc::clone(&other))).collect(),
            constant: schema
                .constant_labels()
                .iter()
                .map(|(name, value)| (name.as_ref().into(), value.as_ref().into()))
                .collect(),
            integers: shape
                .labels
                .iter()
                .filter(|label| label.is_integer())
                .map(|label| Arc::clone(&label.name))
                .collect(),
            unbound: Unbound::new(shape, meter),
            limit: shape.series_limit,
            hasher: RandomState::default(),
            series: Mutex::default(),
            outlets: Arc::clone(outlets),
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn labels(&self) -> &[Label] {
        &self.labels
    }

    /// The way to the series of these values, which come in the order of the labels.
    #[cold]
    pub(crate) fn find<'value>(&self, values: impl Iterator<Item = Given<'value>>) -> Way {
        let mut collapsed = 0_u32;
        let mut pairs: Vec<Pair> = self.constant.to_vec();
        // In case that there are too many series: what is not from the catalog becomes `other`.
        let mut few: Vec<Pair> = self.constant.to_vec();
        for (position, (label, given)) in self.labels.iter().zip(values).enumerate() {
            let (value, is_fixed) = match given {
                Given::Value(value) => (value, false),
                Given::Fixed(value) => (value, true),
                Given::Nothing => continue,
            };
            let admitted = match label.admit(value) {
                Admitted::Omitted => return Way { series: None, collapsed: 0 },
                Admitted::Missing => continue,
                Admitted::Bounded(value) => {
                    collapsed |= 1 << position;
                    value
                }
                Admitted::Value(value) => value,
            };
            few.push((Arc::clone(label.name()), if is_fixed { Arc::clone(&admitted) } else { OTHER.into() }));
            pairs.push((Arc::clone(label.name()), admitted));
        }
        pairs.sort_unstable();
        if let Some(series) = self.known_or_new(pairs, self.limit) {
            return Way { series: Some(series), collapsed };
        }
        few.sort_unstable();
        let all = (0..self.labels.len()).fold(0, |all, position| all | 1 << position);
        // The fixed values are few, so there is no need for a limit.
        Way { series: self.known_or_new(few, usize::MAX), collapsed: all }
    }

    /// The series of these labels, unless it would be one too many.
    fn known_or_new(&self, pairs: Vec<Pair>, limit: usize) -> Option<Arc<Bounded>> {
        let hash = self.hash(texts(&pairs));
        let mut series = self.series.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = series.find(hash, |series| series.identity.labels().eq(texts(&pairs))) {
            return Some(Arc::clone(known));
        }
        if series.len() >= limit {
            return None;
        }
        let labels: Vec<KeyValue> = pairs.iter().map(|pair| self.key_value(pair)).collect();
        let identity = Series::new(Arc::clone(&self.name), self.instrument, Arc::clone(&self.unit), pairs);
        let added = Arc::new(Bounded { identity: Arc::new(identity), bound: self.unbound.bind(&labels) });
        series.insert_unique(hash, Arc::clone(&added), |series| self.hash(series.identity.labels()));
        Some(added)
    }

    fn hash<'text>(&self, pairs: impl Iterator<Item = (&'text str, &'text str)>) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        pairs.for_each(|pair| pair.hash(&mut hasher));
        hasher.finish()
    }

    /// Adds to the series at the end of a way, and tells the sinks.
    #[inline]
    pub(crate) fn add(&self, way: &Way, amount: f64) {
        // What is running goes on to be followed, or it would never come back to zero.
        if !self.outlets.is_recording() && self.instrument != Instrument::UpDownCounter {
            return;
        }
        let Some(series) = &way.series else { return };
        let value = match series.bound.add(amount, self.floor) {
            Ok(value) => value,
            Err(refused) => {
                self.outlets.refuse(refused);
                match refused {
                    Refused::Unmatched { taken } if taken < 0.0 => taken,
                    _ => return,
                }
            }
        };
        if self.outlets.has_metric_sinks() {
            self.outlets.measurement(&Measurement::new(Arc::clone(&series.identity), value));
        }
        if way.collapsed != 0 {
            self.count_collapsed(way.collapsed);
        }
    }

    /// Counts an amount that is no number.
    pub(crate) fn refuse(&self) {
        if self.outlets.is_recording() {
            self.outlets.refuse(Refused::Senseless);
        }
    }

    /// A label for the SDK, which shares the texts. What is a whole number stays one, unless it became
    /// `other`.
    fn key_value(&self, (name, value): &Pair) -> KeyValue {
        let number = self.integers.contains(name).then(|| value.parse().ok()).flatten();
        let value = match number {
            Some(number) => Value::I64(number),
            None => Value::String(StringValue::from(Arc::clone(value))),
        };
        KeyValue::new(Key::from(Arc::clone(name)), value)
    }

    #[cold]
    fn count_collapsed(&self, collapsed: u32) {
        for (position, label) in self.labels.iter().enumerate() {
            if collapsed & (1 << position) != 0 && label.count_collapsed() {
                self.outlets.first_collapse(&self.name, label.name(), label.limit());
            }
        }
    }
}

fn texts(pairs: &[Pair]) -> impl Iterator<Item = (&str, &str)> {
    pairs.iter().map(|(name, value)| (&**name, &**value))
}
