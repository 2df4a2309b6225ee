//! The last hand on a span before it is exported.

use std::{sync::Arc, time::Duration};

use flowspan_model::{Field, Semconv};
use flowspan_span::{EndedSpan, MAX_ATTRIBUTES, Made, SpanSink, keep_last, speak};
use opentelemetry::{Array, Context, KeyValue, StringValue, Value};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{Span, SpanData, SpanProcessor},
};

use crate::links::Links;

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
    sinks: Arc<[Box<dyn SpanSink>]>,
    links: Links,
    semconv: Semconv,
}

impl Normalizer {
    /// Hands every span to all of these processors.
    pub fn new(processors: Vec<Box<dyn SpanProcessor>>) -> Self {
        Normalizer::of_sinks(processors.into_iter().map(|processor| Box::new(Made(processor)) as _).collect())
    }

    /// Hands every span to all of these sinks. They get the spans of the native engine in the form in which
    /// they wait.
    pub fn of_sinks(sinks: Vec<Box<dyn SpanSink>>) -> Self {
        Normalizer { sinks: sinks.into(), semconv: Semconv::default(), links: Links::default() }
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

    /// The generation of the GenAI convention in which spans go out.
    pub(crate) fn speaks(&self) -> Semconv {
        self.semconv
    }

    /// Hands on a span of the native engine, which is in its final form or will be when it is made.
    #[inline]
    pub(crate) fn take(&self, span: EndedSpan) {
        self.hand_on(span, |sink, span| sink.wants(span), |sink, span| sink.take(span));
    }

    /// Where links come from.
    pub(crate) fn links(&self) -> &Links {
        &self.links
    }

    #[inline(always)]
    fn hand_on<T: Clone>(
        &self,
        span: T,
        wants: impl Fn(&dyn SpanSink, &T) -> bool,
        to: impl Fn(&dyn SpanSink, T),
    ) {
        let Some((last, others)) = self.sinks.split_last() else { return };
        for sink in others.iter().filter(|sink| wants(sink.as_ref(), &span)) {
            to(sink.as_ref(), span.clone());
        }
        to(last.as_ref(), span);
    }

    fn each(&self, mut action: impl FnMut(&dyn SpanSink) -> OTelSdkResult) -> OTelSdkResult {
        // All are asked, the first failure is told.
        self.sinks.iter().map(|sink| action(sink.as_ref())).fold(Ok(()), Result::and)
    }
}

impl SpanProcessor for Normalizer {
    fn on_start(&self, span: &mut Span, context: &Context) {
        for sink in self.sinks.iter() {
            sink.on_start(span, context);
        }
    }

    fn on_end(&self, mut span: SpanData) {
        withdraw(&mut span.attributes);
        // First what came last: only one value of a key counts, and it has to be named before it can be
        // told whether it is of the same key.
        let dropped = keep_last(&mut span.attributes, MAX_ATTRIBUTES);
        span.dropped_attributes_count = span.dropped_attributes_count.saturating_add(dropped);
        speak(&mut span.attributes, self.semconv);
        self.links.add(&mut span);
        self.hand_on(span, |_, _| true, |sink, span| sink.on_end(span));
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.each(|sink| sink.force_flush())
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.each(|sink| sink.shutdown_with_timeout(timeout))
    }

    /// Tells the processors whom the spans are from. Comes too late when there are clones.
    fn set_resource(&mut self, resource: &Resource) {
        for sink in Arc::get_mut(&mut self.sinks).into_iter().flatten() {
            sink.set_resource(resource);
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
