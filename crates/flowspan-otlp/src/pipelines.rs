//! The three signals together.

use std::time::{Duration, Instant};

use flowspan_runtime::{
    Account, ExporterHealth, FlushError, Health, Shutdown, WorkerHandle, off_thread, without_credentials,
};
use opentelemetry_sdk::Resource;

use crate::config::Protocol;
use crate::error::OtlpError;
use crate::exporter;
use crate::logs::{self, LogPipeline};
use crate::metrics::{self, MetricPush};
use crate::resolve::{ResolvedOtlp, ResolvedSignal};
use crate::secrets::Secrets;
use crate::spans::{self, SpanPipeline};

/// What pushes traces, metrics and logs. Clones are the same pipelines.
#[derive(Clone, Debug)]
pub struct OtlpPipelines {
    traces: Option<SpanPipeline>,
    metrics: Option<MetricPush>,
    logs: Option<LogPipeline>,
}

/// The accounts of the signals that are pushed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct OtlpAccounts {
    /// Of spans.
    pub traces: Option<Account>,
    /// Of data points.
    pub metrics: Option<Account>,
    /// Of log records.
    pub logs: Option<Account>,
}

/// How a flush of all signals ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "it says what was lost"]
#[non_exhaustive]
pub struct OtlpFlush {
    /// Of spans.
    pub traces: Option<Result<(), FlushError>>,
    /// Of data points.
    pub metrics: Option<Result<(), FlushError>>,
    /// Of log records.
    pub logs: Option<Result<(), FlushError>>,
}

/// How all signals ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "it says what was lost"]
#[non_exhaustive]
pub struct OtlpShutdown {
    /// Of spans.
    pub traces: Option<Shutdown>,
    /// Of data points.
    pub metrics: Option<Shutdown>,
    /// Of log records.
    pub logs: Option<Shutdown>,
}

impl OtlpFlush {
    /// Whether everything arrived.
    pub fn is_clean(&self) -> bool {
        [&self.traces, &self.metrics, &self.logs].into_iter().flatten().all(Result::is_ok)
    }
}

impl OtlpShutdown {
    /// Whether everything that had been waiting arrived.
    pub fn is_clean(&self) -> bool {
        [&self.traces, &self.metrics, &self.logs].into_iter().flatten().all(Shutdown::is_clean)
    }
}

impl OtlpPipelines {
    /// Builds the exporters and starts their pipelines on the worker. Connects to nobody yet: a
    /// collector that is away is no error, but shows in `health` and in the accounts.
    ///
    /// The exporters are called `otlp.traces`, `otlp.metrics` and `otlp.logs` in `health`.
    ///
    /// # Errors
    ///
    /// An exporter refused settings that [`Otlp::resolve`](crate::Otlp::resolve) had let pass.
    pub fn start(
        resolved: ResolvedOtlp,
        worker: &WorkerHandle,
        resource: &Resource,
        health: &Health,
    ) -> Result<Self, OtlpError> {
        // All exporters first: either all pipelines start, or none.
        let traces = resolved
            .traces
            .map(|(signal, limits)| Ok::<_, OtlpError>((exporter::spans(&signal, worker)?, signal, limits)))
            .transpose()?;
        let metrics = resolved
            .metrics
            .map(|(signal, how)| {
                Ok::<_, OtlpError>((exporter::metrics(&signal, worker, how.temporality)?, signal, how))
            })
            .transpose()?;
        let logs = resolved
            .logs
            .map(|(signal, limits)| Ok::<_, OtlpError>((exporter::logs(&signal, worker)?, signal, limits)))
            .transpose()?;

        let traces = traces.map(|(exporter, signal, limits)| {
            let limits = limits.clone().export_timeout(limits.export_timeout.min(signal.timeout));
            let pipeline = spans::start(
                worker,
                registered(health, &signal),
                &limits,
                exporter,
                Secrets::of_headers(&signal.headers),
            );
            pipeline.put_resource(resource);
            pipeline
        });
        let metrics = metrics.map(|(exporter, signal, how)| {
            let secrets = Secrets::of_headers(&signal.headers);
            let timeout = how.timeout.min(signal.timeout);
            metrics::start(worker, registered(health, &signal), how.interval, timeout, exporter, secrets)
        });
        let logs = logs.map(|(exporter, signal, limits)| {
            let limits = limits.clone().export_timeout(limits.export_timeout.min(signal.timeout));
            let pipeline = logs::start(
                worker,
                registered(health, &signal),
                &limits,
                exporter,
                Secrets::of_headers(&signal.headers),
            );
            pipeline.put_resource(resource);
            pipeline
        });
        Ok(OtlpPipelines { traces, metrics, logs })
    }

    /// The processor for `SdkTracerProviderBuilder::with_span_processor`.
    pub fn spans(&self) -> Option<SpanPipeline> {
        self.traces.clone()
    }

    /// The reader for `MeterProviderBuilder::with_reader`.
    pub fn metrics(&self) -> Option<MetricPush> {
        self.metrics.clone()
    }

    /// The processor for `LoggerProviderBuilder::with_log_processor`.
    pub fn logs(&self) -> Option<LogPipeline> {
        self.logs.clone()
    }

    /// What became of everything so far.
    pub fn accounts(&self) -> OtlpAccounts {
        OtlpAccounts {
            traces: self.traces.as_ref().map(SpanPipeline::account),
            metrics: self.metrics.as_ref().map(MetricPush::account),
            logs: self.logs.as_ref().map(LogPipeline::account),
        }
    }

    /// Sends everything now, the signals side by side. Blocks the calling thread, for `timeout` at most.
    pub fn flush(&self, timeout: Duration) -> OtlpFlush {
        self.begin_flush()(timeout)
    }

    /// Asks for everything to be sent, and answers with the wait for it.
    pub fn begin_flush(&self) -> impl FnOnce(Duration) -> OtlpFlush + Send + use<> {
        let traces = self.traces.as_ref().map(|spans| spans.pipeline().begin_flush());
        let metrics = self.metrics.as_ref().map(|metrics| metrics.cycle().begin_flush());
        let logs = self.logs.as_ref().map(|logs| logs.pipeline().begin_flush());
        move |timeout| {
            let left = Left::of(timeout);
            OtlpFlush {
                traces: traces.map(|wait| wait(left.now())),
                metrics: metrics.map(|wait| wait(left.now())),
                logs: logs.map(|wait| wait(left.now())),
            }
        }
    }

    /// [`flush`](Self::flush) for async code: blocks no thread of the caller's executor.
    pub async fn flush_async(&self, timeout: Duration) -> OtlpFlush {
        let pipelines = self.clone();
        match off_thread(move || pipelines.flush(timeout)).await {
            Some(flush) => flush,
            None => self.flush(Duration::ZERO),
        }
    }

    /// Sends what waits and closes the pipelines. Blocks the calling thread, for `timeout` at most in
    /// all; what did not arrive by then is counted. A second shutdown changes nothing.
    pub fn shutdown(&self, timeout: Duration) -> OtlpShutdown {
        self.begin_shutdown()(timeout)
    }

    /// Begins to send what waits, the signals side by side, and answers with the wait for it.
    pub fn begin_shutdown(&self) -> impl FnOnce(Duration) -> OtlpShutdown + Send + use<> {
        let traces = self.traces.as_ref().map(|spans| spans.pipeline().begin_shutdown());
        let metrics = self.metrics.as_ref().map(|metrics| metrics.cycle().begin_shutdown());
        let logs = self.logs.as_ref().map(|logs| logs.pipeline().begin_shutdown());
        move |timeout| {
            let left = Left::of(timeout);
            OtlpShutdown {
                traces: traces.map(|wait| wait(left.now())),
                metrics: metrics.map(|wait| wait(left.now())),
                logs: logs.map(|wait| wait(left.now())),
            }
        }
    }

    /// [`shutdown`](Self::shutdown) for async code: blocks no thread of the caller's executor.
    pub async fn shutdown_async(&self, timeout: Duration) -> OtlpShutdown {
        let pipelines = self.clone();
        match off_thread(move || pipelines.shutdown(timeout)).await {
            Some(shutdown) => shutdown,
            None => self.shutdown(Duration::ZERO),
        }
    }
}

/// One deadline for several waits.
struct Left {
    start: Instant,
    timeout: Duration,
}

impl Left {
    fn of(timeout: Duration) -> Self {
        Left { start: Instant::now(), timeout }
    }

    fn now(&self) -> Duration {
        self.timeout.saturating_sub(self.start.elapsed())
    }
}

fn registered(health: &Health, signal: &ResolvedSignal) -> ExporterHealth {
    let port = match signal.protocol {
        Protocol::Grpc => 4317,
        Protocol::HttpProtobuf => 4318,
    };
    let advice = format!(
        "is a collector listening at {} for {}? its usual port for that is {port}",
        without_credentials(&signal.endpoint),
        signal.protocol.as_str(),
    );
    health.exporter(format!("otlp.{}", signal.signal.as_str()), advice)
}
