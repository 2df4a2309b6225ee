//! What a callsite means, decided once.

use std::{
    cell::RefCell,
    collections::HashMap,
    sync::{PoisonError, RwLock},
};

use flowspan_model::{Field, Kind, TARGET};
use tracing::{Metadata, callsite::Identifier};

use crate::{
    dialects::{Dialects, Foreign, Reading, is_content},
    place::place,
};

/// The meaning of a callsite and of its fields.
///
/// Plans are never freed: there are as many as the program has callsites.
#[derive(Debug)]
pub(crate) struct Plan {
    /// What of the vocabulary it is, if it is part of it and the callsite alone says so.
    pub(crate) kind: Option<Kind>,
    /// What each field means, by its index.
    meanings: &'static [Meaning],
    /// How a span is understood that a dialect has recognised.
    pub(crate) foreign: Option<Foreign>,
    /// Whether it is a log line in which a crate repeats what people and models say.
    pub(crate) is_repetition: bool,
}

/// The meaning of no callsite.
pub(crate) static NOTHING: Plan = Plan { kind: None, meanings: &[], foreign: None, is_repetition: false };

/// What a field of a callsite means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// It is a field of the vocabulary.
    Known(Field),
    /// The name that the span shall have.
    Name,
    /// The kind that the span shall have.
    SpanKind,
    /// The code of the span's status.
    StatusCode,
    /// The description of the span's status: an error.
    StatusDescription,
    /// An attribute like any other.
    Attribute,
    /// A dialect says how it is read.
    Read(Reading),
    /// What people and models say to each other, which leaves the process only if it is asked for.
    Content,
}

impl Plan {
    fn new(metadata: &'static Metadata<'static>, dialects: &Dialects) -> Self {
        let kind = Kind::from_name(metadata.name())
            .filter(|kind| metadata.target() == TARGET && kind.is_span() == metadata.is_span());
        if kind.is_none()
            && let Some(foreign) = dialects.recognise(metadata)
        {
            let meanings = kept(metadata.fields().iter().map(|field| foreign.meaning(field.name())));
            return Plan { kind: foreign.kind(), meanings, foreign: Some(foreign), is_repetition: false };
        }
        let meanings = kept(metadata.fields().iter().map(|field| Meaning::new(field.name(), kind)));
        Plan { kind, meanings, foreign: None, is_repetition: dialects.are_repeated_by(metadata) }
    }

    /// Whether its spans are work of the vocabulary, or may turn out to be.
    #[inline]
    pub(crate) fn may_be_work(&self) -> bool {
        self.kind.is_some() || self.foreign.is_some()
    }

    /// The meaning of a field of this callsite.
    #[inline]
    pub(crate) fn meaning(&self, field: &tracing::field::Field) -> Meaning {
        self.meanings.get(field.index()).copied().unwrap_or(Meaning::Attribute)
    }

    /// The field of the vocabulary that a field of this callsite is.
    #[inline]
    pub(crate) fn field(&self, field: &tracing::field::Field) -> Option<Field> {
        match self.meaning(field) {
            Meaning::Known(field) => Some(field),
            _ => None,
        }
    }

    /// How many fields the callsite has.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.meanings.len()
    }
}

impl Meaning {
    fn new(name: &str, kind: Option<Kind>) -> Self {
        match (name, kind.and_then(|_| Field::from_key(name))) {
            (_, Some(field)) => Meaning::Known(field),
            ("otel.name", None) => Meaning::Name,
            ("otel.kind", None) => Meaning::SpanKind,
            ("otel.status_code", None) => Meaning::StatusCode,
            ("otel.status_description", None) => Meaning::StatusDescription,
            (name, None) if is_content(name) => Meaning::Content,
            (_, None) => Meaning::Attribute,
        }
    }
}

fn kept(meanings: impl Iterator<Item = Meaning>) -> &'static [Meaning] {
    Box::leak(meanings.collect())
}

/// The plans of each callsite, one for each set of dialects by which somebody has looked at it.
type Plans = HashMap<(Identifier, u32), &'static Plan>;

static PLANS: RwLock<Option<Plans>> = RwLock::new(None);

/// How many callsites a thread has at hand. Others cost a hash and a lock that all threads share.
const AT_HAND: usize = 64;

type AtHand = Option<(Identifier, u32, &'static Plan)>;

thread_local! {
    static RECENT: RefCell<[AtHand; AT_HAND]> = const { RefCell::new([const { None }; AT_HAND]) };
}

/// The meaning of a callsite, for who understands these dialects.
#[inline]
pub(crate) fn plan(metadata: &'static Metadata<'static>, dialects: &Dialects) -> &'static Plan {
    let callsite = metadata.callsite();
    let place = place::<AT_HAND>(std::ptr::from_ref(metadata).addr() as u64);
    let recent = RECENT.try_with(|recent| match &recent.borrow()[place] {
        Some((known, set, plan)) if *known == callsite && *set == dialects.number() => Some(*plan),
        _ => None,
    });
    match recent {
        Ok(Some(plan)) => plan,
        _ => find(metadata, dialects, callsite, place),
    }
}

#[cold]
fn find(
    metadata: &'static Metadata<'static>,
    dialects: &Dialects,
    callsite: Identifier,
    place: usize,
) -> &'static Plan {
    let key = (callsite.clone(), dialects.number());
    let known = PLANS
        .read()
        .unwrap_or_else(PoisonError::into_inner)
        .as_ref()
        .and_then(|plans| plans.get(&key).copied());
    let plan = known.unwrap_or_else(|| {
        let new = Plan::new(metadata, dialects);
        let mut plans = PLANS.write().unwrap_or_else(PoisonError::into_inner);
        plans.get_or_insert_default().entry(key).or_insert_with(|| Box::leak(Box::new(new)))
    });
    let _ = RECENT.try_with(|recent| recent.borrow_mut()[place] = Some((callsite, dialects.number(), plan)));
    plan
}
