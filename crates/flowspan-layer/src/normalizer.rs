//! The last hand on a span before it is exported.

use std::time::Duration;

use flowspan_model::Field;
use opentelemetry::{Array, Context, KeyValue, StringValue, Value};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{Span, SpanData, SpanProcessor},
};

/// Puts ended spans into their final form and hands them to the processors behind it.
///
/// - An attribute that was set several times stands once, with its last value.
/// - Finish reasons, which `tracing` can only carry as a text, become the list that the GenAI
///   conventions ask for.
///
/// It has to be the only processor of its provider, so that every exporter sees the same spans.
#[derive(Debug)]
pub struct Normalizer {
    processors: Vec<Box<dyn SpanProcessor>>,
}

impl Normalizer {
    /// Hands every span to all of these processors.
    pub fn new(processors: Vec<Box<dyn SpanProcessor>>) -> Self {
        Normalizer { processors }
    }

    fn each(&self, mut action: impl FnMut(&dyn SpanProcessor) -> OTelSdkResult) -> OTelSdkResult {
        // All are asked, the first failure is told.
        self.processors.iter().map(|processor| action(processor.as_ref())).fold(Ok(()), Result::and)
    }
}

impl SpanProcessor for Normalizer {
    fn on_start(&self, span: &mut Span, context: &Context) {
        for processor in &self.processors {
            processor.on_start(span, context);
        }
    }

    fn on_end(&self, mut span: SpanData) {
        let Some((last, others)) = self.processors.split_last() else { return };
        normalize(&mut span.attributes);
        for processor in others {
            processor.on_end(span.clone());
        }
        last.on_end(span);
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.each(|processor| processor.force_flush())
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.each(|processor| processor.shutdown_with_timeout(timeout))
    }

    fn set_resource(&mut self, resource: &Resource) {
        for processor in &mut self.processors {
            processor.set_resource(resource);
        }
    }
}

fn normalize(attributes: &mut Vec<KeyValue>) {
    keep_last(attributes);
    for attribute in attributes {
        if attribute.key.as_str() == Field::FinishReasons.key()
            && let Value::String(reasons) = &attribute.value
        {
            let reasons: Vec<StringValue> =
                reasons.as_str().split(',').map(|reason| reason.trim().to_owned().into()).collect();
            attribute.value = Value::Array(Array::String(reasons));
        }
    }
}

/// Keeps the last value of each key, at the place of the first.
///
/// The lists are short, so comparing is cheaper than hashing; the SDK's limit of attributes bounds
/// them.
fn keep_last(attributes: &mut Vec<KeyValue>) {
    let mut kept = 0;
    for index in 0..attributes.len() {
        match (0..kept).find(|earlier| attributes[*earlier].key == attributes[index].key) {
            Some(earlier) => attributes[earlier].value = attributes[index].value.clone(),
            None => {
                attributes.swap(kept, index);
                kept += 1;
            }
        }
    }
    attributes.truncate(kept);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_value_of_a_key_stands_at_the_place_of_the_first() {
        let mut attributes =
            vec![KeyValue::new("a", 1), KeyValue::new("b", 1), KeyValue::new("a", 2), KeyValue::new("c", 3)];
        normalize(&mut attributes);
        assert_eq!(attributes, [KeyValue::new("a", 2), KeyValue::new("b", 1), KeyValue::new("c", 3)]);
    }

    #[test]
    fn finish_reasons_become_a_list() {
        let mut attributes = vec![KeyValue::new(Field::FinishReasons.key(), "stop, length")];
        normalize(&mut attributes);
        assert_eq!(attributes[0].value, Value::Array(Array::String(vec!["stop".into(), "length".into()])));
    }
}
