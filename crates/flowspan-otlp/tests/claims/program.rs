//! A program that makes telemetry.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use flowspan_otlp::{Otlp, OtlpPipelines, Protocol};
use flowspan_runtime::{Environment, Health, Limits, Reporter, Worker};
use opentelemetry::logs::{LogRecord as _, Logger as _, LoggerProvider as _, Severity};
use opentelemetry::metrics::MeterProvider as _;
use opentelemetry::trace::{Tracer as _, TracerProvider as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;

/// Longer than anything here takes; reached only if something hangs.
pub(crate) const LONG: Duration = Duration::from_secs(60);

pub(crate) const BOTH: [Protocol; 2] = [Protocol::Grpc, Protocol::HttpProtobuf];

pub(crate) struct Program {
    pub(crate) worker: Worker,
    pub(crate) pipelines: OtlpPipelines,
    pub(crate) health: Health,
    pub(crate) reports: Arc<Mutex<Vec<String>>>,
    pub(crate) tracer_provider: SdkTracerProvider,
    pub(crate) meter_provider: SdkMeterProvider,
    pub(crate) logger_provider: SdkLoggerProvider,
}

/// Nothing is sent because time passes.
pub(crate) fn patient() -> Limits {
    Limits::new().delay(Duration::from_secs(3600))
}

impl Program {
    pub(crate) fn start(otlp: Otlp) -> Self {
        let hour = Duration::from_secs(3600);
        let otlp = otlp.span_limits(patient()).log_limits(patient()).metric_interval(hour);
        let resolved = otlp.resolve(&Environment::empty()).unwrap();
        let reports = Arc::<Mutex<Vec<String>>>::default();
        let heard = reports.clone();
        let health = Health::new(Reporter::new(move |report| heard.lock().unwrap().push(report.to_string())));
        let worker = Worker::start().unwrap();
        let resource = Resource::builder_empty().with_service_name("tested").build();
        let pipelines = OtlpPipelines::start(resolved, &worker.handle(), &resource, &health).unwrap();

        let mut tracer_provider = SdkTracerProvider::builder().with_resource(resource.clone());
        if let Some(spans) = pipelines.spans() {
            tracer_provider = tracer_provider.with_span_processor(spans);
        }
        let mut meter_provider = SdkMeterProvider::builder().with_resource(resource.clone());
        if let Some(metrics) = pipelines.metrics() {
            meter_provider = meter_provider.with_reader(metrics);
        }
        let mut logger_provider = SdkLoggerProvider::builder().with_resource(resource);
        if let Some(logs) = pipelines.logs() {
            logger_provider = logger_provider.with_log_processor(logs);
        }
        Program {
            worker,
            pipelines,
            health,
            reports,
            tracer_provider: tracer_provider.build(),
            meter_provider: meter_provider.build(),
            logger_provider: logger_provider.build(),
        }
    }

    pub(crate) fn spans(&self, count: usize) {
        let tracer = self.tracer_provider.tracer("test");
        for number in 0..count {
            drop(tracer.start(format!("span {number}")));
        }
    }

    pub(crate) fn data_points(&self, count: u64) {
        let counter = self.meter_provider.meter("test").u64_counter("items").build();
        for number in 0..count {
            counter.add(1, &[opentelemetry::KeyValue::new("number", number.to_string())]);
        }
    }

    pub(crate) fn records(&self, count: usize) {
        let logger = self.logger_provider.logger("test");
        for _ in 0..count {
            let mut record = logger.create_log_record();
            record.set_severity_number(Severity::Info);
            record.set_body("said".into());
            logger.emit(record);
        }
    }

    pub(crate) fn reports(&self) -> Vec<String> {
        self.reports.lock().unwrap().clone()
    }
}
