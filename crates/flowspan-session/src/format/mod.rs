//! The forms that a session has in files.
//!
//! # Versions of flowspan's own
//!
//! - 1: the first.
//!
//! A field that is new is no new version: readers pass over what they do not know, and what is missing is
//! empty. A version is new when an older program would read it wrong.

mod go_agentic;
mod m31a;

use std::path::Path;

use serde::{Deserialize, Serialize, de::IgnoredAny};

use crate::{SessionError, SessionMetrics};

/// What stands in `format` in a file of flowspan's own.
pub const FORMAT: &str = "flowspan.session";
/// The version of the format that is written, and the latest that is read.
pub const FORMAT_VERSION: u32 = 1;

/// A session as JSON: its [`SessionMetrics`] with the name and the version of the format. This is what
/// stands in a file and what `GET /session` answers.
#[derive(Clone, Debug, Serialize)]
pub struct SessionDocument {
    format: &'static str,
    version: u32,
    #[serde(flatten)]
    session: SessionMetrics,
}

impl From<SessionMetrics> for SessionDocument {
    fn from(session: SessionMetrics) -> Self {
        SessionDocument { format: FORMAT, version: FORMAT_VERSION, session }
    }
}

/// What is wrong with a file, whichever it is.
#[derive(Debug)]
pub(crate) enum Problem {
    Damaged(serde_json::Error),
    Unknown,
    Version(u64),
}

impl Problem {
    pub(crate) fn at(self, path: &Path) -> SessionError {
        let path = path.to_owned();
        match self {
            Problem::Damaged(source) => {
                SessionError::Damaged { path, line: source.line(), column: source.column(), source }
            }
            Problem::Unknown => SessionError::Unknown { path },
            Problem::Version(found) => SessionError::Version { path, found },
        }
    }
}

impl From<serde_json::Error> for Problem {
    fn from(error: serde_json::Error) -> Self {
        Problem::Damaged(error)
    }
}

/// By what the forms are told apart.
#[derive(Deserialize)]
struct Header {
    format: Option<String>,
    version: Option<u64>,
    system_metrics: Option<IgnoredAny>,
    session_id: Option<IgnoredAny>,
    // A field that is there and `null`, as Go writes an empty list, is there.
    #[serde(default, deserialize_with = "is_there")]
    tools: bool,
    #[serde(default, deserialize_with = "is_there")]
    llms: bool,
    #[serde(default, deserialize_with = "is_there")]
    phases: bool,
}

fn is_there<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| true)
}

/// The session that these bytes are, in whichever form.
pub(crate) fn parse(bytes: &[u8]) -> Result<SessionMetrics, Problem> {
    let header: Header = serde_json::from_slice(bytes)?;
    match header {
        Header { format: Some(format), version, .. } if format == FORMAT => match version {
            Some(version) if version == u64::from(FORMAT_VERSION) => Ok(serde_json::from_slice(bytes)?),
            version => Err(Problem::Version(version.unwrap_or(0))),
        },
        Header { format: Some(_), .. } => Err(Problem::Unknown),
        Header { system_metrics: Some(_), .. } => go_agentic::parse(bytes),
        Header { session_id: Some(_), tools, llms, phases, .. } if tools || llms || phases => {
            m31a::parse(bytes)
        }
        _ => Err(Problem::Unknown),
    }
}

/// What other systems write as zero if they do not know it.
fn known_cost(cost: f64) -> Option<f64> {
    (cost > 0.0).then_some(cost)
}

/// The time, unless it is the one that Go writes for none: the first of January of the year 1.
fn known_time<E: serde::de::Error>(text: Option<&str>) -> Result<Option<std::time::SystemTime>, E> {
    let time = text.map(crate::time::parse).transpose().map_err(E::custom)?;
    Ok(time.filter(|time| *time > std::time::SystemTime::UNIX_EPOCH))
}
