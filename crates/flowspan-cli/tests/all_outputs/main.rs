//! All outputs at once, against real parts: each of them says the same.

mod facts;
#[path = "../../../flowspan-jsonl/tests/support/prodigy.rs"]
mod prodigy;
mod program;

mod imported;
mod live;
