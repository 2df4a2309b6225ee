//! Texts that come again and again.

use flowspan_model::Text;
use foldhash::fast::FixedState;
use std::hash::BuildHasher as _;

/// How many texts are at hand; a power of two.
const AT_HAND: usize = 1024;
/// Longer texts are not kept: they hardly come again.
const SHORT: usize = 128;

/// The texts that were read last.
///
/// Names of workflows, tools and models are few and come with every line: one that comes again is
/// shared instead of copied. Texts of one place take turns, so that it takes no more room than this.
#[derive(Debug)]
pub(crate) struct Words {
    texts: Vec<Option<Text>>,
    state: FixedState,
}

impl Words {
    pub(crate) fn new() -> Self {
        Words { texts: vec![None; AT_HAND], state: FixedState::default() }
    }

    #[inline]
    pub(crate) fn text(&mut self, text: &str) -> Text {
        if text.len() > SHORT {
            return Text::from(text);
        }
        #[expect(clippy::cast_possible_truncation, reason = "any part of the number will do")]
        let place = self.state.hash_one(text) as usize % AT_HAND;
        match &mut self.texts[place] {
            Some(known) if known.as_str() == text => known.clone(),
            place => place.insert(Text::from(text)).clone(),
        }
    }
}
