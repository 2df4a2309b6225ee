//! What is remembered for a while, in a bounded memory.

use std::{
    collections::HashMap,
    hash::{BuildHasher, Hash, RandomState},
    sync::{Mutex, PoisonError},
};

/// Threads that end spans at the same moment rarely meet in one of so many.
pub(super) const SHARDS: usize = 16;

/// The values of the keys that came last. Each of sixteen parts remembers `KEPT` of them at least; when there
/// are twice as many, the older half is forgotten.
#[derive(Debug)]
pub(super) struct Lately<K, V, const KEPT: usize> {
    hasher: RandomState,
    shards: [Mutex<Generations<K, V>>; SHARDS],
}

#[derive(Debug)]
struct Generations<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
}

impl<K: Eq + Hash, V: Default, const KEPT: usize> Lately<K, V, KEPT> {
    /// Changes the value of a key, an empty one if it is not remembered.
    pub(super) fn change<T>(&self, key: K, change: impl FnOnce(&mut V) -> T) -> T {
        let mut shard = self.shard(&key).lock().unwrap_or_else(PoisonError::into_inner);
        let earlier = shard.old.remove(&key);
        if shard.young.len() >= KEPT && !shard.young.contains_key(&key) {
            shard.old = std::mem::take(&mut shard.young);
        }
        change(shard.young.entry(key).or_insert_with(|| earlier.unwrap_or_default()))
    }

    /// Takes the value of a key out.
    pub(super) fn take(&self, key: &K) -> Option<V> {
        let mut shard = self.shard(key).lock().unwrap_or_else(PoisonError::into_inner);
        shard.young.remove(key).or_else(|| shard.old.remove(key))
    }

    fn shard(&self, key: &K) -> &Mutex<Generations<K, V>> {
        let shard = self.hasher.hash_one(key) % SHARDS as u64;
        &self.shards[usize::try_from(shard).unwrap_or(0)]
    }

    /// How many keys are remembered.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        let shards = self.shards.iter().map(|shard| shard.lock().unwrap_or_else(PoisonError::into_inner));
        shards.map(|shard| shard.young.len() + shard.old.len()).sum()
    }
}

impl<K, V, const KEPT: usize> Default for Lately<K, V, KEPT> {
    fn default() -> Self {
        let nothing = || Generations { young: HashMap::new(), old: HashMap::new() };
        Lately { hasher: RandomState::new(), shards: std::array::from_fn(|_| Mutex::new(nothing())) }
    }
}
