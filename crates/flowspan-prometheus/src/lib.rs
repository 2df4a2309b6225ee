//! Is scraped by Prometheus.
//!
//! Serves what the OpenTelemetry SDK has counted at `/metrics`, in the text format 0.0.4, and says at
//! `/health` whether the exporters work. It runs on flowspan's own [`Worker`](flowspan_runtime::Worker),
//! so a program without a runtime can be scraped, too.
//!
//! ```
//! use std::time::Duration;
//! use flowspan_prometheus::Prometheus;
//! use flowspan_runtime::{Environment, Health, Worker};
//! use opentelemetry::metrics::MeterProvider as _;
//! use opentelemetry_sdk::metrics::SdkMeterProvider;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let worker = Worker::start()?;
//! let (endpoint, reader) = Prometheus::on(([127, 0, 0, 1], 0)).bind(&Environment::process())?;
//! let provider = SdkMeterProvider::builder().with_reader(reader).build();
//! let server = endpoint.serve(&worker.handle(), &Health::default(), Vec::new)?;
//!
//! provider.meter("example").u64_counter("requests").build().add(1, &[]);
//! println!("http://{}/metrics", server.address());
//! server.stop(Duration::from_secs(1));
//! # Ok(()) }
//! ```
//!
//! # What it answers
//!
//! | path | answer |
//! |---|---|
//! | `/metrics` | the exposition; 503 with `Retry-After` if eight scrapes are waiting already or one takes longer than ten seconds; 500 if metrics cannot be collected |
//! | `/health` | always 200, and JSON: `status` is `ok` or `degraded`, `exporters` says how each does, `telemetry` what was delivered and what was lost, `scrapes` how this endpoint does |
//! | `/` | a page with links to both |
//!
//! Only GET and HEAD are allowed (405), other paths are not found (404).
//!
//! # What is promised
//!
//! - Whatever names and labels the program uses, the exposition is valid: what Prometheus would refuse
//!   is mended ([`Stats::mended`]) or left out ([`Stats::dropped`]), and counted.
//! - Collecting runs beside the worker's thread, at most once at a time; scrapes that come meanwhile
//!   share its answer. It cannot hold up an export.
//! - A callback that panics costs one scrape, which is answered with 500. If the SDK cannot collect
//!   any more after that (a callback that is registered with a meter leaves a poisoned lock behind),
//!   later scrapes say so with 500, instead of telling that there are no metrics.
//! - At most 64 connections are open. Above that, the oldest one that has not sent a request makes
//!   room. A request has five seconds to arrive, 8 KiB for its head, and thirty seconds in all.

mod config;
mod connections;
mod error;
mod exposition;
mod health;
mod names;
mod reader;
mod routes;
mod scrape;
mod server;
mod stats;

pub use config::{DEFAULT_ADDRESS, Endpoint, Prometheus};
pub use error::PrometheusError;
pub use health::Accounts;
pub use reader::Reader;
pub use server::Server;
pub use stats::Stats;
