//! Where a new span stands in a trace, and whether it is kept.

use std::sync::Arc;

use opentelemetry::{
    Context as OtelContext, KeyValue,
    trace::{SpanContext, SpanId, SpanKind, TraceContextExt, TraceFlags},
};
use opentelemetry_sdk::trace::{IdGenerator, RandomIdGenerator, Sampler, SamplingDecision, ShouldSample};
use tracing::{Subscriber, span::Attributes};
use tracing_subscriber::registry::LookupSpan;

use super::{
    Native, Spans,
    record::{Life, Origin, Record, State},
};

/// What holds until the sampler has decided: attributes are kept.
pub(super) fn undecided() -> Origin {
    Origin {
        context: SpanContext::empty_context(),
        parent: SpanId::INVALID,
        parent_is_remote: false,
        is_recording: true,
        attributes: Vec::new(),
    }
}

impl<S> Native<S>
where
    S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
{
    /// Decides before attributes are built, where the sampler does not look at them: for children,
    /// which every sampler of the SDK judges by their parent or their trace.
    pub(super) fn decide_early(
        &self,
        attributes: &Attributes<'_>,
        parent: Option<&Arc<Record>>,
        visible: Option<SpanId>,
    ) -> Option<Origin> {
        let sampler_is_blind = match &self.traces.spans.sampler {
            Sampler::AlwaysOn | Sampler::AlwaysOff | Sampler::TraceIdRatioBased(_) => true,
            Sampler::ParentBased(_) => parent.is_some(),
            // Features of the SDK add samplers, which may look.
            _ => false,
        };
        sampler_is_blind.then(|| {
            let name = attributes.metadata().name();
            self.at(attributes, parent, visible, |context, parent| {
                self.traces.origin(context, parent, name, &SpanKind::Internal, &[])
            })
        })
    }

    /// Decides with the attributes at hand, and forgets them if the span is not kept.
    pub(super) fn decide_late(
        &self,
        attributes: &Attributes<'_>,
        parent: Option<&Arc<Record>>,
        visible: Option<SpanId>,
        state: &mut State,
    ) {
        state.origin = self.at(attributes, parent, visible, |context, parent| {
            let so_far = state.attributes_so_far();
            self.traces.origin(context, parent, state.first_name(), &state.kind, &so_far)
        });
        if !state.origin.is_recording {
            state.forget_attributes();
        }
    }

    /// Finds the context around a new span. The current one counts, unless the span names another
    /// parent or none.
    fn at(
        &self,
        attributes: &Attributes<'_>,
        parent: Option<&Arc<Record>>,
        visible: Option<SpanId>,
        decide: impl FnOnce(&OtelContext, Option<SpanId>) -> Origin,
    ) -> Origin {
        if attributes.is_contextual() && parent.is_none() {
            // A sampler of somebody's own may be asked; it may look at the current context itself.
            return decide(&OtelContext::current(), None);
        }
        if attributes.is_contextual() {
            return OtelContext::map_current(|current| {
                // Spans in a trace that is not kept are hidden from OpenTelemetry; the parent is the
                // hidden one.
                let seen = current.span().span_context().span_id();
                let hidden = parent.filter(|_| visible == Some(seen));
                decide(current, hidden.map(|parent| parent.state().origin.context.span_id()))
            });
        }
        match parent {
            Some(parent) => {
                self.settle(parent);
                decide(&parent.context().0, None)
            }
            None => decide(&OtelContext::new(), None),
        }
    }
}

/// Decides about spans.
#[derive(Debug)]
pub(super) struct Traces {
    pub(super) spans: Spans,
    ids: RandomIdGenerator,
}

impl Traces {
    pub(super) fn new(spans: Spans) -> Self {
        Traces { spans, ids: RandomIdGenerator::default() }
    }

    /// Asks the sampler. `parent` is the parent's span, if it is not the one in the context.
    pub(super) fn origin(
        &self,
        context: &OtelContext,
        parent: Option<SpanId>,
        name: &str,
        kind: &SpanKind,
        attributes: &[KeyValue],
    ) -> Origin {
        if context.is_telemetry_suppressed() {
            return Origin { is_recording: false, ..undecided() };
        }
        let around = context.span();
        let around = Some(around.span_context()).filter(|around| around.is_valid());
        let trace = around.map_or_else(|| self.ids.new_trace_id(), SpanContext::trace_id);
        let result = self.spans.sampler.should_sample(Some(context), trace, name, kind, attributes, &[]);
        let before = around.map_or(TraceFlags::NOT_SAMPLED, SpanContext::trace_flags);
        let (is_recording, flags) = match result.decision {
            SamplingDecision::Drop => (false, TraceFlags::NOT_SAMPLED),
            SamplingDecision::RecordOnly => (true, before.with_sampled(false)),
            SamplingDecision::RecordAndSample => (true, before.with_sampled(true)),
        };
        let own = self.ids.new_span_id();
        Origin {
            context: SpanContext::new(trace, own, flags, false, result.trace_state),
            parent: parent.or(around.map(SpanContext::span_id)).unwrap_or(SpanId::INVALID),
            parent_is_remote: around.is_some_and(SpanContext::is_remote),
            is_recording,
            attributes: result.attributes,
        }
    }

    /// Makes a span that has not started a child of the span in this context. The sampler is asked
    /// again.
    pub(super) fn replace_parent(&self, record: &Record, parent: &OtelContext) {
        let mut state = record.state();
        if state.life == Life::Open {
            let so_far = state.attributes_so_far();
            state.origin = self.origin(parent, None, state.first_name(), &state.kind, &so_far);
            // What else is in the context, such as baggage, goes on.
            state.around = Some(parent.clone());
        }
    }
}
