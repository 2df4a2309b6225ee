//! What a callsite means, decided once.

use std::{
    borrow::Cow,
    cell::RefCell,
    collections::HashMap,
    sync::{PoisonError, RwLock},
};

use flowspan_model::{Field, Kind, TARGET};
use tracing::{Metadata, callsite::Identifier};

use crate::place::place;

/// The meaning of a callsite and of its fields.
///
/// Plans are never freed: there are as many as the program has callsites.
#[derive(Debug)]
pub(crate) struct Plan {
    /// What of the vocabulary it is, if it is part of it.
    pub(crate) kind: Option<Kind>,
    /// What each field means, by its index.
    meanings: Cow<'static, [Meaning]>,
}

/// The meaning of no callsite.
pub(crate) static NOTHING: Plan = Plan { kind: None, meanings: Cow::Borrowed(&[]) };

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
}

impl Plan {
    fn new(metadata: &Metadata<'_>) -> Self {
        let kind = Kind::from_name(metadata.name())
            .filter(|kind| metadata.target() == TARGET && kind.is_span() == metadata.is_span());
        let meanings = metadata.fields().iter().map(|field| Meaning::new(field.name(), kind)).collect();
        Plan { kind, meanings }
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
            (_, None) => Meaning::Attribute,
        }
    }
}

static PLANS: RwLock<Option<HashMap<Identifier, &'static Plan>>> = RwLock::new(None);

/// How many callsites a thread has at hand. Others cost a hash and a lock that all threads share.
const AT_HAND: usize = 64;

thread_local! {
    static RECENT: RefCell<[Option<(Identifier, &'static Plan)>; AT_HAND]> = const { RefCell::new([const { None }; AT_HAND]) };
}

/// The meaning of a callsite.
#[inline]
pub(crate) fn plan(metadata: &'static Metadata<'static>) -> &'static Plan {
    let callsite = metadata.callsite();
    let place = place::<AT_HAND>(std::ptr::from_ref(metadata).addr() as u64);
    let recent = RECENT.try_with(|recent| match &recent.borrow()[place] {
        Some((known, plan)) if *known == callsite => Some(*plan),
        _ => None,
    });
    match recent {
        Ok(Some(plan)) => plan,
        _ => find(metadata, callsite, place),
    }
}

#[cold]
fn find(metadata: &Metadata<'_>, callsite: Identifier, place: usize) -> &'static Plan {
    let known = PLANS
        .read()
        .unwrap_or_else(PoisonError::into_inner)
        .as_ref()
        .and_then(|plans| plans.get(&callsite).copied());
    let plan = known.unwrap_or_else(|| {
        let mut plans = PLANS.write().unwrap_or_else(PoisonError::into_inner);
        plans
            .get_or_insert_default()
            .entry(callsite.clone())
            .or_insert_with(|| Box::leak(Box::new(Plan::new(metadata))))
    });
    let _ = RECENT.try_with(|recent| recent.borrow_mut()[place] = Some((callsite, plan)));
    plan
}
