//! The process on systems that have no `/proc`: nothing is said about it.

use crate::observed::Observed;

pub(crate) fn observe(_: &Observed<'_>) {}

#[cfg(feature = "session")]
pub(crate) fn memory() -> Option<flowspan_session::Memory> {
    None
}
