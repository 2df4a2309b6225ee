//! The real parts that flowspan is tested against: an OpenTelemetry Collector,
//! Jaeger, Prometheus, PostgreSQL and two StatsD servers, built where needed and
//! started on free loopback ports. The end-to-end tests and `cargo xtask stack` share it; it is
//! not published.
//!
//! ```no_run
//! use std::time::Duration;
//! use flowspan_stack::{Part, Stack, require, wait_until};
//!
//! # fn main() -> Result<(), flowspan_stack::StackError> {
//! let Some(()) = require(&[Part::Collector, Part::Jaeger, Part::Prometheus]) else {
//!     return Ok(()); // A notice says what is missing and how to get it.
//! };
//! let stack = Stack::builder().scrape("127.0.0.1:9464").start()?;
//! // … a program sends to stack.collector.otlp_grpc_endpoint() …
//! let trace = wait_until(Duration::from_secs(10), || {
//!     stack.jaeger.trace("5b8efff798038103d269b633813fc60c").ok()?
//! });
//! # Ok(())
//! # }
//! ```
//!
//! - [`locate`] finds a part, [`build`] makes it; results are cached outside
//!   the tree, see [`CACHE_ENV`].
//! - [`Stack`] starts the parts together; [`Collector`], [`Jaeger`],
//!   [`Prometheus`] and [`Postgres`] start alone, too, and so do [`Statsd`] and
//!   [`StatsdExporter`]. All end with the value
//!   that holds them, and also when the process is killed.
//! - Set [`KEEP_ENV`] to look at logs and data after a test.

mod ask;
mod cache;
mod command;
mod error;
mod home;
mod http;
mod leash;
mod life;
mod make;
mod notice;
mod part;
mod parts;
mod ports;
mod process;
mod recipe;
mod require;
mod stack;
mod wait;

pub use crate::{
    ask::{
        jaeger::{Reference, Search, Span, SpanEvent, Trace},
        prometheus::{OpenAlert, Sample},
    },
    cache::CACHE_ENV,
    error::StackError,
    home::KEEP_ENV,
    make::build,
    part::{Part, locate},
    parts::{
        checks::{
            check_collector_config, check_jaeger_config, check_metrics, check_prometheus_config, check_rules,
            read_compose, test_rules,
        },
        collector::{AGENT_CONFIG, Collector, CollectorBuilder, GATEWAY_CONFIG, SINGLE_CONFIG, Signal},
        grafana_schema::check_dashboards,
        jaeger::{JAEGER_CONFIG, Jaeger, JaegerBuilder},
        postgres::Postgres,
        prometheus::{Prometheus, PrometheusBuilder},
        statsd::{Statsd, StatsdTotals},
        statsd_exporter::StatsdExporter,
    },
    ports::free as free_port,
    require::{REQUIRE_ENV, require, require_program},
    stack::{Stack, StackBuilder},
    wait::wait_until,
};
