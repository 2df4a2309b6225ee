//! The one question an end-to-end test asks first: are the parts here?

use std::env;

use crate::{Part, locate, notice::notice};

/// Environment variable that turns an absent part into a failure: set it to
/// `require`.
pub const REQUIRE_ENV: &str = "FLOWSPAN_STACK";

/// `Some` when all `parts` are here; `None`, with a notice on standard error,
/// when one is absent and the test is to be left out.
///
/// ```no_run
/// use flowspan_stack::{Part, require};
///
/// let Some(()) = require(&[Part::Collector, Part::Jaeger]) else { return };
/// ```
///
/// # Panics
///
/// When a part is absent and `FLOWSPAN_STACK=require`, as `cargo xtask test`
/// sets it: then a left-out suite would be a hole in the tests.
#[must_use]
pub fn require(parts: &[Part]) -> Option<()> {
    let absent: Vec<String> =
        parts.iter().filter_map(|part| locate(*part).err()).map(|error| error.to_string()).collect();
    if absent.is_empty() {
        return Some(());
    }
    leave_out(&absent.join("; "))
}

/// The same for a program of the system: `Some` when one of this name is in `PATH`.
///
/// # Panics
///
/// As [`require`].
#[must_use]
pub fn require_program(program: &str) -> Option<()> {
    let in_path = env::var_os("PATH").unwrap_or_default();
    match env::split_paths(&in_path).any(|directory| directory.join(program).is_file()) {
        true => Some(()),
        false => leave_out(&format!("no `{program}` in PATH: install it")),
    }
}

fn leave_out(absent: &str) -> Option<()> {
    assert!(
        env::var_os(REQUIRE_ENV).is_none_or(|value| value != "require"),
        "{REQUIRE_ENV}=require, but {absent}"
    );
    notice(&format!("test left out: {absent}"));
    None
}
