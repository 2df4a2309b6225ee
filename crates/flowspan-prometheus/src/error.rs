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
    /// The bridge from the OpenTelemetry SDK could not be built.
    #[error("cannot connect the metrics of OpenTelemetry with Prometheus")]
    Bridge(#[source] OTelSdkError),
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
