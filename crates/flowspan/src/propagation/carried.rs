//! What is carried from process to process, by the names of its fields.

use std::collections::HashMap;

use opentelemetry::{Context, global, propagation::TextMapPropagator};

/// How many bytes of `tracestate` are taken and handed on: as many as
/// [the standard](https://www.w3.org/TR/trace-context/#tracestate-limits) asks for at least.
pub const MAX_TRACE_STATE: usize = 512;
/// How many bytes of `baggage`, and of any other field, are taken and handed on: as many as
/// [the standard](https://www.w3.org/TR/baggage/#limits) asks for at least.
pub const MAX_BAGGAGE: usize = 8192;
/// Version 0 has 55. Later versions may add to that.
const MAX_TRACE_PARENT: usize = 256;

const TRACE_PARENT: &str = "traceparent";
const TRACE_STATE: &str = "tracestate";

/// A name, and what it stands for from now on; `None` if what is there is out of date.
pub(super) type Field = (String, Option<String>);

/// What goes along with the current work, by the global propagators.
pub(super) fn current() -> Vec<Field> {
    let context = super::current();
    global::get_text_map_propagator(|propagator| inject(propagator, &context))
}

pub(super) fn inject(propagator: &dyn TextMapPropagator, context: &Context) -> Vec<Field> {
    let mut values = HashMap::new();
    propagator.inject_context(context, &mut values);
    let field =
        |field: &str| (field.to_owned(), values.remove(field).filter(|value| can_be_carried(field, value)));
    propagator.fields().map(field).collect()
}

pub(super) fn extract<'values>(
    propagator: &dyn TextMapPropagator,
    around: &Context,
    values: impl Fn(&str, &mut Vec<&'values str>),
) -> Context {
    let mut carried = HashMap::new();
    let mut several = Vec::new();
    for field in propagator.fields() {
        several.clear();
        values(field, &mut several);
        // A list may come in several parts, which are one list.
        let length: usize = several.iter().map(|value| value.len() + 1).sum();
        if several.is_empty() || length > limit(field) + 1 {
            continue;
        }
        let value = several.join(",");
        if can_be_carried(field, &value) {
            carried.insert(field.to_owned(), value);
        }
    }
    propagator.extract_with_context(around, &carried)
}

fn limit(field: &str) -> usize {
    match field {
        TRACE_PARENT => MAX_TRACE_PARENT,
        TRACE_STATE => MAX_TRACE_STATE,
        _ => MAX_BAGGAGE,
    }
}

/// Whether this is something that headers and variables can hold, and of no more than a fair length. An
/// empty value says nothing.
fn can_be_carried(field: &str, value: &str) -> bool {
    let is_visible = |byte: u8| matches!(byte, b' '..=b'~' | b'\t');
    let is_fair = !value.is_empty() && value.len() <= limit(field) && value.bytes().all(is_visible);
    is_fair && (field != TRACE_PARENT || is_trace_parent(value))
}

/// Whether this names a span in the form of the standard. The propagator of the SDK is more generous:
/// it also takes numbers that are too short, or have a sign.
fn is_trace_parent(value: &str) -> bool {
    let value = value.trim();
    let is_hex = |part: &str| part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let mut parts = value.split('-');
    [2, 32, 16, 2]
        .into_iter()
        .all(|length| parts.next().is_some_and(|part| part.len() == length && is_hex(part)))
}

#[cfg(test)]
mod tests {
    use opentelemetry::{
        baggage::BaggageExt,
        propagation::TextMapCompositePropagator,
        trace::{SpanContext, TraceContextExt},
    };
    use opentelemetry_sdk::propagation::{BaggagePropagator, TraceContextPropagator};
    use proptest::prelude::*;

    use super::*;

    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn standard() -> TextMapCompositePropagator {
        TextMapCompositePropagator::new(vec![
            Box::new(TraceContextPropagator::new()),
            Box::new(BaggagePropagator::new()),
        ])
    }

    fn taken(fields: &[(&str, &str)]) -> Context {
        extract(&standard(), &Context::new(), |name, values| {
            values.extend(fields.iter().filter(|(field, _)| *field == name).map(|(_, value)| *value));
        })
    }

    fn span(context: &Context) -> SpanContext {
        context.span().span_context().clone()
    }

    #[test]
    fn what_is_taken_is_what_is_handed_on() {
        let fields = [(TRACE_PARENT, PARENT), (TRACE_STATE, "a=1,b=2"), ("baggage", "tenant=blue")];
        let context = taken(&fields);
        assert!(span(&context).is_valid() && span(&context).is_remote());
        let handed_on = inject(&standard(), &context);
        let expected = fields.map(|(field, value)| (field.to_owned(), Some(value.to_owned())));
        let mut handed_on = handed_on;
        handed_on.sort();
        let mut expected = expected.to_vec();
        expected.sort();
        assert_eq!(handed_on, expected);
    }

    #[test]
    fn what_is_not_there_is_out_of_date() {
        assert!(inject(&standard(), &Context::new()).iter().all(|(_, value)| value.is_none()));
        let alone = inject(&standard(), &taken(&[(TRACE_PARENT, PARENT)]));
        let there: Vec<_> =
            alone.iter().filter(|(_, value)| value.is_some()).map(|(field, _)| field).collect();
        assert_eq!(there, [TRACE_PARENT], "an empty list is none");
    }

    #[test]
    fn a_list_in_parts_is_one_list_and_two_parents_are_none() {
        let parts = taken(&[(TRACE_PARENT, PARENT), (TRACE_STATE, "a=1"), (TRACE_STATE, "b=2")]);
        assert_eq!(span(&parts).trace_state().header(), "a=1,b=2");
        assert!(!span(&taken(&[(TRACE_PARENT, PARENT), (TRACE_PARENT, PARENT)])).is_valid());
    }

    #[test]
    fn a_parent_in_no_valid_form_is_passed_over() {
        let long = format!("01{}-{}", &PARENT[2..], "x".repeat(300));
        for bad in [
            "00-1-1-01",
            "00-+af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            &long,
        ] {
            assert!(!span(&taken(&[(TRACE_PARENT, bad)])).is_valid(), "{bad}");
        }
    }

    #[test]
    fn lists_that_are_too_long_are_passed_over_and_the_trace_goes_on() {
        let state = format!("a={}", "x".repeat(MAX_TRACE_STATE));
        let baggage = format!("a={}", "x".repeat(MAX_BAGGAGE));
        let context = taken(&[(TRACE_PARENT, PARENT), (TRACE_STATE, &state), ("baggage", &baggage)]);
        assert!(span(&context).is_valid());
        assert_eq!(span(&context).trace_state().header(), "");
        assert!(context.baggage().is_empty());
    }

    #[test]
    fn what_no_variable_can_hold_is_not_handed_on() {
        // The propagator decodes the metadata of baggage, and does not encode it again.
        let context = taken(&[(TRACE_PARENT, PARENT), ("baggage", "a=b;c%00d%0Ae")]);
        assert_eq!(context.baggage().len(), 1);
        let handed_on = inject(&standard(), &context);
        assert!(handed_on.contains(&("baggage".to_owned(), None)), "{handed_on:?}");
    }

    proptest! {
        #[test]
        fn nothing_that_comes_in_makes_a_panic_and_what_goes_out_can_be_carried(
            parent in prop_oneof![Just(PARENT.to_owned()), ".{0,80}", "[0-9a-f+-]{50,60}"],
            states in prop::collection::vec(".{0,300}", 0..4),
            baggage in prop::collection::vec("([a-z%0-9;=,]|.){0,300}", 0..40),
        ) {
            let mut fields = vec![(TRACE_PARENT, parent.as_str())];
            fields.extend(states.iter().map(|state| (TRACE_STATE, state.as_str())));
            fields.extend(baggage.iter().map(|baggage| ("baggage", baggage.as_str())));
            let context = taken(&fields);
            for (field, value) in inject(&standard(), &context) {
                if let Some(value) = value {
                    prop_assert!(value.len() <= limit(&field) && !value.contains('\0'));
                }
            }
        }
    }
}
