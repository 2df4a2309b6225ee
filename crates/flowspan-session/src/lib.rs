//! Keeps a session: what its agents, tools, phases and model calls came to, in a file that outlives the
//! program.
//!
//! A [`SessionCollector`] is an [`EventSink`](flowspan_model::EventSink). It adds every event up as it
//! comes, so that what it holds is as large after a million model calls as after ten.
//!
//! ```
//! use std::time::Duration;
//! use flowspan_model::{Event, EventSink, Field, Kind, Moment};
//! use flowspan_session::{SessionCollector, SessionMetrics};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let directory = tempfile::tempdir()?;
//! let path = flowspan_session::path_of(directory.path(), "ticket/4711");
//! let session = SessionCollector::new("ticket/4711").file(&path);
//!
//! let mut event = Event::new(Moment::Ended, Kind::ToolCall)
//!     .with(Field::ToolName, "ripgrep")
//!     .with(Field::AgentName, "researcher")
//!     .with(Field::Status, "success");
//! event.duration = Some(Duration::from_millis(40));
//! session.event(&event);
//! session.stop()?;
//!
//! let kept = SessionMetrics::load(&path)?.expect("it was saved");
//! assert_eq!(kept.tools["ripgrep"].success, 1);
//! assert_eq!(kept.agents["researcher"].tools["ripgrep"].duration.total, Duration::from_millis(40));
//! # Ok(())
//! # }
//! ```
//!
//! # What is promised
//!
//! - What the program did is counted once: the sums over agents, tools and rows of model calls are those
//!   of the events, whatever thread they came from. Two sessions that are [merged](SessionMetrics::merge)
//!   are what one of all their events would be.
//! - Durations and times are those of the events, not of the clock, so that imported events make the
//!   session that they were. Work that was cancelled is counted, and its duration is not.
//! - Names are bounded ([`MAX_AGENTS`] and its sisters): what goes beyond is counted as `other`, and how
//!   often that was necessary stands in [`SessionMetrics::bounded`].
//! - A file is the old one or the new one and never a half: it is written beside its place, brought to the
//!   disk, and renamed. Nobody but its owner can read it. If the disk is full, the old file stays.
//! - A session's name never leads out of its directory, whatever it holds: see [`path_of`].
//!
//! # What it reads
//!
//! [`SessionMetrics::load`] reads flowspan's own files, the `METRICS.json` of M31A, and both JSON exports of
//! go-agentic. Files of a later version are refused by their version.

mod collector;
mod config;
mod error;
mod file;
mod format;
mod merge;
mod metrics;
mod model_calls;
mod names;
mod parts;
mod path;
mod record;
mod time;
mod work;
mod writer;

pub use collector::SessionCollector;
pub use config::{DEFAULT_INTERVAL, FILE_VARIABLE, SessionFile, SessionSettings};
pub use error::SessionError;
pub use file::MAX_FILE_SIZE;
pub use format::{FORMAT, FORMAT_VERSION, SessionDocument};
pub use metrics::SessionMetrics;
pub use model_calls::{ModelCalls, ModelRow, ModelTable, Tokens};
pub use names::{
    MAX_AGENT_TOOLS, MAX_AGENTS, MAX_MODEL_ROWS, MAX_NAME_LENGTH, MAX_PHASES, MAX_STEPS, MAX_TOOLS, UNKNOWN,
};
pub use parts::{AgentMetrics, CacheMetrics, ItemMetrics, MemoryMetrics, PhaseMetrics, Progress};
pub use path::path_of;
pub use work::{Durations, Work};
pub use writer::{Memory, SessionWriter};
