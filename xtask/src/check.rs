//! `cargo xtask check`: all that can be said without running the program.

use crate::{advisories, error::XtaskError, generate, msrv, report, run};

type Check = (&'static str, fn() -> Result<(), XtaskError>);

const CHECKS: [Check; 8] = [
    ("format", format),
    ("lints", lints),
    ("features", features),
    ("documentation", documentation),
    ("generated", generate::check),
    ("rust-version", msrv::check),
    ("dependencies", dependencies),
    ("advisories", advisories::check),
];

/// Runs every check, also after one failed: one run shows all there is to do.
pub(crate) fn run() -> Result<(), XtaskError> {
    let mut failed = Vec::new();
    for (name, check) in CHECKS {
        println!("== {name}");
        if let Err(error) = check() {
            report(&error);
            failed.push(name);
        }
    }
    if failed.is_empty() {
        println!("== all checks passed");
        Ok(())
    } else {
        Err(XtaskError::Checks { checks: failed })
    }
}

fn format() -> Result<(), XtaskError> {
    run::run(&mut run::cargo(&["fmt", "--all", "--check"]))
}

fn lints() -> Result<(), XtaskError> {
    let targets = ["clippy", "--workspace", "--all-targets", "--all-features"];
    run::run(run::cargo(&targets).args(["--", "-D", "warnings"]))
}

/// Each feature of the front door alone, and none: what is additive builds in every combination.
fn features() -> Result<(), XtaskError> {
    let features = [
        "",
        "agents",
        "clap",
        "console",
        "http",
        "jsonl",
        "macros",
        "otlp",
        "postgres",
        "prometheus",
        "session",
        "statsd",
        "tokio",
        "tonic",
    ];
    features.into_iter().try_for_each(|feature| {
        let alone = ["clippy", "--package", "flowspan", "--no-default-features", "--features", feature];
        run::run(run::cargo(&alone).args(["--", "-D", "warnings"]))
    })
}

fn documentation() -> Result<(), XtaskError> {
    let arguments = ["doc", "--workspace", "--all-features", "--no-deps"];
    run::run(run::cargo(&arguments).env("RUSTDOCFLAGS", "-D warnings"))
}

fn dependencies() -> Result<(), XtaskError> {
    advisories::need_cargo_deny()?;
    let arguments = ["deny", "--all-features", "check"];
    run::run(run::cargo(&arguments).args(["bans", "licenses", "sources"]))
}
