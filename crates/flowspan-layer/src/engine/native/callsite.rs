//! The callsite of shadows.

use tracing::{
    Metadata,
    field::{FieldSet, Value},
    metadata::Kind,
    span::Attributes,
    subscriber::Interest,
};

struct Callsite;

static CALLSITE: Callsite = Callsite;
static FIELDS: &[&str] = &["flowspan.shadow"];
static METADATA: Metadata<'static> = Metadata::new(
    "shadow",
    "flowspan",
    tracing::Level::INFO,
    None,
    None,
    None,
    FieldSet::new(FIELDS, tracing::callsite::Identifier(&CALLSITE)),
    Kind::SPAN,
);

impl tracing::Callsite for Callsite {
    // It is never registered: nobody but the shadows' own registry hears of it.
    fn set_interest(&self, _: Interest) {}

    fn metadata(&self) -> &Metadata<'_> {
        &METADATA
    }
}

/// Gives the attributes of the shadow with this number.
pub(super) fn with_attributes<T>(number: i64, action: impl FnOnce(&Attributes<'_>) -> T) -> T {
    let fields = METADATA.fields();
    let number: &dyn Value = &number;
    let values = fields.iter().next().map(|field| [(field, Some(number))]);
    let values = values.as_ref().map(|[(field, number)]| [(field, *number)]);
    match &values {
        Some(values) => action(&Attributes::new_root(&METADATA, &fields.value_set(values))),
        None => action(&Attributes::new_root(&METADATA, &fields.value_set(&[]))),
    }
}
