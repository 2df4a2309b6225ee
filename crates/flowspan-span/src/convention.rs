//! The attributes of the GenAI convention in their generations.
//!
//! Fields have the names of the latest generation. What an older one calls otherwise is named here, once,
//! when a span is exported.

use flowspan_model::{Field, Semconv};
use opentelemetry::{Array, KeyValue, StringValue, Value};

const PREFIX: &str = "gen_ai.";
const TOP_K: &str = Field::TopK.key();

/// One fact with its names.
struct Naming {
    /// Under which names it may come.
    heard: &'static [&'static str],
    latest: &'static str,
    v1_41: &'static [&'static str],
}

/// The facts whose names differ. `gen_ai.system` was gone by v1.41, but what knows nothing newer is still
/// about; it comes with that generation.
const NAMINGS: &[Naming] = &[
    Naming {
        heard: &[Field::CacheWriteTokens.key(), "gen_ai.usage.cache_creation.input_tokens"],
        latest: Field::CacheWriteTokens.key(),
        v1_41: &["gen_ai.usage.cache_creation.input_tokens"],
    },
    Naming {
        heard: &[Field::Provider.key(), "gen_ai.system"],
        latest: Field::Provider.key(),
        v1_41: &[Field::Provider.key(), "gen_ai.system"],
    },
    // The latest generation keeps the old name for what a model samples from.
    Naming { heard: &[Field::RetrievalTopK.key()], latest: Field::RetrievalTopK.key(), v1_41: &[TOP_K] },
];

/// The lists, which `tracing` can only carry as texts.
const LISTS: [Field; 3] = [Field::FinishReasons, Field::StopSequences, Field::EncodingFormats];

/// What a choice without a reason gets: it did not come to its end.
const BROKEN: &str = "error";

/// Gives the attributes of a span the names and types of a generation.
pub fn speak(attributes: &mut Vec<KeyValue>, semconv: Semconv) {
    if !attributes.iter().any(|attribute| attribute.key.as_str().starts_with(PREFIX)) {
        return;
    }
    for attribute in attributes.iter_mut() {
        let key = attribute.key.as_str();
        if let Value::String(text) = &attribute.value
            && let Some(field) = LISTS.into_iter().find(|field| field.key() == key)
        {
            attribute.value = list(field, text.as_str());
        } else if key == TOP_K {
            attribute.value = top_k(&attribute.value, semconv);
        }
    }
    for naming in NAMINGS {
        naming.apply(attributes, semconv);
    }
}

impl Naming {
    fn apply(&self, attributes: &mut Vec<KeyValue>, semconv: Semconv) {
        let heard = |name: &&str| attributes.iter().rfind(|attribute| attribute.key.as_str() == *name);
        let Some(known) = self.heard.iter().find_map(heard) else { return };
        let value = known.value.clone();
        let latest: &[&str] = if semconv == Semconv::V1_41 { &[] } else { &[self.latest] };
        let older: &[&str] = if semconv == Semconv::Latest { &[] } else { self.v1_41 };
        let is_wanted = |name: &str| latest.contains(&name) || older.contains(&name);
        attributes.retain(|attribute| {
            let name = attribute.key.as_str();
            is_wanted(name) || !self.heard.contains(&name)
        });
        for name in latest.iter().chain(older) {
            if attributes.iter().all(|attribute| attribute.key.as_str() != *name) {
                let value = if *name == TOP_K { as_float(&value) } else { value.clone() };
                attributes.push(KeyValue::new(*name, value));
            }
        }
    }
}

/// A whole number since the latest generation.
fn top_k(value: &Value, semconv: Semconv) -> Value {
    match value {
        Value::F64(number) if semconv != Semconv::V1_41 && number.fract() == 0.0 && number.abs() < 1e15 => {
            #[expect(clippy::cast_possible_truncation, reason = "a whole number below 10^15 fits")]
            let whole = *number as i64;
            Value::I64(whole)
        }
        value if semconv == Semconv::V1_41 => as_float(value),
        value => value.clone(),
    }
}

fn as_float(value: &Value) -> Value {
    match value {
        #[expect(clippy::cast_precision_loss, reason = "nobody samples from 2^53 tokens")]
        Value::I64(number) => Value::F64(*number as f64),
        value => value.clone(),
    }
}

/// Whether a field is a list, which came as a text.
pub(crate) const fn is_list(field: Field) -> bool {
    matches!(field, Field::FinishReasons | Field::StopSequences | Field::EncodingFormats)
}

/// The list that a text stands for: JSON, or parts between commas.
pub(crate) fn list(field: Field, text: &str) -> Value {
    let parts: Vec<String> = match serde_json::from_str(text) {
        Ok(parts) => parts,
        Err(_) => text.split(',').map(|part| part.trim().to_owned()).collect(),
    };
    let part = |part: String| match part.as_str() {
        "" if field == Field::FinishReasons => StringValue::from(BROKEN),
        _ => part.into(),
    };
    Value::Array(Array::String(parts.into_iter().map(part).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spoken(semconv: Semconv, attributes: &[(&'static str, Value)]) -> Vec<KeyValue> {
        let mut attributes: Vec<KeyValue> =
            attributes.iter().map(|(key, value)| KeyValue::new(*key, value.clone())).collect();
        speak(&mut attributes, semconv);
        attributes.sort_by(|left, right| left.key.cmp(&right.key));
        attributes
    }

    #[test]
    fn a_fact_has_the_names_of_its_generation_and_no_others() {
        let facts = [
            ("gen_ai.provider.name", Value::from("anthropic")),
            ("gen_ai.usage.cache_write.input_tokens", Value::I64(7)),
            ("gen_ai.request.top_k", Value::I64(40)),
        ];
        let older = ("gen_ai.system", "anthropic");
        assert_eq!(
            spoken(Semconv::Latest, &facts),
            [
                KeyValue::new("gen_ai.provider.name", "anthropic"),
                KeyValue::new("gen_ai.request.top_k", 40),
                KeyValue::new("gen_ai.usage.cache_write.input_tokens", 7),
            ]
        );
        assert_eq!(
            spoken(Semconv::V1_41, &facts),
            [
                KeyValue::new("gen_ai.provider.name", "anthropic"),
                KeyValue::new("gen_ai.request.top_k", 40.0),
                KeyValue::new(older.0, older.1),
                KeyValue::new("gen_ai.usage.cache_creation.input_tokens", 7),
            ]
        );
        assert_eq!(
            spoken(Semconv::Both, &facts),
            [
                KeyValue::new("gen_ai.provider.name", "anthropic"),
                KeyValue::new("gen_ai.request.top_k", 40),
                KeyValue::new(older.0, older.1),
                KeyValue::new("gen_ai.usage.cache_creation.input_tokens", 7),
                KeyValue::new("gen_ai.usage.cache_write.input_tokens", 7),
            ]
        );
    }

    #[test]
    fn what_comes_under_an_older_name_leaves_under_that_of_the_generation() {
        let facts = [
            ("gen_ai.system", Value::from("openai")),
            ("gen_ai.usage.cache_creation.input_tokens", Value::I64(7)),
            ("gen_ai.request.top_k", Value::F64(40.0)),
        ];
        assert_eq!(
            spoken(Semconv::Latest, &facts),
            [
                KeyValue::new("gen_ai.provider.name", "openai"),
                KeyValue::new("gen_ai.request.top_k", 40),
                KeyValue::new("gen_ai.usage.cache_write.input_tokens", 7),
            ]
        );
    }

    #[test]
    fn a_retrieval_asks_for_as_many_documents_in_both_generations() {
        let facts = [("gen_ai.retrieval.top_k", Value::I64(8))];
        assert_eq!(spoken(Semconv::V1_41, &facts), [KeyValue::new(TOP_K, 8.0)]);
        assert_eq!(
            spoken(Semconv::Both, &facts),
            [KeyValue::new(TOP_K, 8.0), KeyValue::new("gen_ai.retrieval.top_k", 8)]
        );
    }

    #[test]
    fn a_list_is_read_from_json_and_from_parts_between_commas() {
        let list = |field, text| list(field, text);
        let of = |parts: &[&'static str]| {
            Value::Array(Array::String(parts.iter().map(|part| (*part).into()).collect()))
        };
        assert_eq!(list(Field::FinishReasons, "stop, length"), of(&["stop", "length"]));
        assert_eq!(list(Field::FinishReasons, "stop,,length"), of(&["stop", "error", "length"]));
        assert_eq!(list(Field::FinishReasons, r#"["stop","tool_call"]"#), of(&["stop", "tool_call"]));
        assert_eq!(list(Field::StopSequences, r#"["\n,",",\u0000"]"#), of(&["\n,", ",\0"]));
        assert_eq!(list(Field::StopSequences, "[broken"), of(&["[broken"]));
    }
}
