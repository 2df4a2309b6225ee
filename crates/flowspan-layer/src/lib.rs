//! Hears: `tracing` spans and events become OpenTelemetry spans and flowspan events.
//!
//! [`FlowspanLayer`] is the single listener of flowspan. It does two things with what it hears:
//!
//! - every span, the user's own included, goes to a span engine that makes an OpenTelemetry span
//!   of it;
//! - spans and events of flowspan's vocabulary become [`Event`](flowspan_model::Event)s for an
//!   [`EventSink`](flowspan_model::EventSink), which measures them.
//!
//! No per-layer filter sits on this path: a log filter cannot switch telemetry off. The layer
//! itself leaves out what is more verbose than its [level](FlowspanLayer::with_level).
//!
//! ```
//! use std::sync::Arc;
//! use flowspan_layer::{FlowspanLayer, Normalizer, Spans};
//! use flowspan_model::{Event, EventSink};
//! use opentelemetry_sdk::trace::{InMemorySpanExporter, SimpleSpanProcessor};
//! use tracing_subscriber::prelude::*;
//!
//! struct Print;
//! impl EventSink for Print {
//!     fn event(&self, event: &Event) {
//!         println!("{:?} {:?}", event.moment, event.kind);
//!     }
//! }
//!
//! let exporter = SimpleSpanProcessor::new(InMemorySpanExporter::default());
//! let layer = FlowspanLayer::native(Spans::new(Normalizer::new(vec![Box::new(exporter)])), Arc::new(Print));
//! let subscriber = tracing_subscriber::registry().with(layer);
//! tracing::subscriber::with_default(subscriber, || {
//!     let _work = tracing::info_span!(target: "flowspan", "workflow", gen_ai.workflow.name = "w").entered();
//! });
//! ```
//!
//! # The span engine
//!
//! There are two, and every test of this crate holds with both.
//!
//! - [`Engine::Native`] makes spans of its own: one record for each span, which goes to the processors
//!   as it is. It costs half of the other.
//! - [`Engine::TracingOpenTelemetry`] is `tracing-opentelemetry` with its mistakes mended.
//!
//! With both, whole numbers stay whole numbers, a field that is recorded again replaces the earlier
//! value, a name that comes late counts, and a span ends when it ends and not when it was last
//! entered. `opentelemetry::Context::current()` is that of the `tracing` span, so spans made through
//! the OpenTelemetry API, log records and injected headers stand in the same trace; and
//! `OpenTelemetrySpanExt` works. What differs: with the native engine, `on_start` of a span processor
//! is not called for `tracing` spans, and inside a trace that is not sampled the current context stays
//! that of its outermost span.
//!
//! # Spans of other crates
//!
//! A [`Dialect`] says how another crate speaks of what flowspan knows. Those of rig, genai,
//! langchain-rust, swiftide, OpenInference, and of everybody who uses the `gen_ai.*` names are known; a
//! span of them becomes one of flowspan's. What is made through the OpenTelemetry API, past `tracing`,
//! is heard by [`Overheard`]. With the compatible engine, what a span of a dialect says through
//! `OpenTelemetrySpanExt` is shown under the names that it has, and not understood.
//!
//! Attributes that hold the text of prompts, answers, arguments and results are dropped from all spans.
//!
//! [`Replay`] makes the spans of events that were written down earlier.
//!
//! [`Normalizer`] is the last hand on spans that come from elsewhere, before an exporter sees them.

mod accounting;
mod attributes;
mod caller;
mod callsites;
mod content;
mod dialects;
mod engine;
mod layer;
mod links;
mod lock;
mod names;
mod normalizer;
mod observation;
mod overheard;
mod place;
mod replay;
mod words;

pub use accounting::{Accounting, Findings, Refusal, Unpriced};
pub use caller::inside;
pub use dialects::{ContentNames, Dialect, is_content, is_inference};
pub use engine::{Engine, Spans, Unheard};
pub use flowspan_prices::{Money, Price, Prices, PricesError};
pub use layer::{DEFAULT_LEVEL, FlowspanLayer};
pub use normalizer::Normalizer;
pub use overheard::Overheard;
pub use replay::Replay;
