//! Looking after the store: making its tables, and forgetting what is old.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroU32;
use std::time::Duration;

use sqlx::postgres::PgConnection;
use sqlx::{Connection as _, Row as _};

use crate::config::ResolvedPostgres;
use crate::error::PostgresError;
use crate::migrations;

/// How many rows of each table go at once by default.
pub const DEFAULT_CHUNK: NonZeroU32 = NonZeroU32::new(10_000).expect("above zero");

const PRUNE: &str = include_str!("../sql/prune.sql");

/// How many rows went, by table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pruned(BTreeMap<String, u64>);

impl Pruned {
    /// How many rows of this table went.
    pub fn of(&self, table: &str) -> u64 {
        self.0.get(table).copied().unwrap_or(0)
    }

    /// How many rows went in all.
    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }

    /// The tables and how many of their rows went, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        self.0.iter().map(|(table, rows)| (table.as_str(), *rows))
    }
}

impl fmt::Display for Pruned {
    /// `1200 rows: events 1000, step_executions 200`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} rows", self.total())?;
        for (position, (table, rows)) in self.iter().filter(|(_, rows)| *rows > 0).enumerate() {
            write!(f, "{} {table} {rows}", if position == 0 { ":" } else { "," })?;
        }
        Ok(())
    }
}

/// Makes the schema and its tables, or brings them to what this version knows. Safe at any time, and
/// in several programs at once. Needs a Tokio runtime.
///
/// # Errors
///
/// The server cannot be reached, or the user may not make tables.
pub async fn migrate(resolved: &ResolvedPostgres) -> Result<(), PostgresError> {
    let mut connection = connect(resolved).await?;
    migrations::run(&mut connection, &resolved.schema).await.map_err(|source| PostgresError::Migrate {
        target: resolved.target(),
        schema: resolved.schema.clone(),
        source,
    })
}

/// Deletes what is older than this, in chunks: a transaction never holds more than `chunk` rows of a
/// table, so whoever writes meanwhile does not wait. Safe to break off; the next call goes on. Needs
/// a Tokio runtime.
///
/// Work goes by the time of its beginning. Dead letters stay as long as their job has any waiting.
///
/// # Errors
///
/// The server cannot be reached, or the tables are not there.
pub async fn prune(
    resolved: &ResolvedPostgres,
    older_than: Duration,
    chunk: NonZeroU32,
) -> Result<Pruned, PostgresError> {
    let mut connection = connect(resolved).await?;
    let failed = |source| PostgresError::Prune { target: resolved.target(), source };
    // By the clock of the server, and the same moment for all chunks.
    let before: f64 = sqlx::query_scalar("SELECT extract(epoch FROM now())::double precision - $1")
        .bind(older_than.as_secs_f64())
        .fetch_one(&mut connection)
        .await
        .map_err(failed)?;
    let mut pruned = Pruned::default();
    loop {
        let rows = sqlx::query(PRUNE)
            .bind(before)
            .bind(i64::from(chunk.get()))
            .fetch_all(&mut connection)
            .await
            .map_err(failed)?;
        let mut went = 0;
        for row in rows {
            let table: String = row.try_get("name").map_err(failed)?;
            let rows: i64 = row.try_get("rows").map_err(failed)?;
            let rows = u64::try_from(rows).unwrap_or(0);
            went += rows;
            *pruned.0.entry(table).or_default() += rows;
        }
        if went == 0 {
            return Ok(pruned);
        }
    }
}

async fn connect(resolved: &ResolvedPostgres) -> Result<PgConnection, PostgresError> {
    PgConnection::connect_with(&resolved.options)
        .await
        .map_err(|source| PostgresError::Connect { target: resolved.target(), source })
}
