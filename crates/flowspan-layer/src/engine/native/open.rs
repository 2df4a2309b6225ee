//! The spans that are open.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
    sync::{Arc, PoisonError, RwLock, Weak},
};

use super::record::Shared;
use crate::{
    lock::{Lock, Locked},
    place::place_of_span,
};

/// Threads that open spans at the same moment rarely meet in one of so many, and a program with a hundred
/// open spans rarely has two of them in one.
const SHARDS: usize = 256;
/// How many spans one of them holds: together a quarter of a million, which take some 200 MB. A program
/// that opens more has lost its way, and shall not lose its memory, too.
const MOST: usize = 1024;

/// Spans whose numbers fall into one place: the first of them without a search.
#[derive(Debug, Default)]
struct Shard {
    first: Option<Shared>,
    more: HashMap<u64, Shared, BuildHasherDefault<OfNumber>>,
}

/// The open spans of an engine, by the numbers of their `tracing` spans.
///
/// The registry offers a place for such data, too, for the price of an allocation, a look-up by type
/// and two locks, each time.
#[derive(Debug)]
pub(super) struct Open {
    engine: u64,
    shards: Box<[Lock<Shard>]>,
}

/// Those of each engine, for who knows nothing but numbers.
static OF_ENGINES: RwLock<Vec<(u64, Weak<Open>)>> = RwLock::new(Vec::new());

/// An open span of any engine.
pub(super) fn find_of_engine(engine: u64, id: u64) -> Option<Shared> {
    let engines = OF_ENGINES.read().unwrap_or_else(PoisonError::into_inner);
    let open = engines.iter().find(|(known, _)| *known == engine)?.1.upgrade();
    drop(engines);
    open?.find(id)
}

impl Open {
    pub(super) fn of_engine(engine: u64) -> Arc<Self> {
        let open = Arc::new(Open { engine, shards: (0..SHARDS).map(|_| Lock::default()).collect() });
        let mut engines = OF_ENGINES.write().unwrap_or_else(PoisonError::into_inner);
        engines.push((engine, Arc::downgrade(&open)));
        open
    }

    /// Takes a span in, unless too many are open. Says whether it has.
    #[must_use]
    #[inline]
    pub(super) fn insert(&self, record: &Shared) -> bool {
        let mut shard = self.shard(record.id);
        let Shard { first, more } = &mut *shard;
        let before = match first {
            None => {
                *first = Some(Shared::clone(record));
                if more.is_empty() { None } else { more.remove(&record.id) }
            }
            Some(known) if known.id == record.id => first.replace(Shared::clone(record)),
            Some(_) if more.len() + 1 >= MOST => return false,
            Some(_) => more.insert(record.id, Shared::clone(record)),
        };
        drop(shard);
        // What a span holds may come back to this place when it is dropped.
        drop(before);
        true
    }

    pub(super) fn find(&self, id: u64) -> Option<Shared> {
        let shard = self.shard(id);
        shard.first.as_ref().filter(|first| first.id == id).or_else(|| shard.more.get(&id)).cloned()
    }

    #[inline]
    pub(super) fn remove(&self, id: u64) -> Option<Shared> {
        let mut shard = self.shard(id);
        match shard.first.take_if(|first| first.id == id) {
            Some(first) => Some(first),
            None => shard.more.remove(&id),
        }
    }

    #[inline]
    fn shard(&self, id: u64) -> Locked<'_, Shard> {
        self.shards[place_of_span::<SHARDS>(id)].lock()
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let mut engines = OF_ENGINES.write().unwrap_or_else(PoisonError::into_inner);
        engines.retain(|(engine, _)| *engine != self.engine);
    }
}

/// Hashes the number of a span. The registry chooses them, nobody from outside.
#[derive(Debug, Default)]
struct OfNumber(u64);

impl Hasher for OfNumber {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64((*byte).into()));
    }

    fn write_u64(&mut self, number: u64) {
        // The lower bits choose the place, the upper ones tell the numbers in it apart: both are needed.
        let mixed = (self.0 ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ (mixed >> 32);
    }
}
