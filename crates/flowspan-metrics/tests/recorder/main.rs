//! The recorder from events to exported numbers.

mod bounds;
mod conservation;
mod measuring;
mod names;
mod own;
mod sinks;
mod support;
