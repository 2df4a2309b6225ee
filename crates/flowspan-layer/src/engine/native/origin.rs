//! Where a new span stands in a trace, and whether it is kept.

use opentelemetry::{
    Context as OtelContext, KeyValue,
    trace::{SpanContext, SpanId, SpanKind, TraceContextExt, TraceFlags, TraceState},
};
use opentelemetry_sdk::trace::{IdGenerator, RandomIdGenerator, Sampler, SamplingDecision, ShouldSample};
use tracing::{Subscriber, span::Attributes};
use tracing_subscriber::registry::LookupSpan;

use super::{
    Native, Spans,
    here::Visible,
    record::{Origin, Record, Shared, State},
    visible,
};

impl<S> Native<S>
where
    S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
{
    /// Decides about a span inside another one. Attributes need not be built first: no sampler of the
    /// SDK looks at those of a child, which it judges by its parent or its trace.
    pub(super) fn decide_inside(
        &self,
        attributes: &Attributes<'_>,
        parent: &Shared,
        innermost: Option<Visible>,
        origin: &mut Origin,
    ) {
        let name = attributes.metadata().name();
        let ask = |context: &OtelContext, parent| {
            self.traces.origin(context, parent, name, &SpanKind::Internal, &[])
        };
        if !attributes.is_contextual() {
            self.settle(parent);
            let context = parent.context(&mut parent.state());
            *origin = ask(&context, None);
            return;
        }
        // Lent, because what is handed over is moved first, as soon as it is there.
        OtelContext::map_current(&mut |current: &OtelContext| {
            // Spans in a trace that is not kept are hidden from OpenTelemetry; the parent may be hidden.
            let is_around = innermost == Some(visible(current.span().span_context().span_id()));
            match is_around {
                true if self.traces.goes_by_parent() && !current.is_telemetry_suppressed() => {
                    self.traces.child(parent.fixed(), origin);
                }
                true => *origin = ask(current, Some(parent.fixed().span_id())),
                // Another span is the current one, made through the OpenTelemetry API.
                false => *origin = ask(current, None),
            }
        });
    }

    /// Decides about a span inside no other before its attributes are built, if the sampler does not
    /// look at them.
    pub(super) fn decide_early(&self, attributes: &Attributes<'_>) -> Option<Origin> {
        let may_look = matches!(self.traces.spans.sampler, Sampler::ParentBased(_));
        (!may_look).then(|| {
            let name = attributes.metadata().name();
            self.traces.origin(&around(attributes), None, name, &SpanKind::Internal, &[])
        })
    }

    /// Decides about a span inside no other with its attributes at hand, and forgets them if it is not
    /// kept.
    pub(super) fn decide_late(&self, attributes: &Attributes<'_>, state: &mut State) -> Origin {
        let origin = self.traces.origin_of(state, &around(attributes), None);
        if !origin.is_recording {
            state.forget_attributes();
        }
        origin
    }
}

/// The context around a span that is inside no other of this engine.
fn around(attributes: &Attributes<'_>) -> OtelContext {
    if attributes.is_contextual() { OtelContext::current() } else { OtelContext::new() }
}

/// Another span of the same trace, kept if this one is. Few traces have a state of their vendors; where there is
/// none, the whole is written where it stays, and not copied there.
#[inline(always)]
fn sibling(of: &SpanContext, own: SpanId) -> SpanContext {
    let (trace, flags) = (of.trace_id(), of.trace_flags());
    match *of.trace_state() == TraceState::NONE {
        true => SpanContext::new(trace, own, flags, false, TraceState::NONE),
        false => SpanContext::new(trace, own, flags, false, of.trace_state().clone()),
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

    /// Whether a span is kept just if its parent is: the sampler asks for the trace or for the parent,
    /// and for nothing else.
    fn goes_by_parent(&self) -> bool {
        matches!(
            self.spans.sampler,
            Sampler::AlwaysOn | Sampler::AlwaysOff | Sampler::TraceIdRatioBased(_) | Sampler::ParentBased(_)
        )
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
            return Origin { is_recording: false, ..Origin::undecided() };
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

    /// The origin of a child that is kept if its parent is. Written where it stays: it is large.
    #[inline]
    fn child(&self, parent: &SpanContext, origin: &mut Origin) {
        let own = self.ids.new_span_id();
        // `Record::clear` has left nothing in it that had to be dropped first.
        std::mem::forget(std::mem::replace(&mut origin.context, sibling(parent, own)));
        origin.parent = parent.span_id();
        origin.parent_is_remote = false;
        origin.is_recording = parent.is_sampled();
    }

    /// Asks the sampler about a span of which this much is known.
    fn origin_of(&self, state: &State, context: &OtelContext, parent: Option<SpanId>) -> Origin {
        self.origin(context, parent, state.first_name, &state.kind, &state.attributes_so_far())
    }

    /// Makes a span that has not started a child of the span in this context. The sampler is asked
    /// again.
    pub(super) fn replace_parent(&self, record: &Record, parent: &OtelContext) {
        // The sampler may be anybody's, and so may be what a context holds: nothing is locked meanwhile.
        let (name, kind, attributes) = {
            let state = record.state();
            (state.first_name, state.kind.clone(), state.attributes_so_far())
        };
        let origin = self.origin(parent, None, name, &kind, &attributes);
        // What else is in the context, such as baggage, goes on.
        drop(record.replace_origin(origin, parent.clone()));
    }
}
