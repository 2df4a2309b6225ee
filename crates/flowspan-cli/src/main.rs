//! The `flowspan` command.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use flowspan_cli::{
    catalog::{self, CatalogArgs},
    demo::{self, DemoArgs},
    import::{self, ImportArgs},
    output,
    report::{self, ReportArgs},
    store::{self, StoreArgs},
};

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
    Catalog(CatalogArgs),
    Import(Box<ImportArgs>),
    Report(ReportArgs),
    Store(StoreArgs),
}

fn main() -> ExitCode {
    // clap ends the program with status 2 and says what is accepted if an argument is of no use.
    match Cli::parse().command {
        Command::Demo(args) => demo::run(&args),
        Command::Catalog(args) => {
            output::summary(&catalog::render(&args));
            ExitCode::SUCCESS
        }
        Command::Import(args) => import::run(&args),
        Command::Report(args) => report::run(&args),
        Command::Store(args) => store::run(&args),
    }
}
