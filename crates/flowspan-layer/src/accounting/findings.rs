//! What the accounting had to say no to.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use flowspan_model::OTHER;

/// How many models without a price are told apart.
const MODELS: usize = 100;
/// How much of the name of such a model is kept, in bytes.
const NAME: usize = 128;

/// Why a number of a usage or cost was refused, or bounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Refusal {
    /// It was less than zero.
    Negative,
    /// It was larger than any call can be.
    Absurd,
    /// It was no whole number, or a cost that is no number.
    NotANumber,
    /// It was a part that was larger than its whole, and became the whole.
    PartExceedsWhole,
    /// It was less than an earlier report of the same call, which stays.
    Fell,
}

impl Refusal {
    /// Every reason.
    pub const ALL: [Refusal; 5] =
        [Refusal::Negative, Refusal::Absurd, Refusal::NotANumber, Refusal::PartExceedsWhole, Refusal::Fell];

    /// The reason as a label: `negative`, `absurd`, `not_a_number`, `part_exceeds_whole` or `fell`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Refusal::Negative => "negative",
            Refusal::Absurd => "absurd",
            Refusal::NotANumber => "not_a_number",
            Refusal::PartExceedsWhole => "part_exceeds_whole",
            Refusal::Fell => "fell",
        }
    }
}

/// A model whose calls have a usage and no price.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unpriced {
    /// The provider, if the calls named one.
    pub provider: Option<String>,
    /// The model, cut if it is very long.
    pub model: String,
    /// How many of its calls have no cost for that.
    pub calls: u64,
}

/// What the accounting had to refuse, what was said twice, and which models have no price.
#[derive(Debug, Default)]
pub struct Findings {
    refused: [AtomicU64; Refusal::ALL.len()],
    wrappers: AtomicU64,
    repeated: AtomicU64,
    unpriced: Mutex<BTreeMap<Name, Arc<AtomicU64>>>,
}

/// A provider, if calls named one, and a model.
type Name = (Option<String>, String);

impl Findings {
    /// How many numbers were refused or bounded for this reason.
    pub fn refusals(&self, reason: Refusal) -> u64 {
        self.refused[reason as usize].load(Ordering::Relaxed)
    }

    /// How many spans around a model call said that they were one themselves, and were counted as none.
    pub fn wrappers(&self) -> u64 {
        self.wrappers.load(Ordering::Relaxed)
    }

    /// How many model calls had the identifier of one that had been counted in the same trace.
    pub fn repeated(&self) -> u64 {
        self.repeated.load(Ordering::Relaxed)
    }

    /// The models that have no price, in the order of their names; those beyond a hundred are `other`.
    pub fn unpriced(&self) -> Vec<Unpriced> {
        let known = self.unpriced.lock().unwrap_or_else(PoisonError::into_inner);
        let models = known.iter().map(|((provider, model), calls)| Unpriced {
            provider: provider.clone(),
            model: model.clone(),
            calls: calls.load(Ordering::Relaxed),
        });
        models.filter(|model| model.calls > 0).collect()
    }

    #[cold]
    pub(super) fn refused(&self, reason: Refusal, times: u64) {
        self.refused[reason as usize].fetch_add(times, Ordering::Relaxed);
    }

    pub(super) fn duplicate(&self, is_wrapper: bool) {
        let count = if is_wrapper { &self.wrappers } else { &self.repeated };
        count.fetch_add(1, Ordering::Relaxed);
    }

    /// Where the calls of a model without a price are counted.
    pub(super) fn unpriced_calls(&self, provider: Option<&str>, model: &str) -> Arc<AtomicU64> {
        let name = (provider.map(|provider| cut(provider).to_owned()), cut(model).to_owned());
        let mut known = self.unpriced.lock().unwrap_or_else(PoisonError::into_inner);
        let name = match known.len() < MODELS || known.contains_key(&name) {
            true => name,
            false => (None, OTHER.to_owned()),
        };
        Arc::clone(known.entry(name).or_default())
    }
}

/// The beginning of a name, which ends between two characters.
fn cut(name: &str) -> &str {
    let end = (0..=NAME.min(name.len())).rev().find(|place| name.is_char_boundary(*place));
    &name[..end.unwrap_or(0)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_without_a_price_are_listed_up_to_a_bound_and_none_of_their_calls_is_lost() {
        let findings = Findings::default();
        for call in 0..1_000 {
            findings.unpriced_calls(Some("p"), &format!("m{call}")).fetch_add(1, Ordering::Relaxed);
        }
        let unpriced = findings.unpriced();
        assert_eq!(unpriced.len(), MODELS + 1);
        assert_eq!(unpriced.iter().map(|model| model.calls).sum::<u64>(), 1_000);
        assert_eq!(unpriced[0].model, OTHER);
    }

    #[test]
    fn a_very_long_name_is_cut_between_two_characters() {
        assert_eq!(cut(&"é".repeat(10_000)), "é".repeat(NAME / 2));
        assert_eq!(cut(&"€".repeat(10_000)), "€".repeat(NAME / 3));
    }
}
