//! Whatever is recorded on whatever span of a dialect.

use flowspan_layer::Engine;
use flowspan_model::{Field, Kind, Moment, Value as ModelValue};
use opentelemetry::Value;
use proptest::prelude::*;
use tracing::{Span, field::Empty, info_span};

use crate::support::Bench;

/// What is recorded, in one of the types that `tracing` has.
#[derive(Clone, Debug)]
enum Said {
    Integer(i64),
    Unsigned(u64),
    Float(f64),
    Boolean(bool),
    Text(String),
    Debug(String),
}

fn said() -> impl Strategy<Value = Said> {
    prop_oneof![
        prop_oneof![any::<i64>(), 0..10_000_i64].prop_map(Said::Integer),
        prop_oneof![any::<u64>(), 0..10_000_u64].prop_map(Said::Unsigned),
        any::<f64>().prop_map(Said::Float),
        any::<bool>().prop_map(Said::Boolean),
        prop_oneof![
            ".{0,20}",
            "[0-9]{1,25}",
            Just("[\"stop\",".to_owned()),
            Just("error".to_owned()),
            Just("timeout".to_owned()),
            Just("chat".to_owned()),
            Just("invoke_agent".to_owned()),
            Just("embeddings".to_owned()),
        ]
        .prop_map(Said::Text),
        ".{0,20}".prop_map(Said::Debug),
    ]
}

macro_rules! fields {
    ($($field:literal),+ $(,)?) => {
        const FIELDS: &[&str] = &[$($field),+];

        fn spans() -> [fn() -> Span; 5] {
            [
                || info_span!(target: "rig::agent_chat", "chat", $($field = Empty),+),
                || info_span!(target: "genai::otel", "genai.chat", $($field = Empty),+),
                || info_span!(target: "langchain_rust", "llm.generate", $($field = Empty),+),
                || info_span!(target: "rig_agent", "execute_tool", $($field = Empty),+),
                || info_span!("anything", $($field = Empty),+),
            ]
        }
    };
}

fields![
    "gen_ai.operation.name",
    "gen_ai.provider.name",
    "gen_ai.request.model",
    "gen_ai.request.stream",
    "gen_ai.request.temperature",
    "gen_ai.request.stop_sequences",
    "gen_ai.response.finish_reasons",
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.output_tokens",
    "gen_ai.usage.reasoning_tokens",
    "gen_ai.usage.cache_creation.input_tokens",
    "gen_ai.tool.call.outcome",
    "gen_ai.input.messages",
    "prompt_tokens",
    "tool_calls",
    "error",
    "error.type",
    "otel.name",
    "otel.kind",
    "otel.status_code",
    "mine",
];

fn record(span: &Span, field: &str, said: &Said) {
    match said {
        Said::Integer(number) => span.record(field, number),
        Said::Unsigned(number) => span.record(field, number),
        Said::Float(number) => span.record(field, number),
        Said::Boolean(flag) => span.record(field, flag),
        Said::Text(text) => span.record(field, text.as_str()),
        Said::Debug(text) => span.record(field, tracing::field::debug(text)),
    };
}

/// The tokens that hold: a report that is less than the one before is not believed, nor is one that no call
/// can consume.
fn tokens(recorded: &[(usize, Said)], names: &[&str]) -> Option<i64> {
    let of_name = |(index, _): &&(usize, Said)| names.contains(&FIELDS[*index]);
    let most = recorded.iter().filter(of_name).filter_map(|(_, said)| whole(said)).max();
    most.filter(|tokens| (0..=1_000_000_000).contains(tokens))
}

fn whole(said: &Said) -> Option<i64> {
    let bounded = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    match said {
        Said::Integer(number) => Some(*number),
        Said::Unsigned(number) => Some(bounded(*number)),
        #[expect(clippy::cast_possible_truncation, reason = "it is whole and small enough")]
        Said::Float(number) if number.fract() == 0.0 && number.abs() <= 9e15 => Some(*number as i64),
        Said::Text(text) => {
            let text = text.trim();
            text.parse::<i64>().ok().or_else(|| text.parse::<u64>().ok().map(bounded))
        }
        _ => None,
    }
}

fn check(engine: Engine, which: usize, recorded: &[(usize, Said)]) -> Result<(), TestCaseError> {
    let bench = Bench::new(engine);
    let span = spans()[which]();
    for (index, said) in recorded {
        span.in_scope(|| record(&span, FIELDS[*index], said));
    }
    drop(span);

    let spans = bench.spans();
    prop_assert_eq!(spans.len(), 1);
    let events = bench.events();
    let count = |moment| events.iter().filter(|event| event.moment == moment).count();
    prop_assert_eq!(count(Moment::Started), count(Moment::Ended), "what starts ends");
    for attribute in &spans[0].attributes {
        let twice = spans[0].attributes.iter().filter(|other| other.key == attribute.key).count();
        prop_assert_eq!(twice, 1, "{} stands once", attribute.key);
        prop_assert_ne!(attribute.key.as_str(), "gen_ai.input.messages");
    }
    let call = events.iter().find(|event| event.moment == Moment::Ended && event.kind == Kind::Inference);
    if let Some(call) = call {
        for (field, names, whole) in [
            (Field::InputTokens, &["gen_ai.usage.input_tokens"][..], None),
            (Field::OutputTokens, &["gen_ai.usage.output_tokens"], None),
            (Field::ReasoningTokens, &["gen_ai.usage.reasoning_tokens"], Some(Field::OutputTokens)),
            (
                Field::CacheWriteTokens,
                &["gen_ai.usage.cache_creation.input_tokens"],
                Some(Field::InputTokens),
            ),
        ] {
            let mut names = names.to_vec();
            if which == 2 && field == Field::InputTokens {
                names.push("prompt_tokens");
            }
            // A part is not more than its whole.
            let whole = whole.and_then(|whole| call.fields.integer(whole));
            let expected = tokens(recorded, &names);
            let expected = expected.map(|tokens| whole.map_or(tokens, |whole| tokens.min(whole)));
            // Text that is a number in the debug form is none.
            let is_clear = !recorded
                .iter()
                .any(|(index, said)| names.contains(&FIELDS[*index]) && matches!(said, Said::Debug(_)));
            // rig's calls of Anthropic without the newer field report parts beside.
            let is_sum = which == 0 && field == Field::InputTokens;
            if is_clear && !is_sum {
                prop_assert_eq!(call.fields.integer(field), expected, "{:?}", field);
                let shown = spans[0].attributes.iter().find(|kv| kv.key.as_str() == field.key());
                if let Some(expected) = expected {
                    prop_assert_eq!(shown.map(|kv| kv.value.clone()), Some(Value::I64(expected)));
                }
            }
            let is_integer = matches!(call.fields.get(field), None | Some(ModelValue::Integer(_)));
            prop_assert!(is_integer, "{:?}", call.fields.get(field));
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn nothing_panics_and_no_integer_is_lost(
        which in 0..5_usize,
        recorded in proptest::collection::vec((0..FIELDS.len(), said()), 0..24),
        native in any::<bool>(),
    ) {
        let engine = if native { Engine::Native } else { Engine::TracingOpenTelemetry };
        check(engine, which, &recorded)?;
    }
}
