//! The parts of the `flowspan` command.
//!
//! The command is a program like those that flowspan observes: it audits a code base with an agent
//! per file and shows what telemetry of that looks like. The library exists so that the tests can
//! use the parts; it promises no stability.
//!
//! - [`report`] shows what a session came to, on the terminal and as a page.
//! - [`catalog`] prints all that flowspan understands and measures.
//! - [`demo`] is the program; it ties everything together and is the only part that is observed.
//! - [`import`] reads files of events and feeds them to any output.
//! - [`store`] looks after the event store.
//! - [`audit`] holds what an audit is made of, [`model_client`] asks a model, and [`model_server`] is
//!   one, for machines without a key or a network. None of them knows telemetry.

pub mod audit;
pub mod catalog;
pub mod chat;
pub mod demo;
pub mod duration;
pub mod findings;
pub mod fingerprint;
pub mod import;
pub mod interrupt;
pub mod model_client;
pub mod model_server;
pub mod output;
pub mod report;
pub mod store;
