//! The engine on top of `tracing-opentelemetry`, with the observations beside its spans.

use std::{any::TypeId, sync::Arc};

use flowspan_model::{Event as ModelEvent, EventSink, Field, Fields, Kind, SpanIds};
use flowspan_span::of_value;
use opentelemetry::{Key, KeyValue, trace::SpanId};
use opentelemetry_sdk::trace::SdkTracer;
use tracing::{
    Dispatch, Event, Level, Subscriber,
    span::{Attributes, Id, Record},
};
use tracing_subscriber::{
    Layer,
    layer::Context,
    registry::{LookupSpan, SpanRef},
};

use super::{
    SpanEngine, is_inside, occurred,
    tracing_opentelemetry::{Ending, TracingOpenTelemetry},
};
use crate::{
    accounting::{self, Accounting, Sums},
    callsites::{self, Plan},
    content::Contents,
    dialects::{Dialect, Dialects, attributes_of},
    names::{names_its_agent, span_name},
    observation::Observation,
};

/// See the [module](self).
pub(crate) struct Compatible<S> {
    spans: TracingOpenTelemetry<S>,
    events: Arc<dyn EventSink>,
    dialects: Dialects,
    accounting: Accounting,
}

impl<S> Compatible<S>
where
    S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
{
    pub(crate) fn new(tracer: SdkTracer, events: Arc<dyn EventSink>) -> Self {
        Compatible {
            spans: TracingOpenTelemetry::new(tracer),
            events,
            dialects: Dialects::default(),
            accounting: Accounting::default(),
        }
    }

    /// Begins the work of a span, if it is one of the vocabulary and has not begun yet.
    fn begin(&self, span: &SpanRef<'_, S>) {
        let waits = |span: &SpanRef<'_, S>| {
            span.extensions().get::<Observation>().is_some_and(|observation| observation.ids().is_none())
        };
        if !waits(span) {
            return;
        }
        let mut ids = self.spans.ids(&span.id());
        let outer = nearest(span.parent());
        let event = {
            let mut extensions = span.extensions_mut();
            let Some(observation) = extensions.get_mut::<Observation>() else { return };
            if let Some((fields, outer_ids)) = outer {
                observation.inherit(&fields);
                ids.parent = Some(outer_ids.span);
            }
            observation.start(ids)
        };
        if let Some(event) = event {
            self.events.event(&event);
        }
    }

    /// The work of a span that has begun before anybody knew that it is work.
    fn restart(&self, span: &SpanRef<'_, S>) {
        let mut extensions = span.extensions_mut();
        let ids = extensions.get_mut::<Observation>().and_then(Observation::forget_start);
        drop(extensions);
        if ids.is_some() {
            self.begin(span);
        }
    }

    /// Something of the vocabulary happened.
    fn occur(&self, event: &Event<'_>, kind: Kind, plan: &Plan, context: &Context<'_, S>) {
        let mut told = occurred(event, kind, plan);
        if let Some((outer, ids)) = nearest(context.event_span(event)) {
            is_inside(&mut told, &outer, ids);
        }
        self.events.event(&told);
    }
}

/// The nearest span of the vocabulary, from this one outwards: what it says and where it stands.
fn nearest<'span, R>(from: Option<SpanRef<'span, R>>) -> Option<(Fields, SpanIds)>
where
    R: LookupSpan<'span>,
{
    from?.scope().find_map(|span| {
        let extensions = span.extensions();
        let observation = extensions.get::<Observation>().filter(|known| known.kind().is_some())?;
        Some((observation.fields().clone(), observation.ids().unwrap_or_default()))
    })
}

/// Adds sums to those of the nearest span of the vocabulary.
fn pass_on<'span, R>(around: Option<SpanRef<'span, R>>, sums: &Sums)
where
    R: LookupSpan<'span>,
{
    for span in around.into_iter().flat_map(|around| around.scope()) {
        if let Some(observation) = span.extensions_mut().get_mut::<Observation>() {
            observation.add(sums);
            return;
        }
    }
}

/// What is known of a span by its end alone, as attributes: what the accounting has left or added, and the
/// agent around it if it shall stand there.
fn settled(event: &ModelEvent) -> Vec<KeyValue> {
    let agent: &[Field] = if names_its_agent(event.kind) { &[Field::AgentName] } else { &[] };
    let settled = accounting::ADDED.iter().copied().chain([accounting::CHANGED, agent]).flatten();
    let known = settled.filter_map(|field| Some((*field, event.fields.get(*field)?)));
    known
        .map(|(field, value)| KeyValue::new(Key::from_static_str(field.key()), of_value(field, value)))
        .collect()
}

impl<S> SpanEngine<S> for Compatible<S>
where
    S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
{
    fn account_by(&mut self, accounting: Accounting) {
        self.accounting = accounting;
    }

    fn register(&self, dispatch: &Dispatch) {
        self.spans.register(dispatch);
    }

    fn understand(&mut self, dialect: Dialect) {
        self.dialects = self.dialects.with(dialect);
    }

    fn show(&mut self, contents: Contents) {
        self.spans.contents = contents;
    }

    fn new_span(&self, attributes: &Attributes<'_>, id: &Id, context: &Context<'_, S>) {
        let plan = callsites::plan(attributes.metadata(), &self.dialects);
        let mut observation = plan.may_be_work().then(|| Observation::new(plan));
        if let Some(observation) = &mut observation {
            observation.record(&self.spans.contents, |visitor| attributes.record(visitor));
        }
        match &observation {
            Some(foreign) if foreign.is_foreign() => {
                self.spans.new_foreign_span(attributes, id, &foreign.span_kind(), context.clone());
            }
            _ => self.spans.on_new_span(attributes, id, context.clone()),
        }
        if let (Some(observation), Some(span)) = (observation, context.span(id)) {
            span.extensions_mut().insert(observation);
        }
    }

    fn record(&self, id: &Id, values: &Record<'_>, context: &Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let foreign = {
            let mut extensions = span.extensions_mut();
            let observation = extensions.get_mut::<Observation>();
            observation.and_then(|observation| {
                let before = observation.span_kind();
                let starts = observation.record(&self.spans.contents, |visitor| values.record(visitor));
                let kind = observation.span_kind();
                observation.is_foreign().then(|| (starts, (kind != before).then_some(kind)))
            })
        };
        match foreign {
            None => self.spans.on_record(id, values, context.clone()),
            Some((starts, kind)) => {
                if let Some(kind) = kind {
                    self.spans.set_span_kind(id, &kind, context.clone());
                }
                if starts {
                    self.restart(&span);
                }
            }
        }
    }

    fn follows_from(&self, id: &Id, follows: &Id, context: &Context<'_, S>) {
        self.spans.on_follows_from(id, follows, context.clone());
    }

    fn event(&self, event: &Event<'_>, context: &Context<'_, S>) {
        let plan = callsites::plan(event.metadata(), &self.dialects);
        if !plan.is_repetition {
            self.spans.add_event(event, context.clone());
        }
        if *event.metadata().level() == Level::ERROR
            && let Some(span) = context.event_span(event)
            && let Some(observation) = span.extensions_mut().get_mut::<Observation>()
        {
            observation.fail();
        }
        if let Some(kind) = plan.kind {
            self.occur(event, kind, plan, context);
        }
    }

    fn enter(&self, id: &Id, context: &Context<'_, S>) {
        self.spans.on_enter(id, context.clone());
        if let Some(span) = context.span(id) {
            self.begin(&span);
        }
    }

    fn exit(&self, id: &Id, context: &Context<'_, S>) {
        self.spans.on_exit(id, context.clone());
    }

    fn close(&self, id: &Id, context: &Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let begun = span.extensions().get::<Observation>().is_some_and(|known| known.ids().is_some());
        self.begin(&span);
        let observation = span.extensions_mut().remove::<Observation>();
        let passed = self.accounting.passed(|| SpanId::from_bytes(self.spans.ids(id).span));
        let mut ending = Ending::default();
        if let Some(observation) = observation {
            let (mut sums, fell) = observation.sums();
            passed.iter().for_each(|passed| sums.add(passed));
            let (mut event, ended) = observation.end(begun);
            self.accounting.fell(fell);
            let said: Vec<Field> =
                event.iter().flat_map(|event| event.fields.iter()).map(|(field, _)| field).collect();
            if let Some(event) = &mut event {
                self.accounting.settle(event, &mut sums);
            }
            pass_on(span.parent(), &sums);
            if let Some(event) = &event {
                ending = Ending {
                    name: span_name(event.kind, &event.fields),
                    time: Some(ended.time),
                    settled: settled(event),
                    withdrawn: said.into_iter().filter(|field| event.fields.get(*field).is_none()).collect(),
                    ..ending
                };
            }
            if let Some(notes) = ended.foreign {
                ending.name.get_or_insert_with(|| span.name().to_owned());
                ending.attributes = attributes_of(&notes);
                ending.status = notes.status;
            }
            if let Some(event) = &event {
                self.events.event(event);
            }
        } else if let Some(passed) = passed {
            pass_on(span.parent(), &passed);
        }
        self.spans.end(id, ending, context.clone());
        self.spans.on_close(id.clone(), context.clone());
    }

    #[expect(unsafe_code, reason = "`OpenTelemetrySpanExt` finds the inner layer by this method alone")]
    fn interface(&self, id: TypeId) -> Option<*const ()> {
        // SAFETY: nothing is required of the caller but to take the pointer for what it is.
        unsafe { self.spans.downcast_raw(id) }
    }
}
