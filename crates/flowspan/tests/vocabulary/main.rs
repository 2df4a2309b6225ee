//! The whole vocabulary, from what is said to what is measured.

mod by_handle;
mod by_tracing;
mod gauges;
mod page;
mod support;
mod three_ways;
