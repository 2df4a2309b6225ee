//! From an event's labels to the bound instruments, in one look-up.

use std::{
    borrow::Cow,
    hash::{BuildHasher, Hash, Hasher},
    sync::{Arc, OnceLock, PoisonError, RwLock},
};

use flowspan_model::{
    Event, Kind, Moment, Value,
    catalog::{Label, Metric, Source},
};
use foldhash::fast::RandomState;
use hashbrown::HashTable;
use opentelemetry::KeyValue;

use crate::{
    instruments::{Bound, Unbound},
    limits::LabelLimit,
    recent,
};

/// The most labels that the metrics fed by one kind of event have together. It only sizes an array
/// on the stack; a trigger with more refuses to be built.
const MAX_LABELS: usize = 12;

/// The label values of one event, in the order of its trigger's labels.
type Key<'event> = [Option<Cow<'event, str>>; MAX_LABELS];

/// Everything that events of one moment and kind feed.
///
/// The labels of all those metrics together form the key, so that one look-up finds the series of
/// every one of them.
#[derive(Debug)]
pub(crate) struct Trigger {
    labels: Vec<(&'static Label, LabelLimit)>,
    feeds: Vec<Feed>,
    /// Its own among all triggers of the process.
    number: usize,
    hasher: RandomState,
    series: RwLock<HashTable<Arc<Series>>>,
}

/// One metric that is fed, with the positions of its labels in the trigger's key.
#[derive(Debug)]
struct Feed {
    source: &'static Source,
    instrument: Arc<Unbound>,
    labels: Vec<LabelSource>,
}

/// Where a metric's label gets its value.
#[derive(Debug)]
enum LabelSource {
    Key { name: &'static str, position: usize },
    Fixed { name: &'static str, value: &'static str },
}

/// The bound instruments behind one key, in the order of the trigger's feeds.
///
/// Each is bound when it is first added to: the SDK exports a series from the moment of its
/// binding, and a zero that nobody counted would be a claim that nobody made.
#[derive(Debug)]
pub(crate) struct Series {
    key: Box<[Option<Box<str>>]>,
    bound: Box<[OnceLock<Bound>]>,
}

impl Trigger {
    /// What events of this moment and kind feed, or `None` if that is nothing.
    pub(crate) fn new(
        moment: Moment,
        kind: Kind,
        metrics: &[(&'static Metric, Arc<Unbound>)],
    ) -> Option<Self> {
        let mut trigger = Trigger {
            labels: Vec::new(),
            feeds: Vec::new(),
            number: recent::number(),
            hasher: RandomState::default(),
            series: RwLock::default(),
        };
        for (metric, instrument) in metrics {
            for source in
                metric.sources.iter().filter(|source| source.moment == moment && source.kind == kind)
            {
                let labels = metric.labels.iter().map(|label| trigger.label_source(label, source)).collect();
                trigger.feeds.push(Feed { source, instrument: Arc::clone(instrument), labels });
            }
        }
        assert!(
            trigger.labels.len() <= MAX_LABELS,
            "the catalog gives {kind:?} more than {MAX_LABELS} labels"
        );
        (!trigger.feeds.is_empty()).then_some(trigger)
    }

    fn label_source(&mut self, label: &'static Label, source: &Source) -> LabelSource {
        if let Some((name, value)) = source.fixed.filter(|(name, _)| *name == label.name) {
            return LabelSource::Fixed { name, value };
        }
        let same = |known: &Label| known.name == label.name && known.from == label.from;
        let position = self.labels.iter().position(|(known, _)| same(known)).unwrap_or_else(|| {
            self.labels.push((label, LabelLimit::new(label.limit)));
            self.labels.len() - 1
        });
        LabelSource::Key { name: label.name, position }
    }

    /// Adds what an event says to every metric that it feeds. Gives the number of amounts that no
    /// instrument could take.
    pub(crate) fn measure(&self, event: &Event) -> u64 {
        recent::with(self.number, |recent| {
            let series = match recent {
                Some(series) if self.speaks_of(event, series) => series,
                slot => slot.insert(self.find(event)),
            };
            self.add(event, series)
        })
        .unwrap_or_else(|| self.add(event, &self.find(event)))
    }

    /// Whether this is the series of an event, by its labels.
    fn speaks_of(&self, event: &Event, series: &Series) -> bool {
        self.labels.iter().zip(&series.key).all(|((label, _), known)| match (known, label.value(event)) {
            (Some(known), Some(Value::Text(text))) => **known == **text,
            (Some(known), Some(value)) => **known == *value.to_label(),
            (known, value) => known.is_none() && value.is_none(),
        })
    }

    fn find(&self, event: &Event) -> Arc<Series> {
        let key: Key<'_> = std::array::from_fn(|position| {
            self.labels.get(position).and_then(|(label, _)| label.value(event)).map(|value| value.to_label())
        });
        self.known(&key).unwrap_or_else(|| self.admit(&key))
    }

    fn add(&self, event: &Event, series: &Series) -> u64 {
        let mut refused = 0;
        for (feed, bound) in self.feeds.iter().zip(&series.bound) {
            if let Some(amount) = feed.source.amount_of(event)
                && !bound.get_or_init(|| feed.bind(&series.key)).add(amount)
            {
                refused += 1;
            }
        }
        refused
    }

    /// How many label values have become `other`.
    pub(crate) fn collapsed(&self) -> u64 {
        self.labels.iter().map(|(_, limit)| limit.collapsed()).sum()
    }

    fn known(&self, key: &Key<'_>) -> Option<Arc<Series>> {
        let series = self.series.read().unwrap_or_else(PoisonError::into_inner);
        series.find(self.hash(key), |series| series.is_behind(key)).cloned()
    }

    /// Makes a series for a key that has not been seen, within the limits of its labels. A key that
    /// exceeds them is not remembered itself: only what it collapses to is.
    #[cold]
    fn admit(&self, key: &Key<'_>) -> Arc<Series> {
        let mut admitted: Key<'_> = std::array::from_fn(|_| None);
        for ((slot, value), (_, limit)) in admitted.iter_mut().zip(key).zip(&self.labels) {
            *slot = value.as_deref().map(|value| Cow::Borrowed(limit.admit(value)));
        }
        let mut series = self.series.write().unwrap_or_else(PoisonError::into_inner);
        let hash = self.hash(&admitted);
        if let Some(known) = series.find(hash, |series| series.is_behind(&admitted)) {
            return Arc::clone(known);
        }
        let added = Arc::new(Series {
            key: admitted[..self.labels.len()].iter().map(|value| value.as_deref().map(Into::into)).collect(),
            bound: self.feeds.iter().map(|_| OnceLock::new()).collect(),
        });
        series.insert_unique(hash, Arc::clone(&added), |series| {
            self.hash_parts(series.key.iter().map(Option::as_deref))
        });
        added
    }

    fn hash(&self, key: &Key<'_>) -> u64 {
        self.hash_parts(key[..self.labels.len()].iter().map(Option::as_deref))
    }

    fn hash_parts<'part>(&self, parts: impl Iterator<Item = Option<&'part str>>) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        parts.for_each(|part| part.hash(&mut hasher));
        hasher.finish()
    }
}

impl Series {
    fn is_behind(&self, key: &Key<'_>) -> bool {
        self.key.iter().zip(key).all(|(known, value)| known.as_deref() == value.as_deref())
    }
}

impl Feed {
    fn bind(&self, key: &[Option<Box<str>>]) -> Bound {
        let labels: Vec<KeyValue> = self
            .labels
            .iter()
            .filter_map(|label| match label {
                LabelSource::Key { name, position } => {
                    key[*position].as_deref().map(|value| KeyValue::new(*name, value.to_owned()))
                }
                LabelSource::Fixed { name, value } => Some(KeyValue::new(*name, *value)),
            })
            .collect();
        self.instrument.bind(&labels)
    }
}
