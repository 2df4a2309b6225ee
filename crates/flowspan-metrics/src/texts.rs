//! The texts that label values have, each of them once.

use std::{
    hash::BuildHasher,
    num::NonZeroU32,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use flowspan_model::OTHER;
use foldhash::fast::RandomState;
use hashbrown::HashTable;

/// The texts of all metrics of a recorder.
///
/// What stands here was admitted by a label, so the limits of the labels bound how many there are. The
/// same name is a value of several labels of several metrics: here it is one text, which the SDK and the
/// sinks share.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    kept: RwLock<Kept>,
}

/// The number of a kept text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct TextId(NonZeroU32);

/// The texts by their numbers, and their numbers by what they say.
#[derive(Debug)]
pub(crate) struct Kept {
    hasher: RandomState,
    texts: Vec<Arc<str>>,
    ids: HashTable<TextId>,
}

impl Texts {
    pub(crate) fn read(&self) -> RwLockReadGuard<'_, Kept> {
        self.kept.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, Kept> {
        self.kept.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TextId {
    /// That of [`OTHER`], which is always kept.
    pub(crate) const OTHER: TextId = TextId(NonZeroU32::MIN);

    /// It is never zero.
    #[inline]
    pub(crate) fn number(self) -> u32 {
        self.0.get()
    }

    fn index(self) -> usize {
        self.number() as usize - 1
    }
}

impl Kept {
    /// The number of a text, if it is kept.
    pub(crate) fn find(&self, text: &str) -> Option<TextId> {
        self.ids.find(self.hasher.hash_one(text), |id| *self.texts[id.index()] == *text).copied()
    }

    /// The number of a text, which is kept from now on. `None` if four thousand million others are.
    pub(crate) fn keep(&mut self, text: &str) -> Option<TextId> {
        if let Some(known) = self.find(text) {
            return Some(known);
        }
        let id = TextId(NonZeroU32::new(u32::try_from(self.texts.len() + 1).ok()?)?);
        self.texts.push(text.into());
        let Kept { hasher, texts, ids } = self;
        ids.insert_unique(hasher.hash_one(text), id, |id| hasher.hash_one(&*texts[id.index()]));
        Some(id)
    }

    /// What a number stands for.
    pub(crate) fn text(&self, id: TextId) -> &Arc<str> {
        &self.texts[id.index()]
    }
}

impl Default for Kept {
    fn default() -> Self {
        let mut kept = Kept { hasher: RandomState::default(), texts: Vec::new(), ids: HashTable::new() };
        kept.keep(OTHER);
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_one_number_and_every_number_its_text() {
        let texts = Texts::default();
        let names: Vec<String> = (0..1000).map(|n| format!("name-{n}")).collect();
        let ids: Vec<_> = names.iter().map(|name| texts.write().keep(name).expect("there is room")).collect();
        let kept = texts.read();
        for (name, id) in names.iter().zip(&ids) {
            assert_eq!(kept.find(name), Some(*id));
            assert_eq!(**kept.text(*id), **name);
        }
        assert_eq!(kept.find(OTHER), Some(TextId::OTHER));
        assert_eq!(kept.find("name-1000"), None);
    }
}
