//! Known vulnerabilities in the dependencies.
//!
//! The database is a git repository on GitHub, and a machine with no way to
//! there cannot have it. That is not a finding about flowspan, so it is said and
//! not counted, unless `FLOWSPAN_ADVISORIES=require`.

use std::env;

use crate::{error::XtaskError, run};

/// What `.ci/run` installs, too.
const INSTALL: &str = "cargo install cargo-deny --locked";

pub(crate) fn check() -> Result<(), XtaskError> {
    need_cargo_deny()?;
    match run::run(&mut run::cargo(&["deny", "fetch", "db"])) {
        // Fetched just now: offline says that it shall not be fetched again.
        Ok(()) => run::run(&mut run::cargo(&["deny", "--all-features", "--offline", "check", "advisories"])),
        Err(error) if is_required() => Err(error),
        Err(_) => {
            println!(
                "notice: advisories not checked, their database is out of reach; \
                 FLOWSPAN_ADVISORIES=require makes this a failure"
            );
            Ok(())
        }
    }
}

/// Fails, saying how to get it, when `cargo deny` is not installed.
pub(crate) fn need_cargo_deny() -> Result<(), XtaskError> {
    run::output(&mut run::cargo(&["deny", "--version"]))
        .map(drop)
        .map_err(|_| XtaskError::NoTool { command: "cargo deny", install: INSTALL })
}

fn is_required() -> bool {
    env::var_os("FLOWSPAN_ADVISORIES").is_some_and(|value| value == "require")
}
