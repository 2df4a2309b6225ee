//! Why OTLP cannot start.

/// OTLP could not be started with these settings.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OtlpError {
    /// An exporter could not be built.
    #[error("cannot build the OTLP exporter of {signal}")]
    Exporter {
        /// `traces`, `metrics` or `logs`.
        signal: &'static str,
        /// What the exporter said.
        source: opentelemetry_otlp::ExporterBuildError,
    },
    /// The connection could not be prepared.
    #[error("cannot prepare the OTLP connection of {signal}")]
    Channel {
        /// `traces`, `metrics` or `logs`.
        signal: &'static str,
        /// What the transport said.
        source: tonic::transport::Error,
    },
}
