//! The command as a person runs it: arguments in, summary and exit code out.

mod endings;
mod input;
mod processes;
mod seeds;
mod session;
mod stored;
mod support;
mod truth;
