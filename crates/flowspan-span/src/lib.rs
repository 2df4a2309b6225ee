//! Spans that are over: the form in which they wait, and how they become those of the OpenTelemetry SDK.
//!
//! An engine that makes spans knows them as [fields](flowspan_model::Fields) of the vocabulary; exporters
//! want [`SpanData`](opentelemetry_sdk::trace::SpanData). An [`EndedSpan`] is what waits in between. It is
//! made on the thread of the program, where time is dear, and becomes `SpanData` where it is exported; so
//! the program pays for neither the list of attributes nor their names. A [`SpanSink`] is a processor that
//! takes spans in that form, and a [`Filter`] may stand before it.
//!
//! ```
//! use std::time::{Duration, SystemTime};
//!
//! use flowspan_model::{Field, FieldSet};
//! use flowspan_span::{EndedSpan, SpanFacts};
//! use opentelemetry_sdk::trace::SpanData;
//!
//! let mut facts = SpanFacts::new("step clone", SystemTime::now(), Duration::from_millis(3));
//! facts.fields.set(Field::StepName, "clone");
//! facts.own = FieldSet::of(Field::StepName);
//!
//! let span = SpanData::from(EndedSpan::from(facts));
//! assert_eq!(span.attributes[0].key.as_str(), "flowspan.step.name");
//! ```
//!
//! [`speak`] gives attributes the names of a generation of the GenAI convention, for spans of any origin.

mod attributes;
mod convention;
mod ended;
mod lent;
mod sink;

pub use attributes::{MAX_ATTRIBUTES, keep_last, of_value, own_attributes};
pub use convention::speak;
pub use ended::{EndedSpan, Extras, SpanFacts, keep_scope};
pub use lent::Lent;
pub use sink::{Filter, Filtered, Made, SpanSink};
