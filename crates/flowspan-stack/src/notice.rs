//! Words to the person at the terminal.

use std::io::Write as _;

/// Writes one line to standard error, past the capture of the test harness: a
/// suite that was left out must be seen to have been left out.
pub(crate) fn notice(line: &str) {
    // Nothing is left to tell if standard error is closed.
    let _ = writeln!(std::io::stderr(), "flowspan-stack: {line}");
}
