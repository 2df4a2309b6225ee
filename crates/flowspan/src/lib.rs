//! OpenTelemetry-native observability for programs that run workflows and agents.
//!
//! One builder call; then every workflow, step, agent, tool call, model call and token is an
//! OpenTelemetry span and an instrument: pushed to collectors, scraped by Prometheus, shown as a
//! tree on the terminal.
//!
//! ```no_run
//! use std::time::Duration;
//! use flowspan::prelude::*;
//! # async fn clone_repository() -> Result<(), std::io::Error> { Ok(()) }
//! # async fn ask(_: &str) -> Result<String, std::io::Error> { Ok("42".into()) }
//! # async fn search(_: &str) -> Result<(), std::io::Error> { Ok(()) }
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let telemetry = Flowspan::builder("support-bot")
//!         .otlp(Otlp::to("http://127.0.0.1:4317"))
//!         .prometheus(Prometheus::on(([127, 0, 0, 1], 9464)))
//!         .console(Console::tree())
//!         .install()?;
//!
//!     Workflow::new("triage").run(async {
//!         Step::shell("clone").run(clone_repository()).await?;
//!         Agent::new("researcher").run(async {
//!             let call = Inference::chat("openai", "gpt-5-mini");
//!             let answer = call.run(ask("why?")).await?;
//!             call.usage(Usage::new().input(812).output(96).cache_read(640));
//!             ToolCall::new("ripgrep").run(search(&answer)).await
//!         }).await
//!     }).await?;
//!
//!     telemetry.shutdown(Duration::from_secs(5)).into_result()?;
//!     Ok(())
//! }
//! ```
//!
//! # What you will see
//!
//! On the terminal, the run as a tree with durations, outcomes and tokens; at
//! `http://127.0.0.1:9464/metrics`, `flowspan_workflow_executions_total` and its sisters; at the
//! collector, one trace with a span for each piece of work. `/health` says how the exporters do.
//!
//! # What it promises
//!
//! - Telemetry never hurts the program: after `install()` nothing of it fails, blocks or grows
//!   without bound.
//! - Nothing is lost silently: `created = delivered + queued + dropped`, by reason, on `/metrics` and
//!   in what [`Telemetry::shutdown`] returns.
//! - A log filter cannot switch telemetry off.
//! - Exporters run on a thread of flowspan's own, so it works with any runtime, and with none.
//!
//! # Features
//!
//! | feature | default | brings |
//! |---|---|---|
//! | `console` | yes | log lines with trace ids, and the tree |
//! | `macros` | yes | `#[workflow]`, `#[phase]`, `#[step]`, `#[agent]`, `#[tool]` |
//! | `otlp` | yes | OTLP over gRPC and HTTP |
//! | `prometheus` | yes | `/metrics` and `/health` |
//! | `postgres` | no | an event store in PostgreSQL |
//! | `statsd` | no | every measurement to a StatsD server |
//! | `clap` | no | a group of command-line arguments; with it `statsd` |
//! | `jsonl` | no | events as lines of JSON: files that are written, and read again |
//! | `session` | no | what a run came to, in a file and at `/session` |
//! | `http` | no | [one trace](propagation) over HTTP and gRPC |
//! | `tonic` | no | the same as an interceptor for tonic; with it `http` |
//! | `tokio` | no | the same for the commands of tokio, and `agents` in them |
//! | `agents` | no | [what command-line agents print](agents) becomes observations |
//!
//! # If nothing arrives
//!
//! Look at standard error: an exporter that fails says so once. Look at `/health`. Ask
//! [`Telemetry::shutdown`] what became of the spans. Check that the endpoint has the port of its
//! protocol: 4317 for gRPC, 4318 for HTTP.

mod assemble;
mod builder;
mod capture;
#[cfg(feature = "clap")]
pub mod clap;
mod config_file;
#[cfg(feature = "console")]
mod console;
mod error;
mod limits;
mod logs;
mod metrics;
mod naming;
mod notices;
mod observed;
mod operation_details;
mod outputs;
mod prices;
#[cfg_attr(not(target_os = "linux"), path = "process_metrics/absent.rs")]
mod process_metrics;
pub mod propagation;
mod replay;
mod report;
mod resource;
mod sampler;
mod self_metrics;
mod semconv;
mod switches;
mod telemetry;
#[cfg_attr(not(feature = "console"), path = "terminal/absent.rs")]
mod terminal;

pub use builder::{Builder, Flowspan};
pub use config_file::{ConfigFile, ConfigFileError};
#[cfg(feature = "console")]
pub use console::{Console, DEFAULT_LOG_FILTER};
pub use error::BuildError;
pub use flowspan_api::{
    Agent, Blocked, Embeddings, Guard, Handle, Held, Inference, Judge, MapItem, MapReduce, Memory, Observed,
    Phase, Plan, Queue, Reduce, Retrieval, Session, Step, Streamed, ToolCall, Verdict, Waiting, Workflow,
    Worktree, event,
};
#[cfg(feature = "jsonl")]
pub use flowspan_jsonl::{AtEnd, Earlier, Import, Imported, Jsonl, Problem};
pub use flowspan_layer::{Dialect, Engine, Money, Price, Prices, PricesError};
#[cfg(feature = "macros")]
pub use flowspan_macros::{
    agent_for_flowspan as agent, phase_for_flowspan as phase, step_for_flowspan as step,
    tool_for_flowspan as tool, workflow_for_flowspan as workflow,
};
pub use flowspan_metrics::{
    Buckets, Collapsed, Counter, DEFAULT_BUCKETS, DEFAULT_LABEL_LIMIT, DEFAULT_NAMESPACE,
    DEFAULT_SERIES_LIMIT, Gauge, Histogram, LabelPolicies, MetricBuilder, Names, Own, OwnSeries, SchemaError,
    SeriesTotal, Snapshot, Totals, UpDownCounter, kind,
};
pub use flowspan_model::Semconv;
#[cfg(feature = "otlp")]
pub use flowspan_otlp::{Compression, Otlp, Protocol};
#[cfg(feature = "postgres")]
pub use flowspan_postgres::{Migrations, Postgres};
#[cfg(feature = "prometheus")]
pub use flowspan_prometheus::Prometheus;
pub use flowspan_runtime::{
    Account, DropReason, Environment, ExporterState, ExporterStatus, Health, Report, Reporter, SettingError,
};
#[cfg(feature = "session")]
pub use flowspan_session::{SessionCollector, SessionFile, SessionMetrics};
#[cfg(feature = "statsd")]
pub use flowspan_statsd::Statsd;
pub use replay::Replay;
pub use report::{Accounts, ShutdownReport, Signal, TelemetryLost};
pub use telemetry::{DROP_TIMEOUT, Telemetry};

/// What of prompts, answers, tool arguments and results leaves, and messages in the form of the convention.
pub use flowspan_content as content;
/// The words of flowspan: events, fields, the metric catalog.
pub use flowspan_model as model;

/// Reading what command-line agents print.
#[cfg(feature = "agents")]
pub mod agents {
    pub use flowspan_agents::{Counts, MAX_LINE, Reader, Watched};
}

/// Pushing to StatsD servers: where, and how lines are written.
#[cfg(feature = "statsd")]
pub mod statsd {
    pub use flowspan_statsd::{Dialect, DogHistograms, PlainLabels, Statsd};
}

/// The exact `opentelemetry` that flowspan was built with.
pub use opentelemetry;
/// The exact `opentelemetry_sdk` that flowspan was built with.
pub use opentelemetry_sdk;
/// The exact `tracing` that flowspan was built with.
pub use tracing;
/// The exact `tracing-opentelemetry` that flowspan was built with.
pub use tracing_opentelemetry;
/// The exact `tracing-subscriber` that flowspan was built with.
pub use tracing_subscriber;

/// What a program needs in most of its files.
pub mod prelude {
    #[cfg(feature = "console")]
    pub use crate::Console;
    #[cfg(feature = "jsonl")]
    pub use crate::Jsonl;
    #[cfg(feature = "postgres")]
    pub use crate::Postgres;
    #[cfg(feature = "prometheus")]
    pub use crate::Prometheus;
    pub use crate::{
        Agent, Flowspan, Inference, MapItem, MapReduce, Phase, Reduce, Step, Telemetry, ToolCall, Verdict,
        Workflow,
        model::{Status, Usage},
        propagation::WithTraceContext,
    };
    #[cfg(feature = "otlp")]
    pub use crate::{Otlp, Protocol};
}

#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;

#[cfg(all(doctest, feature = "statsd"))]
#[doc = include_str!("../../../docs/statsd.md")]
struct StatsdPage;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/vocabulary.md")]
struct Vocabulary;

/// The lines of the pages for those who come from other systems.
#[cfg(all(doctest, feature = "prometheus"))]
mod migrating {
    #[doc = include_str!("../../../docs/migrating/000-clutch.md")]
    struct Clutch;
    #[doc = include_str!("../../../docs/migrating/001-crew.md")]
    struct Crew;
    #[doc = include_str!("../../../docs/migrating/002-m31a.md")]
    struct M31a;
    #[doc = include_str!("../../../docs/migrating/003-prodigy.md")]
    struct Prodigy;
}

#[cfg(all(doctest, feature = "prometheus"))]
#[doc = include_str!("../../../docs/getting-started.md")]
struct GettingStarted;

#[cfg(all(doctest, feature = "prometheus"))]
#[doc = include_str!("../../../docs/bridge.md")]
struct Bridge;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/genai.md")]
struct GenAi;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/tokens-and-cost.md")]
struct TokensAndCost;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/content.md")]
struct ContentPage;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/labels.md")]
struct Labels;

#[cfg(all(doctest, feature = "session"))]
#[doc = include_str!("../../../docs/sessions.md")]
struct Sessions;

#[cfg(all(doctest, feature = "http"))]
#[doc = include_str!("../../../docs/propagation.md")]
struct Propagation;

#[cfg(all(doctest, feature = "agents"))]
#[doc = include_str!("../../../docs/agents.md")]
struct Agents;
