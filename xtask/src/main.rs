//! flowspan's own commands, run as `cargo xtask`: the checks, the tests, and the
//! stack to try things on. Continuous integration runs the same commands.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command for people at a terminal")]

mod advisories;
mod check;
mod dashboards;
mod error;
mod generate;
mod msrv;
mod pictures;
mod prices;
mod run;
mod stack;
mod test;

use std::{error::Error as _, process::ExitCode};

use clap::{Parser, Subcommand};

use crate::error::XtaskError;

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", about = "flowspan's own commands")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Format, lints, documentation, generated pages, dependencies, and the stated Rust version.
    Check,
    /// All tests; builds what the end-to-end tests need, once.
    Test {
        /// Passed on to `cargo test`, for example a test's name.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// The tests beside the real rig, genai, langchain-rust and others, which are a workspace of their own:
    /// they need Rust 1.95, OpenSSL's headers, and some minutes to build.
    Dialects,
    /// Writes the pages that are made from the vocabulary.
    Generate,
    /// Fetches the prices of models anew.
    Prices,
    /// Writes the Grafana dashboards, alerts and recording rules for a program of yours.
    Dashboards(dashboards::DashboardArgs),
    /// Takes the pictures of the documentation anew, from a real run.
    Pictures,
    /// A real Collector, Jaeger and Prometheus on this machine.
    Stack {
        #[command(subcommand)]
        task: stack::StackTask,
    },
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().task {
        Task::Check => check::run(),
        Task::Test { arguments } => test::run(&arguments),
        Task::Dialects => test::dialects(),
        Task::Generate => generate::run(),
        Task::Prices => prices::refresh(),
        Task::Dashboards(arguments) => dashboards::run(arguments),
        Task::Pictures => pictures::run(),
        Task::Stack { task } => stack::run(&task),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(&error);
            ExitCode::FAILURE
        }
    }
}

/// Prints an error and all its causes.
fn report(error: &XtaskError) {
    eprintln!("error: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        eprintln!("  because: {error}");
        cause = error.source();
    }
}
