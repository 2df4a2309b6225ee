//! What flowspan costs, beside its peers.
//!
//! `cargo bench -p flowspan-bench` runs ours and the peers in turn, in one process, in many short
//! rounds, and prints a table; `docs/performance.md` says how to read it. This crate is not
//! published.
//!
//! - [`works`] holds what is measured: each work with ours first and the peers after it, written the
//!   way their own documentation advises.
//! - [`rounds`] measures, [`callgrind`] counts instructions, [`memory`] looks at what processes hold,
//!   [`report`] tells, [`guard`] compares
//!   the counts with those that are kept.

pub mod alloc;
pub mod callgrind;
pub mod guard;
pub mod memory;
pub mod report;
pub mod rounds;
mod sink;
pub mod works;
