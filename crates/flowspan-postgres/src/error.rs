//! Why the store cannot be looked after.

/// Looking after the store failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PostgresError {
    /// The server could not be reached, or refused the connection.
    #[error("cannot connect to {target}; is PostgreSQL running there, and are user and password right?")]
    Connect {
        /// The server, database and user.
        target: String,
        /// What the server or the system said.
        source: sqlx::Error,
    },
    /// The tables could not be made.
    #[error("cannot make the tables in {target}; the user needs the right to create in the schema {schema}")]
    Migrate {
        /// The server, database and user.
        target: String,
        /// The schema.
        schema: String,
        /// What the server said.
        source: sqlx::Error,
    },
    /// The tables could not be pruned.
    #[error("cannot prune the tables in {target}; do they exist, and may the user delete from them?")]
    Prune {
        /// The server, database and user.
        target: String,
        /// What the server said.
        source: sqlx::Error,
    },
}
