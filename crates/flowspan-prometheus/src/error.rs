//! Why there is no endpoint.

use std::{io, net::SocketAddr};

use flowspan_runtime::SettingError;
use opentelemetry_sdk::error::OTelSdkError;

/// The endpoint cannot be served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PrometheusError {
    /// An environment variable has a value that cannot be used.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// Another program, or another flowspan, listens there already.
    #[error(
        "cannot serve metrics on {address}, because the address is taken; choose another with `Prometheus::on`, \
         `--metrics-port` or FLOWSPAN_METRICS_PORT (port 0 takes a free one)"
    )]
    AddressTaken {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The system does not let this program listen there.
    #[error(
        "cannot serve metrics on {address}; choose an address of this machine with `Prometheus::on`, \
         `--metrics-address` or OTEL_EXPORTER_PROMETHEUS_HOST, and a port of 1024 or more"
    )]
    Address {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A path of one's own cannot be served.
    #[error(
        "cannot serve {path:?}: a path begins with a slash, goes on with letters, digits and any of \"/_-.\", and \
         is not served already"
    )]
    Route {
        /// The path that was asked for.
        path: String,
    },
}

/// Metrics cannot be collected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CollectError {
    /// A callback of an observable instrument panicked just now.
    #[error("a callback panicked while metrics were collected")]
    Panicked,
    /// A callback panicked earlier, and left a lock of the SDK behind that nobody can take any more.
    #[error("the OpenTelemetry SDK collects no metrics any more since a callback panicked")]
    Broken,
    /// No meter provider has the reader, or it was shut down.
    #[error("no meter provider has the reader of these metrics, or it was shut down")]
    Unavailable(#[source] OTelSdkError),
}

impl PrometheusError {
    pub(crate) fn of_address(address: SocketAddr, source: io::Error) -> Self {
        if source.kind() == io::ErrorKind::AddrInUse {
            PrometheusError::AddressTaken { address, source }
        } else {
            PrometheusError::Address { address, source }
        }
    }
}
