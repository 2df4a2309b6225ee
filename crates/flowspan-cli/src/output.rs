//! The only place that prints.
//!
//! The summary goes to stdout, everything else to stderr, so that `--summary json` can be piped. A
//! reader that has gone away is no reason to fail: the work is done, only nobody listens.

use std::error::Error;
use std::fmt::Write as _;
use std::io::{self, Write as _};

/// Prints the summary, on stdout.
pub fn summary(text: &str) {
    let _ = writeln!(io::stdout().lock(), "{text}");
}

/// Prints a remark for people, on stderr.
pub fn note(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Prints an error with all that caused it, on stderr.
pub fn error(error: &(dyn Error + 'static)) {
    note(&format!("error: {}", chain(error)));
}

/// An error and what caused it, in one line.
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        // Writing into a string cannot fail.
        let _ = write!(text, ": {error}");
        cause = error.source();
    }
    text
}
