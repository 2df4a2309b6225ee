//! Counts: events become measurements of bounded series on OpenTelemetry instruments.
//!
//! A [`Recorder`] takes each [`Event`](flowspan_model::Event), looks up in its [`Schema`] which
//! metrics it feeds, and adds to their instruments; the same numbers go to every
//! [`MetricSink`](flowspan_model::MetricSink), and the event to every
//! [`EventSink`](flowspan_model::EventSink). Nothing else in flowspan computes a number.
//!
//! ```
//! use flowspan_metrics::{LabelPolicies, Names, Recorder, Schema};
//! use flowspan_model::{Event, EventSink, Field, Kind, Moment};
//! use opentelemetry::metrics::MeterProvider;
//! use opentelemetry_sdk::metrics::SdkMeterProvider;
//!
//! let schema = Schema::new(Names::new("prodigy"), LabelPolicies::new())?;
//! let provider = SdkMeterProvider::builder().with_view(schema.view()).build();
//! let recorder = Recorder::builder(&schema).build(&provider.meter("flowspan"));
//! recorder.event(&Event::new(Moment::Ended, Kind::Step).with(Field::Status, "success"));
//! # Ok::<(), flowspan_metrics::SchemaError>(())
//! ```
//!
//! # Names
//!
//! [`Names`] says how metrics are called, which of them exist and which labels they have. There are
//! presets for systems that dashboards may have been written for, such as [`Names::prodigy`].
//!
//! # Bounds
//!
//! Every label has a limit and a policy ([`LabelPolicies`]), every metric a limit of series. A value
//! beyond them becomes [`OTHER`], so the sum over all series is always the sum of what went in;
//! [`Recorder::collapsed`] says where and how often that happened.
//!
//! What cannot be configured so that every back end can carry it is an error of [`Schema::new`]; what
//! comes at run time is made fit and counted. No number is ever lost for the text of a label.
//!
//! # Metrics of the program's own
//!
//! [`Recorder::counter`] and its sisters make metrics whose labels are bounded by the same policies,
//! and whose measurements go to the same sinks.
//!
//! # Speed
//!
//! All metrics that one event feeds share a single look-up: the labels of all of them form one key,
//! behind which the bound instruments stand. Each thread remembers the keys of its last events: one of
//! them again costs a few comparisons, no lock and no allocation. Other labels that are known cost a few
//! hashes and shared locks. A series is bound when it is measured for the eighth time; until then each time
//! costs a look-up of the SDK. A sink costs what it does, and nothing if there is none.
//!
//! # Memory
//!
//! A series is a few bytes for each label, and the text of a value stands once in the memory, however many
//! metrics have it. What binding costs is spent on series that are measured often, and none of it on
//! values beyond a limit: whoever makes a new name each time makes nothing that stays.

mod error_classes;
mod family;
mod instruments;
mod isolated;
mod labels;
mod names;
mod outlets;
mod own;
mod policies;
mod recorder;
mod routes;
mod schema;
mod series;
mod texts;
mod totals;
mod trigger;

pub use flowspan_model::OTHER;
pub use names::{Buckets, DEFAULT_NAMESPACE, Names};
pub use outlets::Notice;
pub use own::{
    Counter, DEFAULT_BUCKETS, Gauge, Histogram, MetricBuilder, Own, OwnSeries, UpDownCounter, kind,
};
pub use policies::{DEFAULT_LABEL_LIMIT, DEFAULT_SERIES_LIMIT, LabelPolicies};
pub use recorder::{Collapsed, Recorder, RecorderBuilder};
pub use schema::{Schema, SchemaError};
pub use totals::{SeriesTotal, Snapshot, Totals};
