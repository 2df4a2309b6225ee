//! The words of flowspan: what can happen in a program that runs workflows and agents, how each
//! fact is called, and which metrics follow from it.
//!
//! This crate knows neither `tracing` nor OpenTelemetry. Everything else in flowspan is generic
//! over the tables that stand here: a new fact is a new row, not new code.
//!
//! - [`Kind`] says *what* was observed (a step, a model call, a retry), [`Moment`] *when* in its
//!   life, [`Field`] names one attribute of it, and an [`Event`] puts them together.
//! - [`catalog`] lists every metric with its unit, labels, buckets and the events that feed it.
//! - [`reference`](mod@reference) writes both down for people.
//!
//! ```
//! use flowspan_model::{Event, Field, Kind, Moment, Status, catalog};
//!
//! let event = Event::new(Moment::Ended, Kind::Step)
//!     .with(Field::StepType, "shell")
//!     .with(Field::Status, Status::Success.as_str());
//!
//! let fed: Vec<_> = catalog::fed_by(event.moment, event.kind).map(|(metric, _)| metric.name).collect();
//! assert!(fed.contains(&"step.executions"));
//! ```

mod asked;
pub mod catalog;
mod event;
mod event_id;
mod field;
mod field_set;
mod fields;
mod kind;
mod measurement;
mod policy;
pub mod reference;
mod repeated;
mod sealed;
mod semconv;
mod sink;
mod status;
mod text;
mod usage;
mod value;

pub use asked::AskedEvent;
pub use event::{Event, SpanIds};
pub use event_id::{EventId, digest};
pub use field::{Field, ValueType};
pub use field_set::FieldSet;
pub use fields::Fields;
pub use kind::{Kind, Moment, SpanKind};
pub use measurement::{Measurement, MetricSink, Series};
pub use policy::{LabelPolicy, MAX_LABEL_LENGTH, OTHER};
pub use repeated::Repeated;
pub use sealed::{SEAL, Sealed, unseal};
pub use semconv::{Generation, Semconv};
pub use sink::EventSink;
pub use status::{Status, UnknownStatus};
pub use text::Text;
pub use usage::Usage;
pub use value::Value;

/// The `tracing` target of everything that flowspan itself emits.
pub const TARGET: &str = "flowspan";
