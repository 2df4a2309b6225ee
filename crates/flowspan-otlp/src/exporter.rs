//! Exporters of one signal, built without a look at the process environment.

use std::time::Duration;

use flowspan_runtime::WorkerHandle;
use opentelemetry_otlp::{
    ExporterBuildError, LogExporter, MetricExporter, SpanExporter, WithExportConfig, WithHttpConfig,
    WithTonicConfig,
};
use opentelemetry_sdk::metrics::Temporality;
use tonic::metadata::MetadataMap;
use tonic::transport::{Channel, Endpoint};

use crate::config::{Compression, Protocol};
use crate::error::OtlpError;
use crate::http_client::OtlpHttpClient;
use crate::resolve::ResolvedSignal;

/// By how much longer the exporter's own timeout is than ours: ours comes first, cancels the request
/// under way, and is counted as what it is.
const BEHIND: Duration = Duration::from_secs(1);

const PING_INTERVAL: Duration = Duration::from_secs(30);

/// The same steps for three builders that share no trait.
macro_rules! build {
    ($resolved:expr, $worker:expr, $builder:expr) => {{
        let resolved: &ResolvedSignal = $resolved;
        let timeout = resolved.timeout.saturating_add(BEHIND);
        // A gRPC channel spawns its connection: it has to be made inside the worker's runtime.
        $worker.enter(|| match resolved.protocol {
            Protocol::Grpc => {
                let metadata = metadata(resolved);
                let mut builder = $builder
                    .with_tonic()
                    .with_endpoint(resolved.endpoint.as_str())
                    .with_timeout(timeout)
                    .with_channel(channel(resolved)?)
                    .with_interceptor(move |mut request: tonic::Request<()>| {
                        // Exactly these: the exporter adds those of the process environment by itself.
                        *request.metadata_mut() = metadata.clone();
                        Ok(request)
                    });
                if let Some(compression) = resolved.compression {
                    builder = builder.with_compression(compression.into());
                }
                builder.build().map_err(|source| failed(resolved, source))
            }
            Protocol::HttpProtobuf => {
                let mut builder = $builder
                    .with_http()
                    .with_endpoint(resolved.endpoint.as_str())
                    .with_protocol(opentelemetry_otlp::Protocol::HttpBinary)
                    .with_timeout(timeout)
                    .with_http_client(OtlpHttpClient::new(resolved));
                if let Some(compression) = resolved.compression {
                    builder = builder.with_compression(compression.into());
                }
                builder.build().map_err(|source| failed(resolved, source))
            }
        })
    }};
}

pub(crate) fn spans(resolved: &ResolvedSignal, worker: &WorkerHandle) -> Result<SpanExporter, OtlpError> {
    build!(resolved, worker, SpanExporter::builder())
}

pub(crate) fn logs(resolved: &ResolvedSignal, worker: &WorkerHandle) -> Result<LogExporter, OtlpError> {
    build!(resolved, worker, LogExporter::builder())
}

pub(crate) fn metrics(
    resolved: &ResolvedSignal,
    worker: &WorkerHandle,
    temporality: Temporality,
) -> Result<MetricExporter, OtlpError> {
    build!(resolved, worker, MetricExporter::builder().with_temporality(temporality))
}

impl From<Compression> for opentelemetry_otlp::Compression {
    fn from(compression: Compression) -> Self {
        match compression {
            Compression::Gzip => opentelemetry_otlp::Compression::Gzip,
        }
    }
}

fn failed(resolved: &ResolvedSignal, source: ExporterBuildError) -> OtlpError {
    OtlpError::Exporter { signal: resolved.signal.as_str(), source }
}

fn metadata(resolved: &ResolvedSignal) -> MetadataMap {
    MetadataMap::from_headers(resolved.headers.iter().cloned().collect())
}

fn channel(resolved: &ResolvedSignal) -> Result<Channel, OtlpError> {
    let failed = |source| OtlpError::Channel { signal: resolved.signal.as_str(), source };
    let endpoint = Endpoint::from_shared(resolved.endpoint.clone())
        .and_then(|endpoint| endpoint.user_agent(concat!("flowspan/", env!("CARGO_PKG_VERSION"))))
        .map_err(failed)?
        .connect_timeout(resolved.timeout)
        .timeout(resolved.timeout.saturating_add(BEHIND))
        .http2_keep_alive_interval(PING_INTERVAL);
    let is_encrypted = endpoint.uri().scheme() == Some(&http::uri::Scheme::HTTPS);
    let endpoint =
        if is_encrypted { endpoint.tls_config(resolved.tls.for_grpc()).map_err(failed)? } else { endpoint };
    Ok(endpoint.connect_lazy())
}
