//! The spans that are open.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::record::Record;
use crate::place::place;

/// Threads that open spans at the same moment rarely meet in one of so many.
const SHARDS: usize = 64;
/// How many spans one of them holds: together a quarter of a million, which take some 200 MB. A program
/// that opens more has lost its way, and shall not lose its memory, too.
const MOST: usize = 4096;

type Shard = HashMap<u64, Arc<Record>, BuildHasherDefault<OfNumber>>;

/// The open spans of an engine, by the numbers of their `tracing` spans.
///
/// The registry offers a place for such data, too, for the price of an allocation, a look-up by type
/// and two locks, each time.
#[derive(Debug)]
pub(super) struct Open(Box<[Mutex<Shard>]>);

impl Open {
    pub(super) fn new() -> Self {
        Open((0..SHARDS).map(|_| Mutex::default()).collect())
    }

    /// Takes a span in, unless too many are open. Says whether it has.
    #[must_use]
    pub(super) fn insert(&self, record: &Arc<Record>) -> bool {
        let mut shard = self.shard(record.id);
        if shard.len() >= MOST {
            return false;
        }
        let before = shard.insert(record.id, Arc::clone(record));
        drop(shard);
        // What a span holds may come back to this place when it is dropped.
        drop(before);
        true
    }

    pub(super) fn find(&self, id: u64) -> Option<Arc<Record>> {
        self.shard(id).get(&id).cloned()
    }

    pub(super) fn remove(&self, id: u64) -> Option<Arc<Record>> {
        self.shard(id).remove(&id)
    }

    fn shard(&self, id: u64) -> MutexGuard<'_, Shard> {
        self.0[place::<SHARDS>(id)].lock().unwrap_or_else(PoisonError::into_inner)
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
