//! One module for each part that can be started, and the parts' own checks.

pub(crate) mod checks;
pub(crate) mod collector;
pub(crate) mod grafana_schema;
pub(crate) mod jaeger;
pub(crate) mod postgres;
pub(crate) mod prometheus;
pub(crate) mod statsd;
pub(crate) mod statsd_exporter;
