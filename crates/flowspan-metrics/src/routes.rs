//! From label values, as they come, to the series that they belong to.

use std::{
    borrow::Cow,
    hash::{BuildHasher, Hash, Hasher},
    sync::{Arc, OnceLock, PoisonError, RwLock},
};

use flowspan_model::{Text, Value};
use foldhash::fast::RandomState;
use hashbrown::HashTable;

use crate::{family::Way, labels::bounded_key};

/// How many routes are remembered. Beyond that all are forgotten and it begins anew: the series
/// stand behind the metrics and lose nothing.
const MAX_ROUTES: usize = 10_000;

/// One label value of a key, which is never very long.
#[derive(Clone, Debug)]
pub(crate) enum Part<'value> {
    /// A text that the route can share: to compare it with itself costs next to nothing.
    Shared(&'value Text),
    /// Any other text.
    Text(Cow<'value, str>),
}

impl<'value> Part<'value> {
    pub(crate) fn of_value(value: &'value Value) -> Self {
        match value {
            Value::Text(text) if bounded_key(text).len() == text.len() => Part::Shared(text),
            Value::Text(text) => Part::of_text(text),
            value => Part::Text(Cow::Owned(bounded_key(&value.to_label()).to_owned())),
        }
    }

    pub(crate) fn of_text(text: &'value str) -> Self {
        Part::Text(Cow::Borrowed(bounded_key(text)))
    }

    fn as_str(&self) -> &str {
        match self {
            Part::Shared(text) => text,
            Part::Text(text) => text,
        }
    }

    fn to_text(&self) -> Text {
        match self {
            Part::Shared(text) => (*text).clone(),
            Part::Text(text) => Text::from(&**text),
        }
    }
}

/// The routes that have been gone.
#[derive(Debug, Default)]
pub(crate) struct Routes {
    hasher: RandomState,
    table: RwLock<HashTable<Arc<Route>>>,
}

/// The ways from one key to its series, one for each metric that is fed.
///
/// Each is looked for when it is first needed: the SDK exports a series from the moment of its
/// binding, and a zero that nobody counted would be a claim that nobody made.
#[derive(Debug)]
pub(crate) struct Route {
    key: Box<[Option<Text>]>,
    ways: Box<[OnceLock<Way>]>,
}

impl Routes {
    /// The route of a key, with so many ways. Costs a hash and a shared lock, and allocates only for
    /// a key that is new.
    pub(crate) fn find(&self, key: &[Option<Part<'_>>], ways: usize) -> Arc<Route> {
        let hash = self.hash(key.iter().map(|part| part.as_ref().map(Part::as_str)));
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
        let known = table.find(hash, |route| route.is_behind(key)).cloned();
        drop(table);
        known.unwrap_or_else(|| self.remember(hash, key, ways))
    }

    #[cold]
    fn remember(&self, hash: u64, key: &[Option<Part<'_>>], ways: usize) -> Arc<Route> {
        let added = Arc::new(Route {
            key: key.iter().map(|part| part.as_ref().map(Part::to_text)).collect(),
            ways: (0..ways).map(|_| OnceLock::new()).collect(),
        });
        let mut table = self.table.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = table.find(hash, |route| route.is_behind(key)) {
            return Arc::clone(known);
        }
        if table.len() >= MAX_ROUTES {
            table.clear();
        }
        table.insert_unique(hash, Arc::clone(&added), |route| {
            self.hash(route.key.iter().map(Option::as_deref))
        });
        added
    }

    fn hash<'part>(&self, parts: impl Iterator<Item = Option<&'part str>>) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        parts.for_each(|part| part.hash(&mut hasher));
        hasher.finish()
    }
}

impl Route {
    /// The label values, in the order of the key.
    #[inline]
    pub(crate) fn key(&self) -> &[Option<Text>] {
        &self.key
    }

    /// One of its ways, found when it is first asked for.
    #[inline]
    pub(crate) fn way(&self, index: usize, find: impl FnOnce() -> Way) -> &Way {
        let way = &self.ways[index];
        match way.get() {
            Some(way) => way,
            None => {
                // Found outside the lock: the program's own functions may be asked on the way.
                let found = find();
                way.get_or_init(|| found)
            }
        }
    }

    /// Whether these are the label values, as they came.
    #[inline]
    pub(crate) fn is_of(&self, values: &[Option<&Value>]) -> bool {
        self.key.iter().zip(values).all(|(known, value)| match (known, value) {
            (Some(known), Some(Value::Text(text))) => known == text,
            (Some(known), Some(value)) => **known == *value.to_label(),
            (known, value) => known.is_none() && value.is_none(),
        })
    }

    fn is_behind(&self, key: &[Option<Part<'_>>]) -> bool {
        self.key.iter().map(Option::as_deref).eq(key.iter().map(|part| part.as_ref().map(Part::as_str)))
    }
}
