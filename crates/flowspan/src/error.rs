//! What can be wrong with a configuration.

use std::sync::Arc;

use flowspan_runtime::{Environment, SettingError, WorkerError};

/// Telemetry could not be built or installed. Nothing was changed: no global is set, no port is
/// bound, no thread runs.
///
/// After a build that succeeded, telemetry never fails the program.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A setting has a value that cannot be used. The text names the setting, the value and the
    /// accepted form.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// The configuration file cannot be used.
    #[error(transparent)]
    ConfigFile(#[from] crate::ConfigFileError),
    /// Metrics cannot be as they were configured: a name, a label, a bucket. The text says which and
    /// why.
    #[error(transparent)]
    Metrics(#[from] flowspan_metrics::SchemaError),
    /// A price that was given in code cannot be used. The text names the model.
    #[error(transparent)]
    Prices(#[from] Arc<flowspan_layer::PricesError>),
    /// The system gave no thread or runtime to the exporters.
    #[error(transparent)]
    Worker(#[from] WorkerError),
    /// The OTLP exporter could not be built.
    #[cfg(feature = "otlp")]
    #[error(transparent)]
    Otlp(#[from] flowspan_otlp::OtlpError),
    /// The metrics endpoint could not be started.
    #[cfg(feature = "prometheus")]
    #[error(transparent)]
    Prometheus(#[from] flowspan_prometheus::PrometheusError),
    /// The file of events cannot be written to.
    #[cfg(feature = "jsonl")]
    #[error(transparent)]
    Events(#[from] flowspan_jsonl::JsonlError),
    /// A cargo feature is missing for what the environment or the configuration file asks for.
    #[error("{variable} asks for {exporter:?}, which needs the cargo feature {feature:?} of flowspan")]
    FeatureMissing {
        /// The variable, or the section of the configuration file.
        variable: &'static str,
        /// The exporter that it names.
        exporter: &'static str,
        /// The feature that brings it.
        feature: &'static str,
    },
    /// `install` was called a second time in this process.
    #[error(
        "flowspan is installed in this process already: install it once, in main, and keep what it returns"
    )]
    AlreadyInstalled,
    /// Another `tracing` subscriber is the global default already.
    #[error(
        "another tracing subscriber is installed already: use build() instead of install(), and add \
         Telemetry::layer() to that subscriber"
    )]
    SubscriberTaken,
}

impl BuildError {
    /// The same error, with a setting named by the key of the configuration file that set it.
    pub(crate) fn explained(self, environment: &Environment) -> Self {
        match self {
            BuildError::Setting(error) => BuildError::Setting(environment.explain(error)),
            #[cfg(feature = "prometheus")]
            BuildError::Prometheus(flowspan_prometheus::PrometheusError::Setting(error)) => {
                BuildError::Setting(environment.explain(error))
            }
            #[cfg(feature = "jsonl")]
            BuildError::Events(flowspan_jsonl::JsonlError::Setting(error)) => {
                BuildError::Setting(environment.explain(error))
            }
            other => other,
        }
    }
}
