//! What a program says about OTLP.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use flowspan_runtime::Limits;
use opentelemetry_sdk::metrics::Temporality;

/// Where and how telemetry is pushed over OTLP.
///
/// What is not set here comes from the `OTEL_…` variables, and then from the defaults (see the
/// [crate]). Nothing is checked before [`resolve`](Otlp::resolve).
#[derive(Clone, Default)]
#[must_use = "it does nothing until it is given to a builder"]
pub struct Otlp {
    pub(crate) endpoint: Option<String>,
    pub(crate) signal_endpoints: Vec<(Signal, String)>,
    pub(crate) protocol: Option<Protocol>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) compression: Option<Compression>,
    pub(crate) certificate: Option<PathBuf>,
    pub(crate) client_identity: Option<(PathBuf, PathBuf)>,
    pub(crate) left_out: Vec<Signal>,
    pub(crate) span_limits: Option<Limits>,
    pub(crate) log_limits: Option<Limits>,
    pub(crate) metric_interval: Option<Duration>,
    pub(crate) temporality: Option<Temporality>,
}

/// What OTLP carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Signal {
    /// Spans.
    Traces,
    /// Data points.
    Metrics,
    /// Log records.
    Logs,
}

/// How OTLP is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Protocol {
    /// gRPC, usually on port 4317.
    Grpc,
    /// Protocol buffers over HTTP/1.1, usually on port 4318.
    HttpProtobuf,
}

/// How the bytes are made fewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Compression {
    /// gzip.
    Gzip,
}

impl Signal {
    /// All of them.
    pub const ALL: [Signal; 3] = [Signal::Traces, Signal::Metrics, Signal::Logs];

    /// `traces`, `metrics` or `logs`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Signal::Traces => "traces",
            Signal::Metrics => "metrics",
            Signal::Logs => "logs",
        }
    }

    pub(crate) const fn http_path(self) -> &'static str {
        match self {
            Signal::Traces => "/v1/traces",
            Signal::Metrics => "/v1/metrics",
            Signal::Logs => "/v1/logs",
        }
    }

    /// `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` and `OTEL_EXPORTER_OTLP_ENDPOINT`, in this order.
    pub(crate) fn variables(self, setting: &str) -> [String; 2] {
        let signal = self.as_str().to_ascii_uppercase();
        [format!("OTEL_EXPORTER_OTLP_{signal}_{setting}"), format!("OTEL_EXPORTER_OTLP_{setting}")]
    }
}

impl Protocol {
    /// What [`parse`](Protocol::parse) understands, for error texts.
    pub const ACCEPTED: &str = "`grpc` or `http/protobuf`";

    /// The protocol as `OTEL_EXPORTER_OTLP_PROTOCOL` names it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Protocol::Grpc => "grpc",
            Protocol::HttpProtobuf => "http/protobuf",
        }
    }

    /// The protocol that has this name.
    pub fn parse(name: &str) -> Option<Self> {
        [Protocol::Grpc, Protocol::HttpProtobuf].into_iter().find(|protocol| protocol.as_str() == name)
    }
}

impl Otlp {
    /// Telemetry goes to this collector, such as `http://127.0.0.1:4317`: a scheme (`http` or
    /// `https`), a host, and usually a port. Over HTTP, `/v1/traces` and the like are appended.
    pub fn to(endpoint: impl Into<String>) -> Self {
        Otlp { endpoint: Some(endpoint.into()), ..Otlp::default() }
    }

    /// Everything comes from the `OTEL_…` variables and the defaults.
    pub fn from_env() -> Self {
        Otlp::default()
    }

    /// Sends one signal to an address of its own, which is used as it is: over HTTP, no path is
    /// appended. Default: the common endpoint.
    pub fn signal_endpoint(mut self, signal: Signal, endpoint: impl Into<String>) -> Self {
        self.signal_endpoints.retain(|(known, _)| *known != signal);
        self.signal_endpoints.push((signal, endpoint.into()));
        self
    }

    /// Sets the protocol. Default: gRPC if the endpoint's port is 4317, else HTTP.
    pub fn protocol(mut self, protocol: Protocol) -> Self {
        self.protocol = Some(protocol);
        self
    }

    /// Adds a header to every request, such as `authorization`. Wins over a header of the same name
    /// from the environment. Its value is never shown. Default: none.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sets how long an export may take, retries included. Default: 10 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Compresses what is sent. Default: no compression.
    pub fn compression(mut self, compression: Compression) -> Self {
        self.compression = Some(compression);
        self
    }

    /// Trusts the authorities in this PEM file, and no other. Default: the roots that Mozilla trusts.
    pub fn certificate(mut self, pem_file: impl Into<PathBuf>) -> Self {
        self.certificate = Some(pem_file.into());
        self
    }

    /// Shows the collector this certificate, with its private key, both PEM files. Default: none.
    pub fn client_identity(mut self, certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        self.client_identity = Some((certificate.into(), key.into()));
        self
    }

    /// Pushes no traces.
    pub fn without_traces(self) -> Self {
        self.without(Signal::Traces)
    }

    /// Pushes no metrics, for a program that is only scraped.
    pub fn without_metrics(self) -> Self {
        self.without(Signal::Metrics)
    }

    /// Pushes no logs.
    pub fn without_logs(self) -> Self {
        self.without(Signal::Logs)
    }

    /// Leaves a signal out.
    pub fn without(mut self, signal: Signal) -> Self {
        self.left_out.push(signal);
        self
    }

    /// Sets the limits of the queue of spans. Default: see the [crate].
    pub fn span_limits(mut self, limits: Limits) -> Self {
        self.span_limits = Some(limits);
        self
    }

    /// Sets the limits of the queue of log records. Default: see the [crate].
    pub fn log_limits(mut self, limits: Limits) -> Self {
        self.log_limits = Some(limits);
        self
    }

    /// Sets how much time passes between two exports of metrics. Default: 60 s.
    pub fn metric_interval(mut self, interval: Duration) -> Self {
        self.metric_interval = Some(interval);
        self
    }

    /// Sets what a data point covers: everything since the start, or since the export before.
    /// Default: cumulative.
    pub fn temporality(mut self, temporality: Temporality) -> Self {
        self.temporality = Some(temporality);
        self
    }
}

impl fmt::Debug for Otlp {
    // Header values are secrets, and an endpoint may hold one by mistake.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = flowspan_runtime::without_credentials;
        let header_names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        let signal_endpoints: Vec<(Signal, String)> =
            self.signal_endpoints.iter().map(|(signal, endpoint)| (*signal, shown(endpoint))).collect();
        f.debug_struct("Otlp")
            .field("endpoint", &self.endpoint.as_deref().map(shown))
            .field("signal_endpoints", &signal_endpoints)
            .field("protocol", &self.protocol)
            .field("header_names", &header_names)
            .field("timeout", &self.timeout)
            .field("compression", &self.compression)
            .field("certificate", &self.certificate)
            .field("client_identity", &self.client_identity)
            .field("left_out", &self.left_out)
            .finish_non_exhaustive()
    }
}
