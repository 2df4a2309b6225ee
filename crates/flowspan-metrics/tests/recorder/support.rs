//! A recorder whose instruments can be read back.

use std::{collections::BTreeMap, time::Duration};

use flowspan_metrics::{LabelPolicies, Names, Recorder, RecorderBuilder, Schema};
use flowspan_model::{Event, Kind, Moment};
use opentelemetry::metrics::MeterProvider;
use opentelemetry_sdk::metrics::{
    InMemoryMetricExporter, InMemoryMetricExporterBuilder, PeriodicReader, SdkMeterProvider, Temporality,
    data::{AggregatedMetrics, MetricData},
};

pub(crate) struct Bench {
    provider: SdkMeterProvider,
    exporter: InMemoryMetricExporter,
    pub(crate) recorder: Recorder,
}

impl Bench {
    /// The catalog under the namespace `test`.
    pub(crate) fn new() -> Self {
        Bench::with(Names::new("test"), LabelPolicies::new(), |recorder| recorder)
    }

    pub(crate) fn with(
        names: Names,
        policies: LabelPolicies,
        build: impl FnOnce(RecorderBuilder) -> RecorderBuilder,
    ) -> Self {
        Bench::in_temporality(Temporality::Cumulative, names, policies, build)
    }

    /// Read back as what each collection has added, or as what there is.
    pub(crate) fn in_temporality(
        temporality: Temporality,
        names: Names,
        policies: LabelPolicies,
        build: impl FnOnce(RecorderBuilder) -> RecorderBuilder,
    ) -> Self {
        let schema = Schema::new(names, policies).expect("the schema is sound");
        let exporter = InMemoryMetricExporterBuilder::new().with_temporality(temporality).build();
        let provider = SdkMeterProvider::builder()
            .with_reader(
                PeriodicReader::builder(exporter.clone()).with_interval(Duration::from_secs(3600)).build(),
            )
            .with_view(schema.view())
            .build();
        let recorder = build(Recorder::builder(&schema)).build(&provider.meter("test"));
        Bench { provider, exporter, recorder }
    }

    /// The sums of a metric (for a gauge, the values) by its labels, in the form `name=value,…`.
    pub(crate) fn sums(&self, name: &str) -> BTreeMap<String, f64> {
        self.all().remove(name).unwrap_or_default()
    }

    /// The counts in the buckets of a histogram of one series, and its sum.
    pub(crate) fn buckets(&self, name: &str) -> (Vec<u64>, f64) {
        self.exporter.reset();
        self.provider.force_flush().expect("the in-memory exporter takes everything");
        let finished = self.exporter.get_finished_metrics().expect("the exporter is alive");
        let mut metrics = finished.iter().flat_map(|m| m.scope_metrics()).flat_map(|m| m.metrics());
        let metric = metrics.find(|metric| metric.name() == name).expect("it was exported");
        let AggregatedMetrics::F64(MetricData::Histogram(histogram)) = metric.data() else {
            panic!("{name} is no histogram");
        };
        let mut points = histogram.data_points();
        let point = points.next().expect("it has a series");
        assert!(points.next().is_none(), "it has one series");
        (point.bucket_counts().collect(), point.sum())
    }

    /// Whether a histogram was exported with exponential buckets.
    pub(crate) fn is_exponential(&self, name: &str) -> bool {
        self.exporter.reset();
        self.provider.force_flush().expect("the in-memory exporter takes everything");
        let finished = self.exporter.get_finished_metrics().expect("the exporter is alive");
        let mut metrics = finished.iter().flat_map(|m| m.scope_metrics()).flat_map(|m| m.metrics());
        let metric = metrics.find(|metric| metric.name() == name).expect("it was exported");
        matches!(metric.data(), AggregatedMetrics::F64(MetricData::ExponentialHistogram(_)))
    }

    /// The same of all metrics.
    pub(crate) fn all(&self) -> BTreeMap<String, BTreeMap<String, f64>> {
        self.exporter.reset();
        self.provider.force_flush().expect("the in-memory exporter takes everything");
        let finished = self.exporter.get_finished_metrics().expect("the exporter is alive");
        let mut all = BTreeMap::<String, BTreeMap<String, f64>>::new();
        for metric in finished.iter().flat_map(|m| m.scope_metrics()).flat_map(|m| m.metrics()) {
            let sums = all.entry(metric.name().to_owned()).or_default();
            macro_rules! take {
                ($data:expr, $value:ident) => {
                    for point in $data.data_points() {
                        let previous = sums.insert(labels(point.attributes()), point.$value() as f64);
                        assert_eq!(previous, None, "a series stands twice in {}", metric.name());
                    }
                };
            }
            match metric.data() {
                AggregatedMetrics::U64(MetricData::Sum(sum)) => take!(sum, value),
                AggregatedMetrics::I64(MetricData::Sum(sum)) => take!(sum, value),
                AggregatedMetrics::F64(MetricData::Sum(sum)) => take!(sum, value),
                AggregatedMetrics::F64(MetricData::Gauge(gauge)) => take!(gauge, value),
                AggregatedMetrics::F64(MetricData::Histogram(histogram)) => take!(histogram, sum),
                AggregatedMetrics::F64(MetricData::ExponentialHistogram(histogram)) => take!(histogram, sum),
                other => panic!("unexpected data {other:?}"),
            }
        }
        all
    }
}

fn labels<'a>(attributes: impl Iterator<Item = &'a opentelemetry::KeyValue>) -> String {
    let mut parts: Vec<String> = attributes.map(|kv| format!("{}={}", kv.key, kv.value)).collect();
    parts.sort();
    parts.join(",")
}

/// Something of this kind that took one and a half seconds.
pub(crate) fn ended(kind: Kind) -> Event {
    let mut event = Event::new(Moment::Ended, kind);
    event.duration = Some(Duration::from_millis(1500));
    event
}
