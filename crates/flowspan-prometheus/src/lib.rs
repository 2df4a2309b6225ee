//! Is scraped by Prometheus.
//!
//! Serves what the OpenTelemetry SDK has counted at `/metrics`, in the text format 0.0.4 or as JSON, and
//! says at `/health` whether the exporters work. It runs on flowspan's own [`Worker`](flowspan_runtime::Worker),
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
//! | `/metrics` | the exposition: as text, or as JSON with `?format=json` or for an `Accept` header that prefers `application/json` (406 if it wants neither; 400 for another `format`) |
//! | `/metrics/json` | the exposition as JSON; [`SCHEMA_VERSION`] says what is in it |
//! | `/health` | always 200, and JSON: `status` is `ok` or `degraded`, `exporters` says how each does, `telemetry` what was delivered and what was lost, `scrapes` how this endpoint does |
//! | a path of yours | JSON; see [`Endpoint::route`] |
//! | `/` | a page with links to all of them |
//!
//! Only GET and HEAD are allowed (405), other paths are not found (404). A page is answered with 503 and
//! `Retry-After` if eight requests wait for it already or it takes longer than ten seconds, and with 500
//! if metrics cannot be collected. All but `/health` and `/` are compressed with gzip for clients that
//! ask for it, as Prometheus does.
//!
//! # What is promised
//!
//! - Names, labels, types, help and values are those that `opentelemetry-prometheus` gives the same
//!   metrics: `By` becomes `_bytes`, a counter ends in `_total`, the resource is `target_info`. Scopes
//!   are no labels.
//! - Whatever names and labels the program uses, the exposition is valid: what Prometheus would refuse
//!   is mended ([`Findings::mended`]) or left out ([`Findings::dropped`]), and counted.
//!   - Characters that Prometheus does not know become `_`. A name that is empty or begins with a digit
//!     gets a `_` in front, a label that begins with `__` gets `key`, the labels `le` and `quantile`
//!     become `exported_le` and `exported_quantile`.
//!   - Attributes whose keys become one label share it: their values stand one after the other, with a
//!     semicolon between, in the order of the keys.
//!   - Metrics that become one name share a family, with the first help that one of them has. If their
//!     types differ, the type of the first one counts, by name of the scope and then by age, and the
//!     others are left out. Of series with the same labels the largest is kept.
//!   - A metric that has the name of a part of a histogram (`_bucket`, `_sum`, `_count`) is left out.
//!     So are exponential histograms, which the text format has no form for.
//! - Collecting runs beside the worker's thread. Requests that come while an answer is made share it, so
//!   that many clients cost as much as one. It cannot hold up an export.
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
mod metrics;
mod negotiate;
mod page;
mod reader;
mod routes;
mod server;
mod stats;

pub use config::{DEFAULT_ADDRESS, Endpoint, Prometheus};
pub use error::{CollectError, PrometheusError};
pub use exposition::{Findings, SCHEMA_VERSION};
pub use health::Accounts;
pub use reader::Reader;
pub use routes::TEXT_FORMAT;
pub use server::Server;
pub use stats::Stats;
