//! Counts: events become measurements of bounded series on OpenTelemetry instruments.
//!
//! A [`Recorder`] takes each [`Event`](flowspan_model::Event), looks up in the catalog which metrics
//! it feeds, and adds to their instruments; then it hands the event to every
//! [`EventSink`](flowspan_model::EventSink). Nothing else in flowspan computes a number.
//!
//! ```
//! use flowspan_metrics::Recorder;
//! use flowspan_model::{Event, EventSink, Field, Kind, Moment};
//! use opentelemetry::metrics::MeterProvider;
//! use opentelemetry_sdk::metrics::SdkMeterProvider;
//!
//! let provider = SdkMeterProvider::builder()
//!     .with_view(flowspan_metrics::view("flowspan"))
//!     .build();
//! let recorder = Recorder::builder("flowspan").build(&provider.meter("flowspan"));
//! recorder.event(&Event::new(Moment::Ended, Kind::Step).with(Field::Status, "success"));
//! ```
//!
//! # Bounds
//!
//! Every label has a limit in the catalog. A value beyond it becomes [`OTHER`], so the sum over all
//! series is always the sum of what went in; [`Recorder::collapsed`] says how often that happened.
//!
//! # Speed
//!
//! All metrics that one event feeds share a single look-up: the labels of all of them form one key,
//! behind which the bound instruments stand. An event of known labels costs one hash, one shared
//! lock and no allocation; the same labels as the last time on this thread, a few comparisons.

mod instruments;
mod limits;
mod recent;
mod recorder;
mod series;
mod view;

pub use limits::OTHER;
pub use recorder::{Recorder, RecorderBuilder};
pub use view::view;
