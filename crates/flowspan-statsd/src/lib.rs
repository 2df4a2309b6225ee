//! Pushes metrics to a StatsD server: every measurement is a line, lines travel in datagrams, and what
//! becomes of each is accounted for.
//!
//! ```
//! use std::sync::Arc;
//! use std::time::Duration;
//! use flowspan_model::{Measurement, MetricSink, Series, catalog::Instrument};
//! use flowspan_runtime::{Environment, Health, Worker};
//! use flowspan_statsd::{Dialect, Statsd, StatsdSink};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let server = std::net::UdpSocket::bind("127.0.0.1:0")?;
//! # let address = server.local_addr()?.to_string();
//! # server.set_read_timeout(Some(Duration::from_secs(10)))?;
//! // let address = "127.0.0.1:8125";
//! let statsd = Statsd::to(address).dialect(Dialect::DogStatsD).resolve(&Environment::process())?;
//! let worker = Worker::start()?;
//! let sink = StatsdSink::start(statsd, &worker.handle(), &Health::default());
//!
//! let labels = [("status".into(), "success".into())];
//! let series = Arc::new(Series::new("shop.orders", Instrument::Counter, "{order}", labels));
//! sink.measurement(&Measurement::new(series, 2.0));
//!
//! let end = sink.pipeline().shutdown(Duration::from_secs(5));
//! assert_eq!(end.account.delivered, 1);
//! # let mut datagram = [0; 100];
//! # let length = server.recv(&mut datagram)?;
//! # assert_eq!(&datagram[..length], b"shop.orders:2|c|#status:success");
//! # Ok(()) }
//! ```
//!
//! # Where a setting comes from
//!
//! What the program says explicitly wins over the environment, and the environment over the default. A
//! value that cannot be used is an error that names the setting, the value and the accepted form.
//!
//! | setting | in code | variable | default |
//! |---|---|---|---|
//! | server | [`Statsd::to`] | `FLOWSPAN_STATSD`: `host:port`, `udp://host:port`, `/path` or `unix:///path` | `localhost:8125` |
//! | dialect | [`Statsd::dialect`] | `FLOWSPAN_STATSD_DIALECT`: `plain`, `dogstatsd` or `influx` | `plain` |
//! | labels in the plain dialect | [`Statsd::plain_labels`] | – | folded into the name |
//! | histograms in DogStatsD | [`Statsd::dog_histograms`] | – | `h` |
//! | sampling of histograms | [`Statsd::sample_histograms`] | – | 1: every number is sent |
//! | size of a datagram | [`Statsd::datagram_size`] | – | 1432 bytes |
//! | queue | [`Statsd::queue_capacity`] | – | 8192 measurements |
//! | longest wait for company | [`Statsd::delay`] | – | 1 s |
//!
//! # What is sent
//!
//! | instrument | plain | DogStatsD | Influx |
//! |---|---|---|---|
//! | counter | `\|c`, what was added | the same | the same |
//! | gauge | `\|g`, the number | the same | the same |
//! | up-down counter | `\|g`, the sum so far | the same | the same |
//! | histogram of seconds | `\|ms`, in milliseconds | `\|h` or `\|d`, in seconds | `\|ms`, in milliseconds |
//! | another histogram | `\|ms`, the number | `\|h` or `\|d`, the number | `\|h`, the number |
//!
//! - The name is that of the metric, namespace first: `flowspan.step.duration`.
//! - Labels are tags, in the order of their names. The plain dialect has no tags: a label becomes two
//!   parts of the name, `flowspan.step.retries.step_type.shell`, or is left out.
//! - In names and tags, whatever is not allowed there becomes `_`: no label can break a line or begin
//!   another one. Tag values keep letters and digits of every script, and `_`, `-`, `.` and `/`; names,
//!   names of tags and folded labels keep those of ASCII, `_` and `-`, and names keep `.`. An empty text
//!   becomes `_`. Names end at 200 bytes, names of labels at 64, values at 128.
//! - A tag that begins with `__` gets `key` in front, `le` and `quantile` become `exported_le` and
//!   `exported_quantile`, as on `/metrics`: Prometheus keeps these names for itself, and its StatsD
//!   exporter ends when it meets them.
//! - A gauge below zero is two lines, zero and then the number, in one datagram: most servers take a
//!   sign for a change, others for a part of the number, and both come to the same result.
//! - Series that become one on the wire, by what is left out or replaced, are added up there: counters
//!   and histograms by the server, up-down counters here.
//!
//! # What is promised
//!
//! - Whoever measures never waits for a socket or a name look-up: it moves one pointer and one number
//!   into a bounded queue. A queue that is full drops the newest measurement and counts it.
//! - `created == delivered + queued + Σ dropped`, at every moment. What sampling leaves out counts as
//!   nothing: the server makes up for it by the rate that is written on the line.
//! - A server that is away, or comes later, is no error of the program. It is told once
//!   ([`Health`](flowspan_runtime::Health)), and once more when it is there.
//! - A name is looked up again every minute and when its server refuses, so the lines follow it.
//!
//! # What `delivered` means
//!
//! Over UDP: the system took the datagram, and no host refused one since; StatsD has no answers. A
//! refusal is counted for the datagram that was sent last, which on one machine is the refused one. A
//! receiver that is too slow loses datagrams without a word. Over a Unix socket: the datagram is in the
//! server's queue; a server that does not read makes ours fill up, and nothing is lost unseen.
//! Of a batch, each datagram counts by itself: what arrived as `delivered`, what the server refused as
//! `export_failed`, what it did not take in time as `export_timeout`.

mod config;
mod delivery;
mod dialect;
mod levels;
mod lines;
mod packer;
mod sink;
mod socket;
mod target;
mod words;

pub use config::{
    DEFAULT_DATAGRAM_SIZE, DEFAULT_DELAY, DEFAULT_QUEUE_CAPACITY, DEFAULT_TARGET, MAX_DATAGRAM_SIZE,
    MIN_DATAGRAM_SIZE, ResolvedStatsd, Statsd,
};
pub use dialect::{Dialect, DogHistograms, PlainLabels};
pub use sink::StatsdSink;
