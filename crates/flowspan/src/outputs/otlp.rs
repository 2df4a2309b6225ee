//! Traces, metrics and logs to collectors.

use std::time::Duration;

use flowspan_otlp::{
    LogPipeline, MetricPush, Otlp, OtlpAccounts, OtlpPipelines, SpanPipeline, log_processor, metric_reader,
    span_processor,
};
use flowspan_runtime::{Account, DEFAULT_EXPORT_TIMEOUT, Limits};
use opentelemetry_sdk::{logs::LogExporter, metrics::exporter::PushMetricExporter, trace::SpanExporter};

use super::{Assembly, Drain, Output, Wait, Way};
use crate::{BuildError, Builder, Signal};

impl Builder {
    /// Sends traces, metrics and logs over OTLP.
    pub fn otlp(self, otlp: Otlp) -> Self {
        self.output(otlp)
    }

    /// Sends spans through an exporter of your own, from a bounded queue, on flowspan's thread. The
    /// name appears in `/health` and in reports.
    ///
    /// The exporter must be at home on a Tokio runtime and must not block. It is shut down when everything has been
    /// delivered to it, as long as the shutdown of the telemetry has time, and may block then; the reporter and
    /// `/health` say if that fails.
    pub fn span_exporter(self, name: impl Into<String>, exporter: impl SpanExporter + 'static) -> Self {
        self.output(Own { name: name.into(), exporter: OwnSpans(exporter) })
    }

    /// Sends log records through an exporter of your own, like [`span_exporter`](Builder::span_exporter).
    pub fn log_exporter(self, name: impl Into<String>, exporter: impl LogExporter + 'static) -> Self {
        self.output(Own { name: name.into(), exporter: OwnLogs(exporter) })
    }

    /// Pushes metrics at this interval through an exporter of your own.
    pub fn metric_exporter(
        self,
        name: impl Into<String>,
        interval: Duration,
        exporter: impl PushMetricExporter,
    ) -> Self {
        self.output(Own { name: name.into(), exporter: OwnMetrics { interval, exporter } })
    }
}

impl Output for Otlp {
    fn way(&self) -> Option<Way> {
        Some(Way::Otlp)
    }

    fn start(self: Box<Self>, assembly: &mut Assembly<'_>) -> Result<(), BuildError> {
        let resolved = self.resolve(assembly.environment)?;
        let pipelines = OtlpPipelines::start(resolved, assembly.worker, assembly.resource, assembly.health)?;
        if let Some(spans) = pipelines.spans() {
            assembly.span_sinks.push(Box::new(spans));
        }
        if let Some(metrics) = pipelines.metrics() {
            assembly.read_metrics(|provider| provider.with_reader(metrics));
        }
        if let Some(logs) = pipelines.logs() {
            assembly.take_logs(|provider| provider.with_log_processor(logs));
        }
        assembly.drains.push(Box::new(pipelines));
        Ok(())
    }
}

impl Drain for OtlpPipelines {
    fn begin_flush(&self) -> Wait {
        let wait = OtlpPipelines::begin_flush(self);
        Box::new(move |timeout| drop(wait(timeout)))
    }

    fn begin_shutdown(&self) -> Wait {
        let wait = OtlpPipelines::begin_shutdown(self);
        Box::new(move |timeout| drop(wait(timeout)))
    }

    fn accounts(&self) -> Vec<(Signal, Account)> {
        let OtlpAccounts { traces, metrics, logs, .. } = OtlpPipelines::accounts(self);
        [(Signal::Spans, traces), (Signal::Metrics, metrics), (Signal::Logs, logs)]
            .into_iter()
            .filter_map(|(signal, account)| Some((signal, account?)))
            .collect()
    }
}

/// An exporter of the user's own under the name that he gave to it.
struct Own<E> {
    name: String,
    exporter: E,
}

struct OwnSpans<E>(E);
struct OwnLogs<E>(E);
struct OwnMetrics<E> {
    interval: Duration,
    exporter: E,
}

impl<E: SpanExporter + 'static> Output for Own<OwnSpans<E>> {
    fn start(self: Box<Self>, assembly: &mut Assembly<'_>) -> Result<(), BuildError> {
        let health = assembly.health.exporter(self.name, "");
        let spans = span_processor(assembly.worker, health, &Limits::new(), self.exporter.0);
        assembly.span_sinks.push(Box::new(spans.clone()));
        assembly.drains.push(Box::new(spans));
        Ok(())
    }
}

impl<E: LogExporter + 'static> Output for Own<OwnLogs<E>> {
    fn start(self: Box<Self>, assembly: &mut Assembly<'_>) -> Result<(), BuildError> {
        let health = assembly.health.exporter(self.name, "");
        let logs = log_processor(assembly.worker, health, &Limits::new(), self.exporter.0);
        assembly.take_logs(|provider| provider.with_log_processor(logs.clone()));
        assembly.drains.push(Box::new(logs));
        Ok(())
    }
}

impl<E: PushMetricExporter> Output for Own<OwnMetrics<E>> {
    fn start(self: Box<Self>, assembly: &mut Assembly<'_>) -> Result<(), BuildError> {
        let health = assembly.health.exporter(self.name, "");
        let OwnMetrics { interval, exporter } = self.exporter;
        let metrics = metric_reader(assembly.worker, health, interval, DEFAULT_EXPORT_TIMEOUT, exporter);
        assembly.read_metrics(|provider| provider.with_reader(metrics.clone()));
        assembly.drains.push(Box::new(metrics));
        Ok(())
    }
}

/// The three pipelines of the user's own exporters drain alike; they differ in what they carry.
macro_rules! drains {
    ($pipeline:ty, $queue:ident, $signal:expr) => {
        impl Drain for $pipeline {
            fn begin_flush(&self) -> Wait {
                let wait = self.$queue().begin_flush();
                Box::new(move |timeout| drop(wait(timeout)))
            }

            fn begin_shutdown(&self) -> Wait {
                let wait = self.$queue().begin_shutdown();
                Box::new(move |timeout| drop(wait(timeout)))
            }

            fn accounts(&self) -> Vec<(Signal, Account)> {
                vec![($signal, self.account())]
            }
        }
    };
}

drains!(SpanPipeline, pipeline, Signal::Spans);
drains!(LogPipeline, pipeline, Signal::Logs);
drains!(MetricPush, cycle, Signal::Metrics);
