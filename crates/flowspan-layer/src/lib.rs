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
//! use flowspan_layer::FlowspanLayer;
//! use flowspan_model::{Event, EventSink};
//! use opentelemetry::trace::TracerProvider;
//! use opentelemetry_sdk::trace::SdkTracerProvider;
//! use tracing_subscriber::prelude::*;
//!
//! struct Print;
//! impl EventSink for Print {
//!     fn event(&self, event: &Event) {
//!         println!("{:?} {:?}", event.moment, event.kind);
//!     }
//! }
//!
//! let provider = SdkTracerProvider::builder().build();
//! let layer = FlowspanLayer::new(provider.tracer("flowspan"), Arc::new(Print));
//! let subscriber = tracing_subscriber::registry().with(layer);
//! tracing::subscriber::with_default(subscriber, || {
//!     let _work = tracing::info_span!(target: "flowspan", "workflow", gen_ai.workflow.name = "w").entered();
//! });
//! ```
//!
//! # The span engine
//!
//! The engine behind the layer is `tracing-opentelemetry`, so its `OpenTelemetrySpanExt` works. What
//! it gets wrong is mended in one place, before the spans reach a processor: whole numbers stay
//! whole numbers, a field that is recorded again replaces the earlier value, a name that comes late
//! counts, and a span ends when it ends and not when it was last entered. [`Normalizer`] is the part
//! of it that sits among the span processors.

mod callsites;
mod engine;
mod layer;
mod names;
mod normalizer;
mod observation;

pub use layer::{DEFAULT_LEVEL, FlowspanLayer};
pub use normalizer::Normalizer;
