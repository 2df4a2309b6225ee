//! What the native engine is given.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use flowspan_span::keep_scope;
use opentelemetry::InstrumentationScope;
use opentelemetry_sdk::trace::{Sampler, SpanLimits};

use crate::normalizer::Normalizer;

/// What the native engine needs to make spans.
///
/// ```
/// use flowspan_layer::{Normalizer, Spans};
/// use opentelemetry_sdk::trace::{InMemorySpanExporter, Sampler, SimpleSpanProcessor};
///
/// let processor = SimpleSpanProcessor::new(InMemorySpanExporter::default());
/// let spans = Spans::new(Normalizer::new(vec![Box::new(processor)]))
///     .sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(0.1))));
/// # drop(spans);
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Spans {
    pub(super) normalizer: Normalizer,
    pub(super) sampler: Sampler,
    pub(super) limits: SpanLimits,
    pub(super) scope: &'static InstrumentationScope,
    pub(super) unheard: Unheard,
}

/// Counts the spans that were not heard because a quarter of a million others were open.
///
/// Such a span is neither exported nor measured; what is inside it belongs to the span around it. Clones
/// count the same.
#[derive(Clone, Debug, Default)]
pub struct Unheard(Arc<AtomicU64>);

impl Unheard {
    /// How many there were.
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    #[cold]
    pub(super) fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Spans {
    /// Hands ended spans to the processors behind this normalizer. Their `on_start` is not called:
    /// there is no span of the SDK that they could be given.
    pub fn new(normalizer: Normalizer) -> Self {
        Spans {
            normalizer,
            sampler: Sampler::ParentBased(Box::new(Sampler::AlwaysOn)),
            limits: SpanLimits::default(),
            scope: keep_scope(InstrumentationScope::builder("flowspan").build()),
            unheard: Unheard::default(),
        }
    }

    /// Counts the spans that are not heard.
    pub fn unheard(&self) -> Unheard {
        self.unheard.clone()
    }

    /// Decides which spans are kept. Default: as the parent, and every root.
    pub fn sampler(mut self, sampler: Sampler) -> Self {
        self.sampler = sampler;
        self
    }

    /// How much one span may hold. Default: the limits of the specification, 128 of each kind.
    pub fn limits(mut self, limits: SpanLimits) -> Self {
        self.limits = limits;
        self
    }

    /// The instrumentation scope of the spans. Default: `flowspan`.
    pub fn scope(mut self, scope: InstrumentationScope) -> Self {
        self.scope = keep_scope(scope);
        self
    }
}
