//! What this crate claims, against collectors that do as they are told.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the message")]

mod delivery;
mod exporters_of_others;
mod faults;
mod program;
mod runtimes;
mod settings;
mod sink;
mod tls;
