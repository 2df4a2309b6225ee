//! Callsites that stand in for others.
//!
//! Nobody has registered them: who is given a span of one of them hears of it, and nobody else.

use tracing::{
    Callsite, Metadata,
    callsite::Identifier,
    field::{FieldSet, Value, ValueSet},
    metadata::Kind,
    subscriber::Interest,
};

/// A callsite of spans with a single field.
pub(super) struct StandIn(&'static Metadata<'static>);

/// Stands in for those of a dialect.
///
/// What `tracing-opentelemetry` hears, it puts on the span under the name that it had. Of a span whose
/// fields have other names in the end, or none, it must hear nothing but that there is one, and of
/// which kind.
pub(super) static FOREIGN: StandIn = StandIn(&FOREIGN_METADATA);
static FOREIGN_METADATA: Metadata<'static> = described("foreign", &["otel.kind"], &FOREIGN);

/// The field by which a shadow is told which span it stands for.
pub(super) const SHADOW_NUMBER: &str = "flowspan.shadow";

/// That of the shadows that the native engine casts for `OpenTelemetrySpanExt`.
pub(super) static SHADOW: StandIn = StandIn(&SHADOW_METADATA);
static SHADOW_METADATA: Metadata<'static> = described("shadow", &[SHADOW_NUMBER], &SHADOW);

const fn described(
    name: &'static str,
    fields: &'static [&'static str],
    callsite: &'static StandIn,
) -> Metadata<'static> {
    let fields = FieldSet::new(fields, Identifier(callsite));
    Metadata::new(name, "flowspan", tracing::Level::INFO, None, None, None, fields, Kind::SPAN)
}

impl StandIn {
    /// Gives what a span of this callsite says if its field has this value.
    pub(super) fn saying<T>(
        &self,
        value: &dyn Value,
        action: impl FnOnce(&'static Metadata<'static>, &ValueSet<'_>) -> T,
    ) -> T {
        let fields = self.0.fields();
        match fields.iter().next() {
            Some(field) => action(self.0, &fields.value_set(&[(&field, Some(value))])),
            None => action(self.0, &fields.value_set(&[])),
        }
    }
}

impl Callsite for StandIn {
    fn set_interest(&self, _: Interest) {}

    fn metadata(&self) -> &Metadata<'_> {
        self.0
    }
}
