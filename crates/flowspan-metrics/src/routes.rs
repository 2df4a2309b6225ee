//! From label values, as they come, to the series that they belong to.

use std::{
    borrow::Cow,
    hash::{BuildHasher, Hash, Hasher},
    sync::{Arc, OnceLock, PoisonError, RwLock},
};

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use crate::{family::Way, labels::bounded_key};

/// How many routes are remembered. Beyond that all are forgotten and it begins anew: the series
/// stand behind the metrics and lose nothing.
const MAX_ROUTES: usize = 10_000;

/// One label value of a key. Made by [`part`].
pub(crate) type Part<'value> = Option<Cow<'value, str>>;

/// A label value as a part of a key, which is never very long.
pub(crate) fn part(value: Cow<'_, str>) -> Part<'_> {
    Some(match value {
        Cow::Borrowed(text) => Cow::Borrowed(bounded_key(text)),
        Cow::Owned(text) => Cow::Owned(bounded_key(&text).to_owned()),
    })
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
    key: Box<[Option<Box<str>>]>,
    ways: Box<[OnceLock<Way>]>,
}

impl Routes {
    /// The route of a key, with so many ways. Costs a hash and a shared lock, and allocates only for
    /// a key that is new.
    pub(crate) fn find(&self, key: &[Part<'_>], ways: usize) -> Arc<Route> {
        let hash = self.hash(key.iter().map(Option::as_deref));
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
        let known = table.find(hash, |route| route.is_behind(key)).cloned();
        drop(table);
        known.unwrap_or_else(|| self.remember(hash, key, ways))
    }

    #[cold]
    fn remember(&self, hash: u64, key: &[Part<'_>], ways: usize) -> Arc<Route> {
        let added = Arc::new(Route {
            key: key.iter().map(|value| value.as_deref().map(Into::into)).collect(),
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
    pub(crate) fn key(&self) -> &[Option<Box<str>>] {
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

    fn is_behind(&self, key: &[Part<'_>]) -> bool {
        self.key.iter().zip(key).all(|(known, value)| known.as_deref() == value.as_deref())
    }
}
