//! The command as a person runs it: arguments in, summary and exit code out.

mod endings;
mod input;
mod session;
mod seeds;
mod stored;
mod support;
mod truth;
