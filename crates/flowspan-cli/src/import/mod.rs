//! `flowspan import`: reads files of events and feeds them to any output.

mod args;
mod run;
mod summary;

pub use args::ImportArgs;
pub use run::run;
