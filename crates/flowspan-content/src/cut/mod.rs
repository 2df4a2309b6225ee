//! Cutting what is too long, so that what stays is whole in itself.

mod document;
mod text;

pub(crate) use document::cut_document;
pub(crate) use text::cut_text;

/// What stands in the place of what was cut off.
fn mark(bytes: usize) -> String {
    format!("…[cut {bytes} bytes]")
}

/// No mark is longer than this: that of the largest number.
const LONGEST_MARK: usize = "…[cut 18446744073709551615 bytes]".len();
