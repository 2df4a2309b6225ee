//! Pushes traces, metrics and logs over OTLP, and accounts for every item.
//!
//! ```no_run
//! use std::time::Duration;
//! use flowspan_otlp::{Otlp, OtlpPipelines};
//! use flowspan_runtime::{Environment, Health, Worker};
//! use opentelemetry_sdk::Resource;
//! use opentelemetry_sdk::trace::SdkTracerProvider;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let otlp = Otlp::to("http://127.0.0.1:4317").resolve(&Environment::process())?;
//! let worker = Worker::start()?;
//! let pipelines = OtlpPipelines::start(otlp, &worker.handle(), &Resource::builder().build(), &Health::default())?;
//!
//! let mut tracer_provider = SdkTracerProvider::builder();
//! if let Some(spans) = pipelines.spans() {
//!     tracer_provider = tracer_provider.with_span_processor(spans);
//! }
//! let tracer_provider = tracer_provider.build();
//!
//! // … the program …
//!
//! let end = pipelines.shutdown(Duration::from_secs(5));
//! println!("traces: {}", end.traces.map(|end| end.account.to_string()).unwrap_or_default());
//! # drop(tracer_provider);
//! # Ok(())
//! # }
//! ```
//!
//! # Where a setting comes from
//!
//! What the program says explicitly wins over the variable of a signal
//! (`OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`), that over the variable for all signals
//! (`OTEL_EXPORTER_OTLP_ENDPOINT`), and that over the default. A value that cannot be used is an
//! error that names the setting, the value and the accepted form; nothing falls back silently.
//!
//! | setting | variables | default |
//! |---|---|---|
//! | endpoint | `OTEL_EXPORTER_OTLP_[signal_]ENDPOINT` | `http://localhost:4318`, or `:4317` for gRPC |
//! | protocol | `…PROTOCOL`: `grpc` or `http/protobuf` | `grpc` for port 4317, else `http/protobuf` |
//! | headers | `…HEADERS`: `key=value,…`, percent-encoded | none |
//! | timeout | `…TIMEOUT`, in milliseconds | 10 s |
//! | compression | `…COMPRESSION`: `gzip` or `none` | `none` |
//! | server certificate | `…CERTIFICATE`: a PEM file | the roots that Mozilla trusts |
//! | client certificate and key | `…CLIENT_CERTIFICATE`, `…CLIENT_KEY`: PEM files | none |
//! | plain text, for a gRPC endpoint without a scheme | `…INSECURE`: `true` or `false` | a scheme is demanded |
//! | queue of spans | `OTEL_BSP_MAX_QUEUE_SIZE`, `…MAX_EXPORT_BATCH_SIZE`, `…SCHEDULE_DELAY`, `…EXPORT_TIMEOUT` | 2048, 512, 5 s, 30 s |
//! | queue of logs | `OTEL_BLRP_…` likewise | 2048, 512, 1 s, 30 s |
//! | metrics | `OTEL_METRIC_EXPORT_INTERVAL`, `OTEL_METRIC_EXPORT_TIMEOUT` | 60 s, 30 s |
//! | temporality | `OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE` | `cumulative` |
//!
//! An export ends at the OTLP timeout or the export timeout, whichever is shorter.
//!
//! # What `delivered` means
//!
//! The receiver answered that it took the items. What it refused (a partial success) counts as
//! `rejected`. An answer that is lost on the way counts as a failure although the items may have
//! arrived: after a timeout, duplicates and false losses are possible, silent losses are not.
//! Retries happen inside one export, for the answers that the OTLP specification calls retryable,
//! within its timeout.

mod config;
mod delivery;
mod endpoint;
mod error;
mod exporter;
mod http_client;
mod logs;
mod metrics;
mod pipelines;
mod resolve;
mod secrets;
mod spans;
mod tls;

pub use config::{Compression, Otlp, Protocol, Signal};
pub use error::OtlpError;
pub use logs::{LogPipeline, log_processor};
pub use metrics::{MetricPush, metric_reader};
pub use pipelines::{OtlpAccounts, OtlpFlush, OtlpPipelines, OtlpShutdown};
pub use resolve::{ResolvedMetrics, ResolvedOtlp, ResolvedSignal};
pub use spans::{SpanPipeline, span_processor};
