//! Texts that come again and again.
//!
//! The names of workflows, steps, tools and models are few, and every span carries some of them. A
//! text that a thread meets again is kept for the life of the process, up to a limit, and from then on
//! it costs neither an allocation nor a count of references, which the thread that exports spans would
//! share with all others. Texts that differ each time, such as identifiers, are never kept.

use std::{
    borrow::Cow,
    cell::RefCell,
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use flowspan_model::{Field, Status, Text};

use crate::place::place;

/// How many texts are kept at most.
const MOST: usize = 2048;
/// Longer texts are not kept.
const SHORT: usize = 128;
/// How many texts a thread has at hand.
const AT_HAND: usize = 256;

/// All that are kept: a quarter of a megabyte at most.
static KEPT: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());

/// A name made of two kept texts.
#[derive(Clone, Copy, Debug)]
struct Name {
    verb: &'static str,
    subject: &'static str,
    name: &'static str,
}

#[derive(Debug, Default)]
struct Words {
    // Empty until the thread meets its first text.
    texts: Vec<Option<Text>>,
    names: Vec<Option<Name>>,
}

thread_local! {
    static WORDS: RefCell<Words> = const { RefCell::new(Words { texts: Vec::new(), names: Vec::new() }) };
}

/// The text of a field, if it is kept and the thread has met it lately.
///
/// Two registers come back. A larger value would be written to memory and read again at once in other
/// pieces, which costs more than the search.
#[inline(always)]
pub(crate) fn kept(field: Field, text: &str) -> Option<&'static str> {
    // Every span has one of these few.
    if field == Field::Status {
        return Status::of_text(text).map(Status::as_str);
    }
    if text.len() > SHORT || differs_each_time(field) {
        return None;
    }
    #[expect(
        clippy::needless_borrows_for_generic_args,
        reason = "what is not lent is moved as soon as it is made"
    )]
    let kept = WORDS.try_with(&mut |words: &RefCell<Words>| words.borrow().kept(text));
    kept.ok().flatten()
}

/// A text that is not kept, or not yet.
pub(crate) fn met(field: Field, text: &str) -> Text {
    if text.len() > SHORT || differs_each_time(field) {
        return Text::from(text);
    }
    WORDS.try_with(|words| words.borrow_mut().meet(text)).unwrap_or_else(|_| Text::from(text))
}

/// A text of a field, kept if it comes again.
pub(crate) fn text(field: Field, text: &str) -> Text {
    kept(field, text).map_or_else(|| met(field, text), Text::from_static)
}

/// The name of a span: what is done, and to whom. Kept if the subject is.
#[inline]
pub(crate) fn name(verb: &Text, subject: &Text) -> Cow<'static, str> {
    let known = match (verb.as_static(), subject.as_static()) {
        (Some(verb), Some(subject)) => {
            WORDS.try_with(|words| words.borrow_mut().name(verb, subject)).ok().flatten()
        }
        _ => None,
    };
    known.map_or_else(|| Cow::Owned(join(verb, subject)), Cow::Borrowed)
}

/// Whether two texts of this field are hardly ever the same.
const fn differs_each_time(field: Field) -> bool {
    matches!(
        field,
        Field::RunId
            | Field::ResumedRun
            | Field::SessionId
            | Field::ConversationId
            | Field::CheckpointName
            | Field::MemoryStore
            | Field::ChunkTimes
            | Field::StopSequences
            | Field::JobId
            | Field::ItemId
            | Field::ResponseId
            | Field::ToolCallId
            | Field::MemoryRecord
            | Field::WorktreeName
            | Field::WorktreeBranch
            | Field::ErrorMessage
            | Field::EvaluationExplanation
            | Field::Reason
    )
}

impl Words {
    #[inline]
    fn kept(&self, text: &str) -> Option<&'static str> {
        let known = self.texts.get(place::<AT_HAND>(digest(text)))?.as_ref()?.as_static()?;
        (known == text).then_some(known)
    }

    fn meet(&mut self, text: &str) -> Text {
        if self.texts.is_empty() {
            self.texts.resize(AT_HAND, None);
        }
        let known = &mut self.texts[place::<AT_HAND>(digest(text))];
        match known {
            Some(known) if known.as_str() == text => {
                if let Some(kept) = keep(text) {
                    *known = Text::from_static(kept);
                }
                known.clone()
            }
            _ => known.insert(Text::from(text)).clone(),
        }
    }

    fn name(&mut self, verb: &'static str, subject: &'static str) -> Option<&'static str> {
        if self.names.is_empty() {
            self.names.resize(AT_HAND, None);
        }
        let key = subject.as_ptr().addr() ^ verb.as_ptr().addr().rotate_left(32);
        let known = &mut self.names[place::<AT_HAND>(key as u64)];
        match known {
            Some(known) if std::ptr::eq(known.verb, verb) && std::ptr::eq(known.subject, subject) => {
                Some(known.name)
            }
            _ => {
                let name = keep(&join(verb, subject))?;
                *known = Some(Name { verb, subject, name });
                Some(name)
            }
        }
    }
}

fn join(verb: &str, subject: &str) -> String {
    [verb, " ", subject].concat()
}

/// A number of a text that is quick to find: its length, its beginning and its end. Texts of one number
/// take turns in one place, which costs time and nothing else.
#[inline]
fn digest(text: &str) -> u64 {
    let bytes = text.as_bytes();
    let (first, last) = match (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        (Some(first), Some(last)) => (u64::from_le_bytes(*first), u64::from_le_bytes(*last)),
        _ => (bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)), 0),
    };
    first ^ last.rotate_left(29) ^ (bytes.len() as u64).rotate_left(57)
}

/// Keeps a text for good, if there is room.
#[cold]
fn keep(text: &str) -> Option<&'static str> {
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = kept.get(text) {
        return Some(known);
    }
    if kept.len() >= MOST {
        return None;
    }
    let text: &'static str = Box::leak(Box::from(text));
    kept.insert(text);
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_comes_again_is_kept() {
        assert!(text(Field::StepName, "words, twice").as_static().is_none());
        text(Field::StepName, "words, once");
        let again = text(Field::StepName, "words, twice");
        assert!(again.as_static().is_some());
        let named = name(&Text::from_static("step"), &again);
        assert!(matches!(named, Cow::Borrowed("step words, twice")));
    }

    #[test]
    fn a_name_is_that_of_both_its_parts() {
        let kept = |word| {
            text(Field::StepName, word);
            text(Field::StepName, word)
        };
        for verb in ["step", "phase"].map(Text::from_static) {
            for subject in ["words, first", "words, second"].map(kept) {
                assert_eq!(name(&verb, &subject), format!("{verb} {subject}"));
                assert_eq!(name(&verb, &subject), format!("{verb} {subject}"));
            }
        }
    }

    #[test]
    fn an_identifier_is_not_kept() {
        for _ in 0..10 {
            assert!(text(Field::RunId, "words, run 7").as_static().is_none());
        }
    }
}
