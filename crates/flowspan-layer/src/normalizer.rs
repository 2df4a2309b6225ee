//! The last hand on a span before it is exported.

use std::{sync::Arc, time::Duration};

use flowspan_model::{Field, Semconv};
use opentelemetry::{Array, Context, KeyValue, StringValue, Value};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{Span, SpanData, SpanProcessor},
};

use crate::{convention::speak, links::Links};

/// How many attributes a span may have: the default of the specification. The SDK cuts a span at its
/// own limit, but a span need not come from the SDK.
const MAX_ATTRIBUTES: usize = 128;

/// Puts ended spans into their final form and hands them to the processors behind it.
///
/// - An attribute that was set several times stands once, with its last value.
/// - Reductions, attempts and resumed runs are linked to what they go back to.
/// - Attributes of the GenAI convention get the names and types of the [generation](Normalizer::semconv)
///   that the program speaks; finish reasons and their like, which `tracing` can only carry as texts,
///   become lists.
///
/// It has to be the only processor of its provider, so that every exporter sees the same spans.
/// Clones are the same normalizer: one goes to the provider, for the spans that are made through the
/// OpenTelemetry API, the other to the native engine.
#[derive(Clone, Debug)]
pub struct Normalizer {
    processors: Arc<[Box<dyn SpanProcessor>]>,
    links: Links,
    semconv: Semconv,
}

impl Normalizer {
    /// Hands every span to all of these processors.
    pub fn new(processors: Vec<Box<dyn SpanProcessor>>) -> Self {
        Normalizer { processors: processors.into(), semconv: Semconv::default(), links: Links::default() }
    }

    /// Speaks this generation of the GenAI convention. Default: [`Semconv::Latest`].
    #[must_use]
    pub fn semconv(mut self, semconv: Semconv) -> Self {
        self.semconv = semconv;
        self
    }

    /// Adds no link to a span that has as many. Default: 128, as in the specification.
    #[must_use]
    pub fn max_links(mut self, most: u32) -> Self {
        self.links = Links::at_most(most);
        self
    }

    /// Takes a span of the native engine, which has each key once already and speaks the latest
    /// generation, and hands it on.
    pub(crate) fn take(&self, mut span: SpanData) {
        if self.semconv != Semconv::Latest {
            speak(&mut span.attributes, self.semconv);
        }
        self.hand_on(span);
    }

    /// Where links come from.
    pub(crate) fn links(&self) -> &Links {
        &self.links
    }

    #[inline(always)]
    fn hand_on(&self, span: SpanData) {
        let Some((last, others)) = self.processors.split_last() else { return };
        for processor in others {
            processor.on_end(span.clone());
        }
        last.on_end(span);
    }

    fn each(&self, mut action: impl FnMut(&dyn SpanProcessor) -> OTelSdkResult) -> OTelSdkResult {
        // All are asked, the first failure is told.
        self.processors.iter().map(|processor| action(processor.as_ref())).fold(Ok(()), Result::and)
    }
}

impl SpanProcessor for Normalizer {
    fn on_start(&self, span: &mut Span, context: &Context) {
        for processor in self.processors.iter() {
            processor.on_start(span, context);
        }
    }

    fn on_end(&self, mut span: SpanData) {
        withdraw(&mut span.attributes);
        // First what came last: only one value of a key counts, and it has to be named before it can be
        // told whether it is of the same key.
        let dropped = keep_last(&mut span.attributes);
        span.dropped_attributes_count = span.dropped_attributes_count.saturating_add(dropped);
        speak(&mut span.attributes, self.semconv);
        self.links.add(&mut span);
        self.hand_on(span);
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.each(|processor| processor.force_flush())
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.each(|processor| processor.shutdown_with_timeout(timeout))
    }

    /// Tells the processors whom the spans are from. Comes too late when there are clones.
    fn set_resource(&mut self, resource: &Resource) {
        for processor in Arc::get_mut(&mut self.processors).into_iter().flatten() {
            processor.set_resource(resource);
        }
    }
}

/// Names attributes that are to be taken away again, which the API cannot do. Never leaves the process.
const WITHDRAWN: &str = "flowspan.internal.withdrawn";

/// The attribute that takes others away from its span.
pub(crate) fn withdrawn(fields: &[Field]) -> KeyValue {
    let keys = fields.iter().map(|field| StringValue::from(field.key())).collect();
    KeyValue::new(WITHDRAWN, Value::Array(Array::String(keys)))
}

/// Takes away what is withdrawn.
fn withdraw(attributes: &mut Vec<KeyValue>) {
    let Some(place) = attributes.iter().position(|attribute| attribute.key.as_str() == WITHDRAWN) else {
        return;
    };
    if let Value::Array(Array::String(keys)) = attributes.remove(place).value {
        attributes.retain(|attribute| keys.iter().all(|key| key.as_str() != attribute.key.as_str()));
    }
}

/// Keeps the last value of each key, at the place of the first.
pub(crate) fn unique(attributes: &mut Vec<KeyValue>) -> u32 {
    keep_last(attributes)
}

/// Keeps the last value of each key, at the place of the first, and no more than [`MAX_ATTRIBUTES`]
/// keys. Gives the number of attributes that found no place.
///
/// The lists are short, so comparing is cheaper than hashing; the limit keeps it so.
fn keep_last(attributes: &mut Vec<KeyValue>) -> u32 {
    let (mut kept, mut dropped) = (0, 0);
    for index in 0..attributes.len() {
        let (before, rest) = attributes.split_at_mut(index);
        match before[..kept].iter_mut().find(|earlier| earlier.key == rest[0].key) {
            Some(earlier) => std::mem::swap(&mut earlier.value, &mut rest[0].value),
            None if kept < MAX_ATTRIBUTES => {
                attributes.swap(kept, index);
                kept += 1;
            }
            None => dropped += 1,
        }
    }
    attributes.truncate(kept);
    dropped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_value_of_a_key_stands_at_the_place_of_the_first() {
        let mut attributes =
            vec![KeyValue::new("a", 1), KeyValue::new("b", 1), KeyValue::new("a", 2), KeyValue::new("c", 3)];
        keep_last(&mut attributes);
        assert_eq!(attributes, [KeyValue::new("a", 2), KeyValue::new("b", 1), KeyValue::new("c", 3)]);
    }

    #[test]
    fn what_is_beyond_the_limit_is_dropped_and_counted() {
        let many = (0..10_000).map(|index| KeyValue::new(format!("key {}", index % 5_000), index));
        let mut attributes: Vec<KeyValue> = many.collect();
        assert_eq!(keep_last(&mut attributes), 2 * (5_000 - 128));
        assert_eq!(attributes.len(), 128);
        assert_eq!(attributes[0], KeyValue::new("key 0", 5_000));
    }
}
