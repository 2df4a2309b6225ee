//! `flowspan store`: looks after the event store.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand};
use flowspan::{ConfigFile, ConfigFileError};
use flowspan_postgres::{DEFAULT_CHUNK, Postgres, PostgresError, ResolvedPostgres, migrate, prune};
use flowspan_runtime::{Environment, SettingError};
use thiserror::Error;

use crate::{duration, output};

/// What ends a command that got a setting that cannot be used.
const BAD_SETTING: u8 = 2;

/// Looks after the event store in PostgreSQL.
#[derive(Clone, Debug, Args)]
pub struct StoreArgs {
    #[command(subcommand)]
    command: StoreCommand,
}

#[derive(Clone, Debug, Subcommand)]
enum StoreCommand {
    /// Makes the tables, or brings them to what this version knows.
    Migrate {
        #[command(flatten)]
        database: Database,
    },
    /// Deletes what is older than this, in small transactions that nobody has to wait for.
    Prune {
        /// How old, such as 30d or 12h; work goes by the time of its beginning.
        #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
        older_than: Duration,

        /// How many rows of each table go at once.
        #[arg(long, value_name = "ROWS", default_value_t = DEFAULT_CHUNK)]
        chunk: NonZeroU32,

        #[command(flatten)]
        database: Database,
    },
}

/// Which database.
#[derive(Clone, Debug, Args)]
struct Database {
    /// The database [env: FLOWSPAN_POSTGRES_URL]
    #[arg(long, value_name = "URL", value_parser = postgres)]
    postgres: Option<Postgres>,

    /// Read this configuration file [env: FLOWSPAN_CONFIG]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// The schema that the tables are in [env: FLOWSPAN_POSTGRES_SCHEMA] [default: flowspan]
    #[arg(long, value_name = "NAME")]
    schema: Option<String>,
}

#[derive(Debug, Error)]
enum StoreError {
    #[error("cannot start the runtime of the command")]
    Runtime(#[source] std::io::Error),
    #[error(transparent)]
    Setting(#[from] SettingError),
    #[error(transparent)]
    ConfigFile(#[from] ConfigFileError),
    #[error(transparent)]
    Postgres(#[from] PostgresError),
}

/// Runs the command.
pub fn run(args: &StoreArgs) -> ExitCode {
    match work(args, &Environment::process()) {
        Ok(done) => {
            output::summary(&done);
            ExitCode::SUCCESS
        }
        Err(error) => {
            output::error(&error);
            if matches!(error, StoreError::Setting(_) | StoreError::ConfigFile(_)) {
                ExitCode::from(BAD_SETTING)
            } else {
                ExitCode::FAILURE
            }
        }
    }
}

fn work(args: &StoreArgs, environment: &Environment) -> Result<String, StoreError> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(StoreError::Runtime)?;
    Ok(match &args.command {
        StoreCommand::Migrate { database } => {
            let resolved = database.resolve(environment)?;
            runtime.block_on(migrate(&resolved))?;
            format!("the tables in {} are up to date", resolved.target())
        }
        StoreCommand::Prune { older_than, chunk, database } => {
            let resolved = database.resolve(environment)?;
            let pruned = runtime.block_on(prune(&resolved, *older_than, *chunk))?;
            format!("deleted {pruned}")
        }
    })
}

impl Database {
    fn resolve(&self, environment: &Environment) -> Result<ResolvedPostgres, StoreError> {
        let file = ConfigFile::find(self.config.as_deref(), environment)?;
        let environment = match &file {
            Some(file) => &file.beneath(environment.clone()),
            None => environment,
        };
        let postgres = self.postgres.clone().unwrap_or_else(Postgres::from_env);
        let postgres = match &self.schema {
            Some(schema) => postgres.schema(schema),
            None => postgres,
        };
        postgres.resolve(environment).map_err(|error| environment.explain(error).into())
    }
}

/// Looked at when it is used, like every other setting.
fn postgres(url: &str) -> Result<Postgres, std::convert::Infallible> {
    Ok(Postgres::to(url))
}
