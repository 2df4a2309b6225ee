//! The Grafana dashboards, alerts and recording rules of flowspan, made from the catalog.
//!
//! A panel, an alert and a recording rule are rows of data. Their queries name metrics as the catalog
//! does, between angle brackets, so that a metric that does not exist is an error before anybody looks at
//! an empty panel:
//!
//! ```
//! use flowspan_dashboards::{Namespace, expand};
//!
//! let query = "sum by (status) (rate(<workflow.executions>[5m]))";
//! assert_eq!(
//!     expand(query, Namespace::Fixed("prodigy"))?,
//!     "sum by (status) (rate(prodigy_workflow_executions_total[5m]))"
//! );
//! assert!(expand("<workflow.excursions>", Namespace::Fixed("prodigy")).is_err());
//! # Ok::<(), flowspan_dashboards::QueryError>(())
//! ```
//!
//! - [`files`] gives everything that stands below `dashboards/`, for any namespace and any generation of
//!   the GenAI conventions: what `cargo xtask dashboards` writes and `cargo xtask check` compares.
//! - [`targets`] reads the queries of a dashboard as Grafana sends them.
//! - [`boards`], [`ALERTS`] and [`RECORDINGS`] are the rows, for tests that ask every query of a real
//!   Prometheus.

mod alerting;
mod boards;
mod files;
mod grafana;
mod panel;
mod query;
mod targets;
mod yaml;

pub use flowspan_model::Semconv;

pub use crate::{
    alerting::{ALERTS, Alert, Every, Limit, RECORDINGS, Recording, Severity},
    boards::{Board, Row, boards},
    files::{File, Settings, files},
    panel::{Colour, Column, Look, Panel, Query, Store, Tag, Unit},
    query::{Namespace, QueryError, expand, metrics_in},
    targets::{Chosen, Question, Target, targets},
};
