//! flowspan beside the crates whose spans it understands.
//!
//! The tests run the real crates against [`Provider`], a server that speaks the protocols of two
//! providers and keeps a [`Ledger`] of the tokens that it handed out.

mod ledger;
mod program;
mod provider;

pub use ledger::Ledger;
pub use program::{Program, attribute};
pub use provider::Provider;
