//! What the runtime promises, seen from outside.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the message")]

mod conservation;
mod exporters;
mod periodic;
mod pipeline;
