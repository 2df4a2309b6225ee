//! The form of a line.

mod read;
mod words;
mod write;

pub use read::{LineError, Reader};
pub(crate) use words::Words;
pub use write::write_line;

/// The version of the format that this crate writes, and the newest that it reads.
pub const FORMAT: u32 = 1;

/// How the name of the format, which is also its version, begins every line.
pub(crate) const MARK: &str = "flowspan";

/// The names of the moments, as lines have them.
const MOMENTS: [(flowspan_model::Moment, &str); 3] = [
    (flowspan_model::Moment::Started, "started"),
    (flowspan_model::Moment::Ended, "ended"),
    (flowspan_model::Moment::Occurred, "occurred"),
];

/// The key of the object that stands for a number which JSON does not have.
const FLOAT: &str = "float";
