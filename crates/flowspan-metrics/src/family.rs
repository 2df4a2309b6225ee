//! One metric with all its series.

use std::{
    borrow::Cow,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard},
};

use flowspan_model::{Measurement, Series, Value, catalog::Instrument};
use opentelemetry::{Key, KeyValue, StringValue, metrics::Meter};

use crate::{
    instruments::{Bound, Floor, Refused, Unbound, taken},
    labels::{Label, Shown},
    outlets::Outlets,
    schema::{MAX_LABELS, Schema, Shape},
    series::{All, One, Values, Wanted},
    texts::{Kept, TextId, Texts},
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
    unbound: Unbound,
    limit: usize,
    /// Locked before the texts.
    series: RwLock<All>,
    texts: Arc<Texts>,
    outlets: Arc<Outlets>,
}

/// The name and the value of a label.
type Pair = (Arc<str>, Arc<str>);

/// Where one of a metric's label values comes from, for those who look for a series.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Given<'value> {
    /// From an event: the value of a field, and the number of its text if that is known.
    Value(&'value Value, Option<TextId>),
    /// From the program.
    Text(&'value str),
    /// From the catalog, which has only a few.
    Fixed(&'static str),
    /// It is not known.
    Nothing,
}

/// The way from certain label values to their series, with what was lost on it.
#[derive(Clone, Debug)]
pub(crate) struct Way {
    /// None if the metric does not count what has these labels.
    series: Option<Arc<One>>,
    /// The labels whose value had to be bounded, one bit for each.
    collapsed: u32,
}

impl Family {
    pub(crate) fn new(
        shape: &Shape,
        floor: Floor,
        schema: &Schema,
        meter: &Meter,
        texts: &Arc<Texts>,
        outlets: &Arc<Outlets>,
    ) -> Self {
        Family {
            name: Arc::clone(&shape.name),
            unit: shape.unit.as_ref().into(),
            instrument: shape.instrument,
            floor,
            labels: shape.labels.iter().cloned().map(Label::new).collect(),
            constant: schema
                .constant_labels()
                .iter()
                .map(|(name, value)| (name.as_ref().into(), value.as_ref().into()))
                .collect(),
            unbound: Unbound::new(shape, meter),
            limit: shape.series_limit,
            series: RwLock::new(All::new(shape.labels.len())),
            texts: Arc::clone(texts),
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
    pub(crate) fn find<'value>(&'value self, values: impl Iterator<Item = Given<'value>> + Clone) -> Way {
        self.find_whole(values.clone()).unwrap_or_else(|| self.find_any(values))
    }

    /// The way to a series whose labels show the values as they are. All values of a series that is
    /// there have been admitted, so nobody needs to be asked.
    fn find_whole<'value>(&self, given: impl Iterator<Item = Given<'value>>) -> Option<Way> {
        let texts = self.texts.read();
        let mut values: Values = [None; MAX_LABELS];
        for ((value, label), given) in values.iter_mut().zip(&self.labels).zip(given) {
            *value = match given {
                Given::Nothing => continue,
                _ if !label.is_plain() => return None,
                Given::Value(_, Some(id)) => Some(id),
                Given::Value(value, None) => Some(texts.find(&value.to_label())?),
                Given::Text(text) | Given::Fixed(text) => Some(texts.find(text)?),
            };
        }
        drop(texts);
        let series = self.series();
        Some(Way { series: Some(Arc::clone(series.get(&values)?)), collapsed: 0 })
    }

    /// The way to a series whatever becomes of the values.
    ///
    /// What is known already is found under shared locks, and so is what would be too much: a program
    /// that makes a new name each time holds nobody up.
    #[cold]
    fn find_any<'value>(&'value self, values: impl Iterator<Item = Given<'value>>) -> Way {
        let mut shown = [const { Shown::Missing }; MAX_LABELS];
        let mut fixed = 0_u32;
        // The program's own functions may be asked here, so nothing is locked.
        for (position, (label, given)) in self.labels.iter().zip(values).enumerate() {
            shown[position] = match given {
                Given::Value(value, _) => label.show(value.to_label()),
                Given::Text(text) => label.show(Cow::Borrowed(text)),
                Given::Fixed(text) => {
                    fixed |= 1 << position;
                    label.show(Cow::Borrowed(text))
                }
                Given::Nothing => continue,
            };
        }
        let shown = &shown[..self.labels.len()];
        if shown.contains(&Shown::Omitted) {
            return Way { series: None, collapsed: 0 };
        }
        let known = {
            let (series, texts) = (self.series(), self.texts.read());
            let wanted = series.wanted(&self.labels, shown, fixed, &texts);
            wanted.ok().and_then(|wanted| self.known(&series, &wanted))
        };
        known.unwrap_or_else(|| self.new_one(shown, fixed))
    }

    /// The way to what is wanted, if it goes to a series that is there.
    fn known(&self, series: &All, wanted: &Wanted) -> Option<Way> {
        let way = |one: &Arc<One>, collapsed| Way { series: Some(Arc::clone(one)), collapsed };
        match series.get(&wanted.values) {
            Some(one) => Some(way(one, wanted.collapsed)),
            None if series.len() < self.limit => None,
            None => Some(way(series.get(&wanted.few)?, self.all_labels())),
        }
    }

    #[cold]
    fn new_one(&self, shown: &[Shown<'_>], fixed: u32) -> Way {
        let mut series = self.series.write().unwrap_or_else(PoisonError::into_inner);
        let mut texts = self.texts.write();
        let wanted = series.learn(&self.labels, shown, fixed, &mut texts);
        // Another thread may have been quicker.
        if let Some(way) = self.known(&series, &wanted) {
            return way;
        }
        // The fixed values are few, so there is no need for a limit of what has no others.
        let (values, collapsed) = match series.len() < self.limit {
            true => (&wanted.values, wanted.collapsed),
            false => (&wanted.few, self.all_labels()),
        };
        let identity = self.outlets.has_metric_sinks().then(|| self.identity(values, &texts));
        Way { series: series.add(values, identity).cloned(), collapsed }
    }

    fn all_labels(&self) -> u32 {
        (0..self.labels.len()).fold(0, |all, position| all | 1 << position)
    }

    /// Adds to the series at the end of a way, and tells the sinks.
    #[inline]
    pub(crate) fn add(&self, way: &Way, amount: f64) {
        // What is running goes on to be followed, or it would never come back to zero.
        if !self.outlets.is_recording() && self.instrument != Instrument::UpDownCounter {
            return;
        }
        let Some(one) = &way.series else { return };
        let value = match taken(self.instrument, self.floor, &one.level, amount) {
            Ok(value) => value,
            Err(refused) => {
                self.outlets.refuse(refused);
                match refused {
                    Refused::Unmatched { taken } if taken < 0.0 => taken,
                    // Nothing is taken, and the series is there all the same: that it is zero is true.
                    // Sinks, which are told of changes, are told nothing.
                    Refused::Unmatched { .. } if one.bound().is_none() => {
                        return self.unbound.add(0.0, &self.key_values(one));
                    }
                    _ => return,
                }
            }
        };
        match one.bound() {
            Some(bound) => bound.add(value),
            None => self.add_unbound(one, value),
        }
        if let Some(identity) = &one.identity {
            self.outlets.measurement(&Measurement::new(Arc::clone(identity), value));
        }
        if way.collapsed != 0 {
            self.count_collapsed(way.collapsed);
        }
    }

    /// The same so many times. What does not change from one to the next is asked once: a stream of tokens brings
    /// thousands of equal times.
    pub(crate) fn add_repeated(&self, way: &Way, amount: f64, times: u64) {
        for done in 0..times {
            if let Some((bound, value)) = self.unheard(way, amount) {
                return (done..times).for_each(|_| bound.add(value));
            }
            self.add(way, amount);
        }
    }

    /// The series at the end of a way and what it takes of an amount, if nobody but the instrument is told.
    fn unheard<'way>(&self, way: &'way Way, amount: f64) -> Option<(&'way Bound, f64)> {
        let one = way.series.as_ref().filter(|one| one.identity.is_none() && way.collapsed == 0)?;
        // What goes up and down is followed one by one.
        let is_quiet = self.instrument != Instrument::UpDownCounter && self.outlets.is_recording();
        let bound = one.bound().filter(|_| is_quiet)?;
        Some((bound, taken(self.instrument, self.floor, &one.level, amount).ok()?))
    }

    /// Adds to a series that has not been measured often.
    #[cold]
    fn add_unbound(&self, one: &One, value: f64) {
        let labels = self.key_values(one);
        if one.is_worth_binding() {
            one.bind(|| self.unbound.bind(&labels)).add(value);
        } else {
            self.unbound.add(value, &labels);
        }
    }

    /// Counts an amount that is no number.
    pub(crate) fn refuse(&self) {
        if self.outlets.is_recording() {
            self.outlets.refuse(Refused::Senseless);
        }
    }

    fn identity(&self, values: &Values, texts: &Kept) -> Arc<Series> {
        let pairs = self.labels.iter().zip(values).filter_map(|(label, value)| {
            value.map(|id| (Arc::clone(label.name()), Arc::clone(texts.text(id))))
        });
        let pairs = self.constant.iter().cloned().chain(pairs);
        Arc::new(Series::new(Arc::clone(&self.name), self.instrument, Arc::clone(&self.unit), pairs))
    }

    /// The labels of a series for the SDK, which shares the texts, in the order of their names, so that
    /// the SDK keeps one copy of the list. What is a whole number stays one, unless it became `other`.
    fn key_values(&self, one: &One) -> Vec<KeyValue> {
        let (series, texts) = (self.series(), self.texts.read());
        let text = |(name, value): &Pair| KeyValue::new(Key::from(Arc::clone(name)), string(value));
        let mut pairs: Vec<KeyValue> = self.constant.iter().map(text).collect();
        pairs.extend(self.labels.iter().zip(series.values_of(one)).filter_map(|(label, value)| {
            let value = texts.text((*value)?);
            let number =
                if label.is_integer() { value.parse().ok().map(opentelemetry::Value::I64) } else { None };
            let name = Key::from(Arc::clone(label.name()));
            Some(KeyValue::new(name, number.unwrap_or_else(|| string(value))))
        }));
        pairs.sort_unstable_by(|one, other| one.key.cmp(&other.key));
        pairs
    }

    fn series(&self) -> RwLockReadGuard<'_, All> {
        self.series.read().unwrap_or_else(PoisonError::into_inner)
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

fn string(text: &Arc<str>) -> opentelemetry::Value {
    opentelemetry::Value::String(StringValue::from(Arc::clone(text)))
}
