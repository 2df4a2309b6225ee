//! A layer with an end on each side.

use std::sync::{Arc, Mutex};

use flowspan_layer::{Accounting, Dialect, Engine, FlowspanLayer, Normalizer, Overheard, Spans};
use flowspan_model::{Event, EventSink, Kind, Moment};
use opentelemetry::{Value, trace::TracerProvider};
use opentelemetry_sdk::trace::{
    InMemorySpanExporter, Sampler, SdkTracerProvider, SimpleSpanProcessor, SpanData,
};
use tracing::{Dispatch, dispatcher};
use tracing_subscriber::prelude::*;

#[derive(Default)]
pub(crate) struct Events(Mutex<Vec<Event>>);

impl EventSink for Events {
    fn event(&self, event: &Event) {
        self.0.lock().expect("nobody panics").push(event.clone());
    }
}

/// A layer with an end on each side, local to the test's thread.
pub(crate) struct Bench {
    exporter: InMemorySpanExporter,
    pub(crate) provider: SdkTracerProvider,
    events: Arc<Events>,
    _default: dispatcher::DefaultGuard,
}

impl Bench {
    pub(crate) fn new(engine: Engine) -> Self {
        Bench::sampling(engine, Sampler::ParentBased(Box::new(Sampler::AlwaysOn)))
    }

    pub(crate) fn sampling(engine: Engine, sampler: Sampler) -> Self {
        Bench::understanding(engine, sampler, None)
    }

    pub(crate) fn understanding(engine: Engine, sampler: Sampler, dialect: Option<Dialect>) -> Self {
        Bench::with(engine, sampler, dialect, Accounting::default())
    }

    pub(crate) fn with(
        engine: Engine,
        sampler: Sampler,
        dialect: Option<Dialect>,
        accounting: Accounting,
    ) -> Self {
        let exporter = InMemorySpanExporter::default();
        let normalizer = Normalizer::new(vec![Box::new(SimpleSpanProcessor::new(exporter.clone()))]);
        let events = Arc::new(Events::default());
        let provider = SdkTracerProvider::builder()
            .with_sampler(sampler.clone())
            .with_span_processor(
                Overheard::new(normalizer.clone(), events.clone(), "test")
                    .with_accounting(accounting.clone()),
            )
            .build();
        let layer = match engine {
            Engine::Native => FlowspanLayer::native(Spans::new(normalizer).sampler(sampler), events.clone()),
            _ => FlowspanLayer::new(provider.tracer("test"), events.clone()),
        };
        let layer = dialect.into_iter().fold(layer, FlowspanLayer::with_dialect);
        let layer = layer.with_accounting(accounting);
        let dispatch = Dispatch::new(tracing_subscriber::registry().with(layer));
        Bench { exporter, provider, events, _default: dispatcher::set_default(&dispatch) }
    }

    pub(crate) fn spans(&self) -> Vec<SpanData> {
        self.provider.force_flush().expect("the processor is alive");
        self.exporter.get_finished_spans().expect("the exporter is alive")
    }

    pub(crate) fn span(&self, name: &str) -> SpanData {
        let spans = self.spans();
        let names: Vec<_> = spans.iter().map(|span| span.name.to_string()).collect();
        spans
            .into_iter()
            .find(|span| span.name == name)
            .unwrap_or_else(|| panic!("no span {name:?} among {names:?}"))
    }

    pub(crate) fn events(&self) -> Vec<Event> {
        self.events.0.lock().expect("nobody panics").clone()
    }

    pub(crate) fn ended(&self, kind: Kind) -> Event {
        self.events()
            .into_iter()
            .find(|event| (event.moment, event.kind) == (Moment::Ended, kind))
            .expect("it ended")
    }
}

pub(crate) fn attribute(span: &SpanData, key: &str) -> Option<Value> {
    let mut values = span.attributes.iter().filter(|kv| kv.key.as_str() == key);
    let value = values.next().map(|kv| kv.value.clone());
    assert!(values.next().is_none(), "{key} stands twice");
    value
}

/// Every claim holds with both engines.
#[macro_export]
macro_rules! with_both_engines {
    ($($claim:ident $(, $wait:ident)?;)+) => {
        mod native {
            $(#[tokio::test] async fn $claim() { super::$claim(super::Engine::Native)$(.$wait)?; })+
        }
        mod compatible {
            $(#[tokio::test] async fn $claim() { super::$claim(super::Engine::TracingOpenTelemetry)$(.$wait)?; })+
        }
    };
}
