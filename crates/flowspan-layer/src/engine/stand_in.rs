//! A callsite that stands in for those of a dialect.
//!
//! What `tracing-opentelemetry` hears, it puts on the span under the name that it had. Of a span whose
//! fields have other names in the end, or none, it must hear nothing but that there is one, and of
//! which kind.

use opentelemetry::trace::SpanKind;
use tracing::{
    Metadata,
    field::{FieldSet, Value},
    metadata::Kind,
    span::{Attributes, Record},
    subscriber::Interest,
};

struct Callsite;

static CALLSITE: Callsite = Callsite;
static FIELDS: &[&str] = &["otel.kind"];
static METADATA: Metadata<'static> = Metadata::new(
    "foreign",
    "flowspan",
    tracing::Level::INFO,
    None,
    None,
    None,
    FieldSet::new(FIELDS, tracing::callsite::Identifier(&CALLSITE)),
    Kind::SPAN,
);

impl tracing::Callsite for Callsite {
    // It is never registered: nobody but the inner layer hears of it.
    fn set_interest(&self, _: Interest) {}

    fn metadata(&self) -> &Metadata<'_> {
        &METADATA
    }
}

/// Gives attributes that say where the span stands, and its kind.
pub(super) fn with_attributes<T>(
    of: &Attributes<'_>,
    kind: &SpanKind,
    action: impl FnOnce(&Attributes<'_>) -> T,
) -> T {
    let kind = name(kind);
    let kind: &dyn Value = &kind;
    let fields = METADATA.fields();
    let values = fields.iter().next().map(|field| [(field, Some(kind))]);
    let values = values.as_ref().map(|[(field, kind)]| [(field, *kind)]);
    let values = match &values {
        Some(values) => fields.value_set(values),
        None => fields.value_set(&[]),
    };
    let attributes = match of.parent() {
        Some(parent) => Attributes::child_of(parent.clone(), &METADATA, &values),
        None if of.is_root() => Attributes::new_root(&METADATA, &values),
        None => Attributes::new(&METADATA, &values),
    };
    action(&attributes)
}

/// Gives a record that says the kind of a span.
pub(super) fn with_record<T>(kind: &SpanKind, action: impl FnOnce(&Record<'_>) -> T) -> T {
    let kind = name(kind);
    let kind: &dyn Value = &kind;
    let fields = METADATA.fields();
    let values = fields.iter().next().map(|field| [(field, Some(kind))]);
    let values = values.as_ref().map(|[(field, kind)]| [(field, *kind)]);
    match &values {
        Some(values) => action(&Record::new(&fields.value_set(values))),
        None => action(&Record::new(&fields.value_set(&[]))),
    }
}

fn name(kind: &SpanKind) -> &'static str {
    match kind {
        SpanKind::Client => "client",
        SpanKind::Server => "server",
        SpanKind::Producer => "producer",
        SpanKind::Consumer => "consumer",
        SpanKind::Internal => "internal",
    }
}
