//! Texts that come again and again.
//!
//! The names of workflows, steps, tools and models are few, and every span carries some of them. A
//! text that a thread meets twice in a row is kept for the life of the process, up to a limit, and from
//! then on it costs neither an allocation nor a count of references, which the thread that exports
//! spans would share with all others. Texts that differ each time, such as identifiers, are never kept.

use std::{
    borrow::Cow,
    cell::RefCell,
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

use flowspan_model::{Field, Kind};

use crate::names::Subject;

/// How many texts are kept at most.
const MOST: usize = 2048;
/// Longer texts are not kept.
const SHORT: usize = 128;

/// All that are kept: a quarter of a megabyte at most.
static KEPT: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());

/// The last text of a field.
#[derive(Debug)]
struct Last {
    text: Arc<str>,
    is_repeated: bool,
    kept: Option<&'static str>,
}

thread_local! {
    static LAST: RefCell<[Option<Last>; Field::ALL.len()]> =
        const { RefCell::new([const { None }; Field::ALL.len()]) };
    static NAMES: RefCell<[Option<&'static str>; Kind::COUNT]> = const { RefCell::new([None; Kind::COUNT]) };
}

/// The text, shared with the last one of the same field if it is the same.
pub(super) fn shared(field: Field, text: &str) -> Arc<str> {
    if text.len() > SHORT {
        return Arc::from(text);
    }
    let shared = LAST.try_with(|last| match &mut last.borrow_mut()[field as usize] {
        Some(last) if *last.text == *text => {
            if !last.is_repeated {
                last.is_repeated = true;
                last.kept = keep(text);
            }
            Arc::clone(&last.text)
        }
        slot => {
            let text: Arc<str> = Arc::from(text);
            *slot = Some(Last { text: Arc::clone(&text), is_repeated: false, kept: None });
            text
        }
    });
    shared.unwrap_or_else(|_| Arc::from(text))
}

/// The text for a span that is exported: the kept one, or a copy.
pub(super) fn exported(field: Field, text: &Arc<str>) -> Cow<'static, str> {
    kept(field, text).map_or_else(|| Cow::Owned(text.to_string()), Cow::Borrowed)
}

fn kept(field: Field, text: &Arc<str>) -> Option<&'static str> {
    LAST.try_with(|last| {
        let last = last.borrow();
        last[field as usize].as_ref().filter(|last| Arc::ptr_eq(&last.text, text))?.kept
    })
    .ok()
    .flatten()
}

/// The name of a span: what is done, and to whom. Kept if the subject is.
pub(super) fn name(kind: Kind, verb: &str, (field, subject): Subject<'_>) -> Cow<'static, str> {
    let is_it = |name: &str| {
        name.strip_prefix(verb).and_then(|rest| rest.strip_prefix(' ')).is_some_and(|rest| *rest == **subject)
    };
    let known = NAMES.try_with(|names| names.borrow()[kind as usize]).ok().flatten();
    if let Some(name) = known.filter(|name| is_it(name)) {
        return Cow::Borrowed(name);
    }
    let name = [verb, " ", subject].concat();
    if kept(field, subject).is_some()
        && let Some(kept) = keep(&name)
    {
        let _ = NAMES.try_with(|names| names.borrow_mut()[kind as usize] = Some(kept));
        return Cow::Borrowed(kept);
    }
    Cow::Owned(name)
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
    fn a_text_that_comes_twice_in_a_row_is_kept() {
        let first = shared(Field::StepName, "words, twice");
        assert!(matches!(exported(Field::StepName, &first), Cow::Owned(_)));
        let second = shared(Field::StepName, "words, twice");
        assert!(Arc::ptr_eq(&first, &second));
        assert!(matches!(exported(Field::StepName, &second), Cow::Borrowed("words, twice")));
        let named = name(Kind::Step, "step", (Field::StepName, &second));
        assert!(matches!(named, Cow::Borrowed("step words, twice")));
    }

    #[test]
    fn a_text_that_differs_each_time_is_not_kept() {
        for number in 0..10 {
            let text = shared(Field::RunId, &format!("words {number}"));
            assert!(matches!(exported(Field::RunId, &text), Cow::Owned(_)));
        }
    }
}
