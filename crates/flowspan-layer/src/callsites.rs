//! What a callsite means, decided once.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
    sync::{Arc, PoisonError, RwLock},
};

use flowspan_model::{Field, Kind, TARGET};
use tracing::{Metadata, callsite::Identifier};

/// The meaning of a callsite of flowspan's vocabulary.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) kind: Kind,
    /// What each field of the callsite means, by its index.
    fields: Box<[Option<Field>]>,
}

impl Plan {
    fn new(metadata: &Metadata<'_>) -> Option<Self> {
        let kind = Kind::from_name(metadata.name()).filter(|kind| kind.is_span() == metadata.is_span())?;
        let fields = metadata.fields().iter().map(|field| Field::from_key(field.name())).collect();
        Some(Plan { kind, fields })
    }

    /// The meaning of a field of this callsite.
    pub(crate) fn field(&self, field: &tracing::field::Field) -> Option<Field> {
        self.fields.get(field.index()).copied().flatten()
    }
}

/// The plans of all callsites that have been met.
#[derive(Debug, Default)]
pub(crate) struct Callsites(RwLock<HashMap<Identifier, Option<Arc<Plan>>, BuildHasherDefault<OfAddress>>>);

/// Hashes a callsite, which is known by its address. Nobody from outside can choose addresses, so
/// mixing their bits is enough.
#[derive(Debug, Default)]
struct OfAddress(u64);

impl Hasher for OfAddress {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64((*byte).into()));
    }

    fn write_u64(&mut self, number: u64) {
        // The multiplier is 2^64 divided by the golden ratio: it spreads what lies close together.
        self.0 = (self.0.rotate_left(5) ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 ^= self.0 >> 32;
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }
}

impl Callsites {
    /// The meaning of a callsite, or `None` if it is none of our business, which costs a comparison
    /// of two short texts.
    pub(crate) fn plan(&self, metadata: &'static Metadata<'static>) -> Option<Arc<Plan>> {
        if metadata.target() != TARGET {
            return None;
        }
        let callsite = metadata.callsite();
        if let Some(plan) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(&callsite) {
            return plan.clone();
        }
        let plan = Plan::new(metadata).map(Arc::new);
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(callsite, plan.clone());
        plan
    }
}
