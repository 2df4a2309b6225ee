//! What the process itself needs. Read when somebody collects.

use super::row::{float_counter, gauge, running};
use crate::catalog::{Metric, labels::CPU_MODE};

/// Where the names come from.
const CONVENTION: &str = "OpenTelemetry semantic conventions, process metrics";

/// Memory in use.
pub const MEMORY_USAGE: Metric =
    running("process.memory.usage", "By", "Physical memory in use by the process.")
        .standard(CONVENTION)
        .answers(&["001 crew_memory_usage_bytes"]);

/// The most memory that was ever in use. The convention has no name for it.
pub const MEMORY_PEAK: Metric =
    gauge("process.memory.peak", "By", "The most physical memory that the process has had in use.")
        .answers(&["001 crew_max_memory_usage_bytes"]);

/// Time of the processors.
pub const CPU_TIME: Metric = float_counter(
    "process.cpu.time",
    "s",
    "Seconds that processors have worked for the process, in its own code (user) or the system's.",
)
.labels(&[CPU_MODE])
.standard(CONVENTION);

pub(super) const ROWS: &[Metric] = &[MEMORY_USAGE, MEMORY_PEAK, CPU_TIME];
