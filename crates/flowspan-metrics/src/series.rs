//! All series of one metric, found by the values of their labels.

use std::{
    convert::Infallible,
    hash::{BuildHasher, Hasher},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicI64, AtomicU32, Ordering},
    },
};

use flowspan_model::Series;
use foldhash::fast::RandomState;
use hashbrown::HashTable;

use crate::{
    instruments::Bound,
    labels::{Label, Shown},
    schema::MAX_LABELS,
    texts::{Kept, TextId},
};

/// After so many measurements a series is bound.
///
/// What the SDK keeps for that is 160 bytes for a counter and 320 for a histogram if there are two
/// readers: more than flowspan keeps of a series. Of the thousands that a metric may have, most are
/// measured a few times, and then never again.
const OFTEN: u32 = 8;

/// The values of a series' labels, in the order of the metric's labels; `None` where it lacks one.
pub(crate) type Values = [Option<TextId>; MAX_LABELS];

/// One series.
#[derive(Debug)]
pub(crate) struct One {
    /// What the sinks know it by; `None` if there are no sinks.
    pub(crate) identity: Option<Arc<Series>>,
    /// The level of an up-down counter, which says whether there is something to take away.
    pub(crate) level: AtomicI64,
    position: u32,
    measurements: AtomicU32,
    bound: OnceLock<Bound>,
}

/// The series of a metric, and the values that its labels have had so far.
///
/// Texts are numbers here, and the values of all series stand in one list: what a series needs is a few
/// bytes for each label.
#[derive(Debug)]
pub(crate) struct All {
    hasher: RandomState,
    /// The values that each label has had.
    known: Box<[HashTable<TextId>]>,
    /// Those of the first series, then those of the second, and so on.
    values: Vec<Option<TextId>>,
    series: Vec<Arc<One>>,
    positions: HashTable<u32>,
}

/// The labels that a series should have, and what it costs.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) values: Values,
    /// In case that there are too many series: what is not from the catalog is `other`.
    pub(crate) few: Values,
    /// The labels whose value had to be bounded, one bit for each.
    pub(crate) collapsed: u32,
}

/// A label would have one more value, and may.
pub(crate) struct News;

impl One {
    #[inline]
    pub(crate) fn bound(&self) -> Option<&Bound> {
        self.bound.get()
    }

    /// Counts a measurement that was not made through the binding. `true` if there have been so many
    /// that the next is worth one.
    pub(crate) fn is_worth_binding(&self) -> bool {
        self.measurements.fetch_add(1, Ordering::Relaxed) + 1 >= OFTEN
    }

    pub(crate) fn bind(&self, bind: impl FnOnce() -> Bound) -> &Bound {
        self.bound.get_or_init(bind)
    }
}

impl All {
    /// No series of a metric with so many labels.
    pub(crate) fn new(labels: usize) -> Self {
        All {
            hasher: RandomState::default(),
            known: (0..labels).map(|_| HashTable::new()).collect(),
            values: Vec::new(),
            series: Vec::new(),
            positions: HashTable::new(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.series.len()
    }

    /// The series of these values.
    pub(crate) fn get(&self, values: &Values) -> Option<&Arc<One>> {
        let values = &values[..self.known.len()];
        let position = self
            .positions
            .find(hash(&self.hasher, values), |position| self.values_at(*position) == values)?;
        self.series.get(*position as usize)
    }

    /// Adds the series of these values, which was not there. `None` if there are too many to count.
    pub(crate) fn add(&mut self, values: &Values, identity: Option<Arc<Series>>) -> Option<&Arc<One>> {
        let labels = self.known.len();
        let position = u32::try_from(self.series.len()).ok()?;
        let one = One {
            identity,
            level: AtomicI64::new(0),
            position,
            measurements: AtomicU32::new(0),
            bound: OnceLock::new(),
        };
        self.values.extend_from_slice(&values[..labels]);
        self.series.push(Arc::new(one));
        let All { hasher, values: all, positions, .. } = self;
        let at = |position: u32| &all[position as usize * labels..][..labels];
        positions.insert_unique(hash(hasher, at(position)), position, |known| hash(hasher, at(*known)));
        self.series.last()
    }

    /// The values of a series of this metric.
    pub(crate) fn values_of(&self, one: &One) -> &[Option<TextId>] {
        self.values_at(one.position)
    }

    /// The labels that a series should have which shows these values, if all of them are known or can
    /// be none of the label's own.
    pub(crate) fn wanted(
        &self,
        labels: &[Label],
        shown: &[Shown<'_>],
        fixed: u32,
        texts: &Kept,
    ) -> Result<Wanted, News> {
        wanted(shown, fixed, |position, text| match texts.find(text).filter(|id| self.knows(position, *id)) {
            None if self.known[position].len() < labels[position].limit() => Err(News),
            known => Ok(known),
        })
    }

    /// The same, and from now on the labels know their values, unless they have too many.
    pub(crate) fn learn(
        &mut self,
        labels: &[Label],
        shown: &[Shown<'_>],
        fixed: u32,
        texts: &mut Kept,
    ) -> Wanted {
        let Ok(wanted) = wanted::<Infallible>(shown, fixed, |position, text| {
            let has_room = self.known[position].len() < labels[position].limit();
            let id = if has_room { texts.keep(text) } else { texts.find(text) };
            Ok(id.filter(|id| self.knows(position, *id) || has_room && self.learn_one(position, *id)))
        });
        wanted
    }

    fn learn_one(&mut self, position: usize, id: TextId) -> bool {
        let All { hasher, known, .. } = self;
        known[position].insert_unique(hasher.hash_one(id), id, |id| hasher.hash_one(id));
        true
    }

    fn knows(&self, position: usize, id: TextId) -> bool {
        self.known[position].find(self.hasher.hash_one(id), |known| *known == id).is_some()
    }

    fn values_at(&self, position: u32) -> &[Option<TextId>] {
        let labels = self.known.len();
        &self.values[position as usize * labels..][..labels]
    }
}

fn hash(hasher: &RandomState, values: &[Option<TextId>]) -> u64 {
    let mut hasher = hasher.build_hasher();
    values.iter().for_each(|value| hasher.write_u32(value.map_or(0, TextId::number)));
    hasher.finish()
}

/// The labels of a series by what is shown, where `admit` says as what a label takes a text: as none of
/// its own if there are too many.
fn wanted<E>(
    shown: &[Shown<'_>],
    fixed: u32,
    mut admit: impl FnMut(usize, &str) -> Result<Option<TextId>, E>,
) -> Result<Wanted, E> {
    let mut wanted = Wanted { values: [None; MAX_LABELS], few: [None; MAX_LABELS], collapsed: 0 };
    for (position, shown) in shown.iter().enumerate() {
        let (admitted, is_whole) = match shown {
            Shown::Missing | Shown::Omitted => continue,
            Shown::Other { is_wanted } => (None, *is_wanted),
            Shown::Text { text, is_cut } => {
                let admitted = admit(position, text)?;
                (admitted, admitted.is_some() && !is_cut)
            }
        };
        let value = admitted.unwrap_or(TextId::OTHER);
        let is_fixed = fixed & (1 << position) != 0;
        wanted.values[position] = Some(value);
        wanted.few[position] = Some(if is_fixed { value } else { TextId::OTHER });
        wanted.collapsed |= u32::from(!is_whole) << position;
    }
    Ok(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{LabelPolicies, schema::label_shape, texts::Texts};

    #[test]
    fn a_value_beyond_the_limit_becomes_other() {
        let texts = Texts::default();
        let labels = [Label::new(label_shape("m", "l".into(), &LabelPolicies::new().limit("l", 2)))];
        let mut all = All::new(1);
        let mut learned = |value: &'static str| {
            let shown = [labels[0].show(value.into())];
            let wanted = all.learn(&labels, &shown, 0, &mut texts.write());
            let text = wanted.values[0].map(|id| texts.read().text(id).to_string());
            let again = all.wanted(&labels, &shown, 0, &texts.read()).ok().map(|again| again.values);
            assert_eq!(again, Some(wanted.values), "what has been learned is known");
            (text, wanted.collapsed)
        };
        let value = |text: &str, collapsed| (Some(text.to_owned()), collapsed);
        assert_eq!(learned("a"), value("a", 0));
        assert_eq!(learned("b"), value("b", 0));
        assert_eq!(learned("c"), value("other", 1));
        assert_eq!(learned("a"), value("a", 0));
        assert_eq!(learned(""), (None, 0));
        assert_eq!(texts.read().find("c"), None, "what is not admitted is not kept");
    }

    #[test]
    fn every_series_is_found_by_its_values_and_only_by_them() {
        let texts = Texts::default();
        let mut all = All::new(2);
        let id = |n: usize| texts.write().keep(&n.to_string());
        let values = |n: usize| {
            let mut values = [None; MAX_LABELS];
            values[0] = id(n / 10);
            values[1] = if n.is_multiple_of(10) { None } else { id(n % 10) };
            values
        };
        for n in 0..1000 {
            assert!(all.get(&values(n)).is_none());
            all.add(&values(n), None);
        }
        for n in 0..1000 {
            let one = all.get(&values(n)).expect("it was added");
            assert_eq!(all.values_of(one), &values(n)[..2]);
        }
        assert_eq!(all.len(), 1000);
    }
}
