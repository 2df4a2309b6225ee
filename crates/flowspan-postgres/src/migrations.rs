//! The tables, and how they come into being.

use std::borrow::Cow;

use sqlx::Error;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::postgres::PgConnection;

/// Every migration there is, in order. What was published is never changed: what is to be otherwise
/// is another migration, and it only adds, because programs of an older version go on writing.
const MIGRATIONS: [(i64, &str, &str); 2] = [
    (1, "tables", include_str!("../migrations/0001_tables.sql")),
    (2, "views", include_str!("../migrations/0002_views.sql")),
];

/// What programs that want to migrate wait for, one after the other. Any number would do.
const LOCK: i64 = 0x666c_6f77_7370_616e;

/// Makes the schema, and brings its tables to what this version knows. Programs that do so at the
/// same time wait for each other.
pub(crate) async fn run(connection: &mut PgConnection, schema: &str) -> Result<(), Error> {
    sqlx::query("SELECT pg_advisory_lock($1)").bind(LOCK).execute(&mut *connection).await?;
    let migrated = run_locked(connection, schema).await;
    // If this fails the connection is of no use any more, and the lock goes with it.
    sqlx::query("SELECT pg_advisory_unlock($1)").bind(LOCK).execute(connection).await?;
    migrated
}

async fn run_locked(connection: &mut PgConnection, schema: &str) -> Result<(), Error> {
    // Asked first, because who may not create schemas may not even say IF NOT EXISTS.
    let there: Option<i32> = sqlx::query_scalar("SELECT 1 FROM pg_namespace WHERE nspname = $1")
        .bind(schema)
        .fetch_optional(&mut *connection)
        .await?;
    if there.is_none() {
        // A name cannot be a parameter; the configuration lets only plain names pass.
        sqlx::query(&format!("CREATE SCHEMA IF NOT EXISTS {schema}")).execute(&mut *connection).await?;
    }
    let mut migrator = Migrator { migrations: Cow::Owned(migrations()), ..Migrator::DEFAULT };
    // A newer program may have been here before.
    migrator.set_ignore_missing(true);
    migrator.run_direct(connection).await.map_err(Error::from)
}

fn migrations() -> Vec<Migration> {
    MIGRATIONS
        .into_iter()
        .map(|(version, description, sql)| {
            Migration::new(version, description.into(), MigrationType::Simple, sql.into(), false)
        })
        .collect()
}
