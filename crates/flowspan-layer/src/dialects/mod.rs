//! How other crates speak of model calls, and what of it flowspan understands.
//!
//! A crate that uses `tracing` already says most of what telemetry wants to know, in words of its own. A
//! [`Dialect`] is the dictionary of one crate: which of its spans are work of the vocabulary, and which
//! of their fields say what. A callsite is recognised once; a span that is nobody's business costs
//! nothing more than the look at what is known about its callsite.

mod content;
mod dialect;
mod ending;
mod foreign;
mod notes;
mod operations;
mod providers;
mod reading;
mod span_data;

mod genai;
mod generic;
mod langchain;
mod openinference;
mod rig;
mod swiftide;

use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use tracing::Metadata;

pub use self::{
    content::{ContentNames, is_content},
    dialect::Dialect,
    operations::is_inference,
};
pub(crate) use self::{
    ending::finish,
    foreign::Foreign,
    notes::Notes,
    reading::{Keep, Reading, Said, read},
    span_data::{attributes_of, span_kind},
};

/// The dialects that somebody understands.
#[derive(Clone, Debug)]
pub(crate) struct Dialects {
    number: u32,
    dialects: Arc<[Arc<Dialect>]>,
}

/// Those that flowspan knows by itself, the most particular first.
static STANDARD: LazyLock<Dialects> = LazyLock::new(|| {
    let dialects = [rig::dialects(), genai::dialects(), langchain::dialects(), swiftide::dialects()];
    let last = [openinference::dialects(), generic::dialects()];
    let dialects = dialects.into_iter().chain(last).flatten().map(Arc::new).collect();
    Dialects { number: 0, dialects }
});

/// All sets but the standard one. Plans are kept for each callsite and set, so equal sets are one.
static SETS: Mutex<Vec<Dialects>> = Mutex::new(Vec::new());

impl Default for Dialects {
    fn default() -> Self {
        STANDARD.clone()
    }
}

impl Dialects {
    /// With this dialect before the others.
    pub(crate) fn with(&self, dialect: Dialect) -> Self {
        let dialects: Arc<[Arc<Dialect>]> =
            std::iter::once(Arc::new(dialect)).chain(self.dialects.iter().cloned()).collect();
        let mut sets = SETS.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = sets.iter().find(|known| known.dialects == dialects) {
            return known.clone();
        }
        let number = u32::try_from(sets.len() + 1).unwrap_or(u32::MAX);
        sets.push(Dialects { number, dialects });
        sets[sets.len() - 1].clone()
    }

    /// The names of attributes that hold content, beside those that everybody knows.
    pub(crate) fn content_names(&self) -> impl Iterator<Item = &'static str> {
        self.dialects.iter().flat_map(|dialect| dialect.content_names())
    }

    /// Tells this set from all others of the process.
    #[inline]
    pub(crate) fn number(&self) -> u32 {
        self.number
    }

    /// How a span of this callsite is understood, if any dialect knows it.
    pub(crate) fn recognise(&self, metadata: &'static Metadata<'static>) -> Option<Foreign> {
        if !metadata.is_span() {
            return None;
        }
        self.dialects.iter().find_map(|dialect| Foreign::of_callsite(dialect, metadata))
    }

    /// Whether an event of this callsite is a log line with what people and models say.
    pub(crate) fn are_repeated_by(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && self.dialects.iter().any(|dialect| dialect.is_repeated_by(metadata.target()))
    }

    /// How a span is understood of which nothing is known but its attributes.
    pub(crate) fn recognise_attributes<'key>(
        &self,
        says: impl Fn(&str) -> Option<&'key str>,
    ) -> Option<(Foreign, flowspan_model::Kind)> {
        self.dialects.iter().find_map(|dialect| Foreign::of_attributes(dialect, &says))
    }
}

#[cfg(test)]
mod tests {
    use flowspan_model::Kind;

    use super::*;

    #[test]
    fn equal_sets_are_one() {
        let acme = || Dialect::new("acme").target("acme").span("call", Kind::Inference);
        let once = Dialects::default().with(acme());
        assert_eq!(once.number(), Dialects::default().with(acme()).number());
        assert_ne!(once.number(), Dialects::default().number());
        assert_ne!(once.number(), once.with(Dialect::new("other")).number());
    }
}
