//! Exporters that flowspan did not write ride the same pipelines.

use std::sync::{Arc, Mutex, mpsc};

use flowspan_otlp::{log_processor, metric_reader, span_processor};
use flowspan_runtime::{Health, Reporter, Worker};
use opentelemetry::logs::{Logger as _, LoggerProvider as _};
use opentelemetry::metrics::MeterProvider as _;
use opentelemetry::trace::{Tracer as _, TracerProvider as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::logs::{LogBatch, LogExporter, SdkLoggerProvider};
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::metrics::{SdkMeterProvider, Temporality};
use opentelemetry_sdk::trace::{SdkTracerProvider, Span, SpanData, SpanExporter, SpanProcessor};

use crate::program::{LONG, patient};

#[derive(Clone, Debug, Default)]
struct Mine {
    got: Arc<Mutex<Vec<String>>>,
    is_broken: bool,
}

impl Mine {
    fn take(&self, what: impl Into<String>) -> OTelSdkResult {
        assert!(!self.is_broken, "as told");
        self.got.lock().unwrap().push(what.into());
        Ok(())
    }
}

impl SpanExporter for Mine {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        if batch[0].name == "refuse" {
            return Err(OTelSdkError::InternalFailure("as told, at http://me:canary@host".into()));
        }
        self.take(format!("{} spans", batch.len()))
    }

    fn shutdown_with_timeout(&self, _: std::time::Duration) -> OTelSdkResult {
        self.take("the end")
    }

    fn set_resource(&mut self, resource: &Resource) {
        let name = resource.get(&opentelemetry::Key::new("service.name"));
        self.take(name.map(|name| name.to_string()).unwrap_or_default()).unwrap();
    }
}

impl LogExporter for Mine {
    async fn export(&self, batch: LogBatch<'_>) -> OTelSdkResult {
        self.take(format!("{} records", batch.iter().count()))
    }

    fn shutdown_with_timeout(&self, _: std::time::Duration) -> OTelSdkResult {
        self.take("the end")
    }
}

impl PushMetricExporter for Mine {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        self.take(format!("{} scopes", metrics.scope_metrics().count()))
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: std::time::Duration) -> OTelSdkResult {
        self.take("the end")
    }

    fn temporality(&self) -> Temporality {
        Temporality::Delta
    }
}

#[test]
fn they_get_what_they_would_get_from_the_sdk_and_are_counted() {
    let worker = Worker::start().unwrap();
    let health = Health::new(Reporter::silent());
    let mine = Mine::default();
    let handle = worker.handle();
    let spans = span_processor(&handle, health.exporter("mine.traces", ""), &patient(), mine.clone());
    let logs = log_processor(&handle, health.exporter("mine.logs", ""), &patient(), mine.clone());
    let metrics = metric_reader(&handle, health.exporter("mine.metrics", ""), LONG, LONG, mine.clone());
    let resource = Resource::builder_empty().with_service_name("tested").build();
    let tracers =
        SdkTracerProvider::builder().with_resource(resource).with_span_processor(spans.clone()).build();
    let loggers = SdkLoggerProvider::builder().with_log_processor(logs.clone()).build();
    let meters = SdkMeterProvider::builder().with_reader(metrics.clone()).build();

    tracers.tracer("test").in_span("work", |_| {});
    let logger = loggers.logger("test");
    logger.emit(logger.create_log_record());
    meters.meter("test").u64_counter("items").build().add(1, &[]);
    tracers.shutdown_with_timeout(LONG).unwrap();
    loggers.shutdown_with_timeout(LONG).unwrap();
    assert!(metrics.cycle().shutdown(LONG).is_clean());
    // An exporter may hold back what it takes, and send it when it is shut down.
    let got = ["tested", "1 spans", "the end", "1 records", "the end", "1 scopes", "the end"];
    assert_eq!(*mine.got.lock().unwrap(), got);
    for account in [spans.account(), logs.account(), metrics.account()] {
        assert_eq!(account.to_string(), "created 1, delivered 1, queued 0, dropped 0");
    }
}

#[test]
fn one_that_fails_or_panics_harms_no_other_and_shows_no_credentials() {
    let worker = Worker::start().unwrap();
    let said = Arc::<Mutex<Vec<String>>>::default();
    let heard = said.clone();
    let health = Health::new(Reporter::new(move |report| heard.lock().unwrap().push(report.to_string())));
    let handle = worker.handle();
    let (works, broken) = (Mine::default(), Mine { is_broken: true, ..Mine::default() });
    let works = span_processor(&handle, health.exporter("works", ""), &patient(), works);
    let broken = span_processor(&handle, health.exporter("broken", ""), &patient(), broken);
    let tracers = SdkTracerProvider::builder()
        .with_span_processor(works.clone())
        .with_span_processor(broken.clone())
        .build();
    drop(tracers.tracer("test").start("work"));
    assert!(works.force_flush().is_ok());
    assert!(broken.force_flush().is_err());
    drop(tracers.tracer("test").start("refuse"));
    assert!(works.force_flush().is_err());
    assert_eq!(works.account().to_string(), "created 2, delivered 1, queued 0, dropped 1 (export_failed 1)");
    assert_eq!(broken.account().lost(), 1);
    assert!(!said.lock().unwrap().join("\n").contains("canary"));
}

#[test]
fn one_that_cannot_end_is_told_and_holds_nobody_up() {
    #[derive(Debug)]
    struct Endless(Mutex<mpsc::Receiver<()>>);
    impl SpanExporter for Endless {
        async fn export(&self, _: Vec<SpanData>) -> OTelSdkResult {
            Ok(())
        }
        fn shutdown_with_timeout(&self, _: std::time::Duration) -> OTelSdkResult {
            let _ = self.0.lock().unwrap().recv();
            Ok(())
        }
    }
    let worker = Worker::start().unwrap();
    let health = Health::new(Reporter::silent());
    let broken = Mine { is_broken: true, ..Mine::default() };
    let broken = span_processor(&worker.handle(), health.exporter("broken", ""), &patient(), broken);
    assert!(broken.pipeline().shutdown(LONG).is_clean(), "nothing that was counted is lost");
    assert!(!health.works(), "it panicked at its end");

    let (_let_go, stuck) = mpsc::channel();
    let limits = patient().export_timeout(std::time::Duration::from_millis(10));
    let health = Health::new(Reporter::silent());
    let endless = Endless(Mutex::new(stuck));
    let endless = span_processor(&worker.handle(), health.exporter("endless", ""), &limits, endless);
    assert!(endless.pipeline().shutdown(LONG).is_clean());
    assert!(!health.works(), "it did not end in time");

    let (_let_go, stuck) = mpsc::channel();
    let health = Health::new(Reporter::silent());
    let endless = Endless(Mutex::new(stuck));
    let endless = span_processor(&worker.handle(), health.exporter("endless", ""), &patient(), endless);
    assert!(endless.pipeline().shutdown(std::time::Duration::from_millis(10)).timed_out);
    let began = std::time::Instant::now();
    while health.works() && began.elapsed() < LONG {
        std::thread::yield_now();
    }
    assert!(!health.works(), "the shutdown had no time for its end");
}

#[test]
fn a_callback_that_panics_is_reported_and_stops_no_other_signal() {
    let worker = Worker::start().unwrap();
    let health = Health::new(Reporter::silent());
    let mine = Mine::default();
    let metrics = metric_reader(&worker.handle(), health.exporter("metrics", ""), LONG, LONG, mine.clone());
    let spans = span_processor(&worker.handle(), health.exporter("traces", ""), &patient(), mine);
    let meters = SdkMeterProvider::builder().with_reader(metrics.clone()).build();
    let _gauge = meters.meter("test").u64_observable_gauge("g").with_callback(|_| panic!("as told")).build();
    assert!(metrics.cycle().flush(LONG).is_err());
    assert!(!health.works());
    let tracers = SdkTracerProvider::builder().with_span_processor(spans.clone()).build();
    drop(tracers.tracer("test").start("work"));
    assert!(spans.force_flush().is_ok());
}

#[test]
fn a_span_that_is_not_sampled_is_not_counted() {
    #[derive(Debug)]
    struct Nothing;
    impl SpanProcessor for Nothing {
        fn on_start(&self, _: &mut Span, _: &opentelemetry::Context) {}
        fn on_end(&self, _: SpanData) {}
        fn force_flush(&self) -> OTelSdkResult {
            Ok(())
        }
        fn shutdown_with_timeout(&self, _: std::time::Duration) -> OTelSdkResult {
            Ok(())
        }
    }
    let worker = Worker::start().unwrap();
    let health = Health::new(Reporter::silent());
    let spans = span_processor(&worker.handle(), health.exporter("traces", ""), &patient(), Mine::default());
    let tracers = SdkTracerProvider::builder()
        .with_sampler(opentelemetry_sdk::trace::Sampler::AlwaysOff)
        .with_span_processor(Nothing)
        .with_span_processor(spans.clone())
        .build();
    drop(tracers.tracer("test").start("work"));
    assert_eq!(spans.account().created, 0);
}
