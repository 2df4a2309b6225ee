//! How much one span may hold.

use flowspan_runtime::{Environment, SettingError};
use opentelemetry_sdk::trace::SpanLimits;

/// The limits that the standard variables ask for. Default: 128 of each kind, as the specification
/// says.
pub(crate) fn from_environment(environment: &Environment) -> Result<SpanLimits, SettingError> {
    let mut limits = SpanLimits::default();
    for (variable, limit) in [
        ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", &mut limits.max_attributes_per_span),
        ("OTEL_SPAN_EVENT_COUNT_LIMIT", &mut limits.max_events_per_span),
        ("OTEL_SPAN_LINK_COUNT_LIMIT", &mut limits.max_links_per_span),
    ] {
        let number = environment.parse(variable, "a number, 0 or more", |value| value.parse().ok())?;
        *limit = number.unwrap_or(*limit);
    }
    Ok(limits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_sets_its_limit_and_no_other() {
        let environment = Environment::from_pairs([("OTEL_SPAN_EVENT_COUNT_LIMIT", "3")]);
        let limits = from_environment(&environment).expect("a good number");
        assert_eq!((limits.max_events_per_span, limits.max_attributes_per_span), (3, 128));
    }

    #[test]
    fn what_is_no_number_is_refused() {
        let environment = Environment::from_pairs([("OTEL_SPAN_LINK_COUNT_LIMIT", "many")]);
        assert!(from_environment(&environment).is_err());
    }
}
