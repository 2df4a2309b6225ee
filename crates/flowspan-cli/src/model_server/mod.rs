//! An OpenAI-compatible chat server that lives in this process.
//!
//! The demo must show real traffic on a machine that has neither a key nor a network. So this is
//! a real HTTP server on loopback that computes its answer from the text it was sent
//! ([`auditor`]), counts tokens with the tokenizer of the GPT-4o family ([`tokens`]), keeps a
//! prompt cache and fails now and then the way providers do ([`FaultPlan`]).
//!
//! It runs on a thread and runtime of its own and with no `tracing` subscriber, so that the
//! program under observation sees of it what it would see of a server elsewhere: bytes.
//!
//! Its [`Ledger`] says what it handed out. Compare it with what telemetry counted; the rule that
//! makes the two equal is written there.

pub mod auditor;
mod faults;
mod ledger;
mod prefix_cache;
mod reply;
mod routes;
mod server;
mod stream;
pub mod tokens;

pub use faults::{Fault, FaultPlan, Flaw};
pub use ledger::Ledger;
pub use reply::Pace;
pub use server::{ModelServer, ServerConfig, ServerError};
