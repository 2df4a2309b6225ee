//! The parts of an audit of a code base that know nothing of telemetry.
//!
//! ```text
//! plan ──► files ──► tools + prompt ──► model ──► answer (validated) ──► merge ──► report
//!                                                       └──► checkpoint
//! ```

pub mod answer;
pub mod checkpoint;
pub mod merge;
pub mod plan;
pub mod prompt;
pub mod report;
pub mod tools;
