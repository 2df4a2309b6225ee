//! What `OpenTelemetrySpanExt` finds.
//!
//! The extension trait of `tracing-opentelemetry` looks for data that its own layer keeps for each
//! span. The native engine keeps none, so it makes a shadow of a span when the trait asks for it, and
//! only then: a span in a small registry of its own, behind `tracing-opentelemetry`'s layer, whose
//! OpenTelemetry span is the [`Proxy`] of the one that was asked for.

use std::{
    any::TypeId,
    cell::Cell,
    collections::HashMap,
    sync::{Arc, Mutex, OnceLock, PoisonError, Weak, atomic::Ordering},
};

use opentelemetry::{
    Context as OtelContext, Value,
    trace::{Span as _, SpanBuilder, TraceContextExt, Tracer},
};
use tracing::{
    Dispatch, Event, Metadata, Subscriber,
    dispatcher::WeakDispatch,
    span::{Attributes, Id, Record as Values},
};
use tracing_opentelemetry::OpenTelemetryLayer;
use tracing_subscriber::{
    Layer, Registry,
    layer::Layered,
    registry::{Data, LookupSpan},
};

use super::{
    super::stand_in::{SHADOW, SHADOW_NUMBER},
    open::Open,
    origin::Traces,
    proxy::Proxy,
    record::{Life, Record, Shared},
};

type Theatre = Layered<OpenTelemetryLayer<Stage, Caster>, Stage>;

/// Makes shadows.
pub(super) struct Shadows(Arc<Theatre>);

impl Shadows {
    pub(super) fn new(open: Arc<Open>, traces: Arc<Traces>) -> Self {
        Shadows(Arc::new_cyclic(|theatre| {
            let waiting = Arc::<Waiting>::default();
            let stage = Stage {
                open,
                registry: Registry::default(),
                theatre: theatre.clone(),
                dispatch: OnceLock::new(),
                waiting: Arc::clone(&waiting),
                nobody: OnceLock::new(),
                idle: Mutex::default(),
            };
            OpenTelemetryLayer::new(Caster { traces, waiting })
                .with_location(false)
                .with_threads(false)
                .with_target(false)
                .with_tracked_inactivity(false)
                .with_subscriber(stage)
        }))
    }

    pub(super) fn register(&self, dispatch: &Dispatch) {
        if let Some(stage) = self.stage() {
            let _ = stage.dispatch.set(dispatch.downgrade());
        }
    }

    /// What was said through a shadow before the span started becomes part of the span.
    pub(super) fn settle(&self, record: &Record) {
        let dispatch = self.stage().and_then(|stage| stage.dispatch.get()?.upgrade());
        if let Some(dispatch) = dispatch {
            let _ = tracing_opentelemetry::get_otel_context(&Id::from_u64(record.id), &dispatch);
        }
    }

    /// The span is over, and its shadow becomes that of another one.
    pub(super) fn close(&self, shadow: Id) {
        with_shadows_own_ids(|| self.0.try_close(shadow.clone()));
        if let Some(stage) = self.stage() {
            stage.lay_by(shadow);
        }
    }

    /// See [`SpanEngine::interface`](super::SpanEngine::interface).
    #[expect(unsafe_code, reason = "the extension trait finds what it looks for by this method alone")]
    pub(super) fn interface(&self, id: TypeId) -> Option<*const ()> {
        // The registry of the shadows is nobody's business.
        if id == TypeId::of::<Registry>() {
            return None;
        }
        // SAFETY: nothing is required of the caller but to take the pointer for what it is; what it
        // points to lives as long as `self`.
        unsafe { self.0.downcast_raw(id) }
    }

    fn stage(&self) -> Option<&Stage> {
        let theatre: &dyn Subscriber = &*self.0;
        theatre.downcast_ref::<Stage>()
    }
}

thread_local! {
    /// Whether spans of the stage are looked up by their own numbers, and not by those of the spans
    /// that they are shadows of.
    static OWN_IDS: Cell<bool> = const { Cell::new(false) };
}

fn with_shadows_own_ids<T>(action: impl FnOnce() -> T) -> T {
    struct Reset(bool);
    impl Drop for Reset {
        fn drop(&mut self) {
            OWN_IDS.set(self.0);
        }
    }
    let _reset = Reset(OWN_IDS.replace(true));
    action()
}

/// Records whose shadows have no OpenTelemetry span yet, by number.
#[derive(Debug, Default)]
struct Waiting(Mutex<HashMap<i64, Shared>>);

impl Waiting {
    fn add(&self, record: Shared) -> i64 {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Spans that are open have numbers of their own.
        let number = record.id.cast_signed();
        waiting.insert(number, record);
        number
    }

    fn take(&self, number: i64) -> Option<Shared> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&number)
    }
}

/// Where the extension trait looks for a span, and finds its shadow.
struct Stage {
    /// Where the true spans are found.
    open: Arc<Open>,
    registry: Registry,
    theatre: Weak<Theatre>,
    /// By which the extension trait looks for spans.
    dispatch: OnceLock<WeakDispatch>,
    waiting: Arc<Waiting>,
    /// The shadow of all spans that are not listened to.
    nobody: OnceLock<Id>,
    /// Shadows of spans that are over, for spans to come. A registry takes a span away when the outermost close on
    /// the thread is done; a shadow is closed inside that of its span, so it would never be taken away.
    idle: Mutex<Vec<Id>>,
}

impl Stage {
    /// The shadow of a span, made if there is none.
    fn shadow(&self, id: &Id) -> Option<Id> {
        let dispatch = self.dispatch.get()?.upgrade()?;
        let Some(record) = self.open.find(id.into_u64()) else {
            return Some(self.nobody.get_or_init(|| self.cast(0)).clone());
        };
        let (shadow, has_started) = {
            let mut state = record.state();
            if let Some(shadow) = state.shadow() {
                return Some(shadow.clone());
            }
            let number = self.waiting.add(Shared::clone(&record));
            let theatre = self.theatre.upgrade()?;
            let shadow = SHADOW.saying(&number, |shadow, values| {
                with_shadows_own_ids(|| theatre.new_span(&Attributes::new_root(shadow, values)))
            });
            state.rare().shadow = Some(shadow.clone());
            record.has_shadow.store(true, Ordering::Release);
            (shadow, record.is(Life::Fixed))
        };
        if has_started {
            // The trait shall know, too, that it is too late for another parent.
            let _ = tracing_opentelemetry::get_otel_context(id, &dispatch);
        }
        Some(shadow)
    }

    fn lay_by(&self, shadow: Id) {
        // Behind a subscriber that is no registry, the close of a shadow is the outermost one.
        if self.registry.span_data(&shadow).is_some() {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(shadow);
        }
    }

    /// A shadow without OpenTelemetry's data.
    fn cast(&self, number: i64) -> Id {
        SHADOW.saying(&number, |shadow, values| self.registry.new_span(&Attributes::new_root(shadow, values)))
    }
}

impl<'stage> LookupSpan<'stage> for Stage {
    type Data = Data<'stage>;

    fn span_data(&'stage self, id: &Id) -> Option<Data<'stage>> {
        if OWN_IDS.get() {
            return self.registry.span_data(id);
        }
        self.registry.span_data(&self.shadow(id)?)
    }
}

impl Subscriber for Stage {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        // They differ in what the layer keeps with them, and that is gone.
        idle.unwrap_or_else(|| self.registry.new_span(attributes))
    }

    fn record(&self, _: &Id, _: &Values<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}

    fn clone_span(&self, id: &Id) -> Id {
        self.registry.clone_span(id)
    }

    /// The layer takes what it keeps with the shadow, which itself stays.
    fn try_close(&self, _: Id) -> bool {
        true
    }

    #[expect(unsafe_code, reason = "a layer closes a span of the registry behind it by this method alone")]
    unsafe fn downcast_raw(&self, id: TypeId) -> Option<*const ()> {
        if id == TypeId::of::<Self>() {
            return Some(std::ptr::from_ref(self).cast());
        }
        (id == TypeId::of::<Registry>()).then(|| std::ptr::from_ref(&self.registry).cast())
    }
}

/// Starts the OpenTelemetry spans of shadows: they are those of the true spans.
struct Caster {
    traces: Arc<Traces>,
    waiting: Arc<Waiting>,
}

impl Tracer for Caster {
    type Span = Proxy;

    fn build_with_context(&self, builder: SpanBuilder, parent: &OtelContext) -> Proxy {
        let (numbers, attributes): (Vec<_>, Vec<_>) = builder
            .attributes
            .into_iter()
            .flatten()
            .partition(|attribute| attribute.key.as_str() == SHADOW_NUMBER);
        let record = numbers.into_iter().find_map(|attribute| match attribute.value {
            Value::I64(number) => self.waiting.take(number),
            _ => None,
        });
        let Some(record) = record else { return Proxy::of_nobody() };
        // Shadows are roots; a parent is one that somebody has set.
        if parent.span().span_context().is_valid() {
            self.traces.replace_parent(&record, parent);
        }
        record.fixed();
        let mut proxy = Proxy::new(&record);
        for attribute in attributes {
            proxy.set_attribute(attribute);
        }
        for link in builder.links.into_iter().flatten() {
            proxy.add_link(link.span_context, link.attributes);
        }
        for event in builder.events.into_iter().flatten() {
            proxy.add_event_with_timestamp(event.name, event.timestamp, event.attributes);
        }
        proxy
    }
}

#[cfg(test)]
mod tests {
    use flowspan_model::{Event as ModelEvent, EventSink};
    use tracing::{dispatcher::with_default, info_span};
    use tracing_opentelemetry::OpenTelemetrySpanExt;
    use tracing_subscriber::prelude::*;

    use super::*;
    use crate::{FlowspanLayer, Normalizer, Spans};

    struct Nobody;

    impl EventSink for Nobody {
        fn event(&self, _: &ModelEvent) {}
    }

    #[test]
    fn as_many_shadows_are_made_as_are_needed_at_once() {
        let layer = FlowspanLayer::native(Spans::new(Normalizer::new(Vec::new())), Arc::new(Nobody));
        let dispatch = Dispatch::new(tracing_subscriber::registry().with(layer));
        let seen = || {
            let span = info_span!("work");
            span.set_attribute("seen", true);
            assert!(span.context().span().span_context().is_valid());
            span
        };
        with_default(&dispatch, || {
            for _ in 0..100 {
                drop(seen());
            }
            drop([seen(), seen(), seen()]);
            for _ in 0..100 {
                std::thread::scope(|scope| {
                    scope.spawn(|| with_default(&dispatch, || drop(seen())));
                });
            }
        });
        let stage = dispatch.downcast_ref::<Stage>().expect("it is the native engine's");
        let idle = stage.idle.lock().unwrap_or_else(PoisonError::into_inner);
        assert_eq!(idle.len(), 3);
        assert!(idle.iter().all(|shadow| stage.registry.span_data(shadow).is_some()));
    }
}
