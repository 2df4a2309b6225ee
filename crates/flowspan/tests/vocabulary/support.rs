//! A recorder that can be looked at.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use flowspan::{
    Semconv,
    model::{
        Event, EventSink, Field, Kind,
        catalog::{self, Amount},
    },
};
use flowspan_layer::{FlowspanLayer, Normalizer, Spans};
use flowspan_metrics::{LabelPolicies, Names, Recorder, Schema};
use opentelemetry::metrics::MeterProvider;
use opentelemetry_sdk::metrics::{
    InMemoryMetricExporter, PeriodicReader, SdkMeterProvider,
    data::{AggregatedMetrics, MetricData},
};
use tracing::dispatcher;
use tracing_subscriber::prelude::*;

/// Whether a metric is fed by what flowspan itself finds out, and nobody says.
pub(crate) fn is_added(metric: &str) -> bool {
    let metric = catalog::metric(metric).expect("it is in the catalog");
    metric.sources.iter().any(|source| match source.amount {
        Amount::Field(field) | Amount::Countable(field) => Field::ADDED.contains(&field),
        _ => false,
    })
}

/// A recorder on this thread's `tracing`, whose events and metrics can be looked at.
pub(crate) struct Bench {
    exporter: InMemoryMetricExporter,
    provider: SdkMeterProvider,
    pub(crate) recorder: Arc<Recorder>,
    events: Arc<Events>,
    _default: dispatcher::DefaultGuard,
}

#[derive(Default)]
struct Events(Mutex<Vec<Event>>);

impl EventSink for Events {
    fn event(&self, event: &Event) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(event.clone());
    }
}

impl Bench {
    pub(crate) fn new() -> Self {
        let exporter = InMemoryMetricExporter::default();
        let reader =
            PeriodicReader::builder(exporter.clone()).with_interval(Duration::from_secs(3600)).build();
        let schema = Schema::in_semconv(Semconv::Both, Names::new("test"), LabelPolicies::new())
            .expect("the catalog is sound");
        let provider = SdkMeterProvider::builder().with_reader(reader).with_view(schema.view()).build();
        let events = Arc::new(Events::default());
        let recorder = Recorder::builder(&schema).event_sink("events", events.clone());
        let recorder = Arc::new(recorder.build(&provider.meter("test")));
        let layer = FlowspanLayer::native(Spans::new(Normalizer::new(Vec::new())), recorder.clone());
        let _default = tracing_subscriber::registry().with(layer).set_default();
        Bench { exporter, provider, recorder, events, _default }
    }

    /// The metrics that have a series, without their namespace, and without those that are fed by what
    /// flowspan adds.
    pub(crate) fn metrics(&self) -> BTreeSet<String> {
        self.provider.force_flush().expect("the exporter is alive");
        let finished = self.exporter.get_finished_metrics().expect("the exporter is alive");
        let metrics = finished.iter().flat_map(|part| part.scope_metrics()).flat_map(|part| part.metrics());
        let names = metrics.map(|metric| metric.name().trim_start_matches("test.").to_owned());
        names.filter(|name| !is_added(name)).collect()
    }

    /// What was said about this kind, in all its events together.
    pub(crate) fn fields(&self, kind: Kind) -> BTreeSet<Field> {
        let events = self.events.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_kind = events.iter().filter(|event| event.kind == kind);
        let known = of_kind.flat_map(|event| event.fields.iter().map(|(field, _)| field));
        known.filter(|field| !Field::ADDED.contains(field)).collect()
    }

    /// The sum of a metric over all its series, or the last number if it is a gauge.
    pub(crate) fn total(&self, name: &str) -> Option<f64> {
        self.exporter.reset();
        self.provider.force_flush().expect("the exporter is alive");
        let finished = self.exporter.get_finished_metrics().expect("the exporter is alive");
        let metrics = finished.iter().flat_map(|part| part.scope_metrics()).flat_map(|part| part.metrics());
        let found = metrics.filter(|metric| metric.name() == format!("test.{name}")).last()?;
        #[expect(clippy::cast_precision_loss, reason = "the tests count to ten")]
        match found.data() {
            AggregatedMetrics::I64(MetricData::Sum(sum)) => {
                Some(sum.data_points().map(|point| point.value() as f64).sum())
            }
            AggregatedMetrics::F64(MetricData::Gauge(gauge)) => {
                Some(gauge.data_points().map(|point| point.value()).sum())
            }
            other => panic!("unexpected data {other:?}"),
        }
    }
}
