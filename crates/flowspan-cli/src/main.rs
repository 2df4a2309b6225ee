//! The `flowspan` command.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use flowspan_cli::demo::{self, DemoArgs};

/// Observes programs that run workflows and agents.
#[derive(Debug, Parser)]
#[command(name = "flowspan", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(Box<DemoArgs>),
}

fn main() -> ExitCode {
    // clap ends the program with status 2 and says what is accepted if an argument is of no use.
    match Cli::parse().command {
        Command::Demo(args) => demo::run(&args),
    }
}
