//! One connection to the server, made when it is needed.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{Connection as _, Error};

use crate::config::{Migrations, ResolvedPostgres};
use crate::fault::{Fault, fault};
use crate::migrations;
use crate::row::Row;
use crate::statement::{self, Staging};

/// From this many rows on, COPY and a staging table are faster than arrays.
pub(crate) const COPY_FROM: usize = 1_000;

/// How long a farewell to the server may take.
const CLOSE_WITHIN: Duration = Duration::from_secs(1);

/// A connection that is made again whenever it has gone.
#[derive(Debug)]
pub(crate) struct Session {
    options: PgConnectOptions,
    schema: String,
    service: String,
    migrations: Migrations,
    has_schema: bool,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    connection: PgConnection,
    staging: Staging,
}

impl Session {
    pub(crate) fn new(resolved: &ResolvedPostgres) -> Self {
        Session {
            options: resolved.options.clone(),
            schema: resolved.schema.clone(),
            service: resolved.service.clone(),
            migrations: resolved.migrations,
            has_schema: false,
            open: None,
        }
    }

    /// Stores rows in one transaction. Rows that are stored already are passed over.
    ///
    /// Dropped unfinished, or after an error of the connection, the next call connects anew.
    pub(crate) async fn store(&mut self, rows: &[Row]) -> Result<(), Error> {
        // Out of `self` while it is used: what is dropped in mid-air is never used again.
        if let Some(open) = self.open.take() {
            match self.store_on(open, rows).await {
                // While nobody wrote, the server may have ended and come back: no reason to alarm anybody.
                Err(error) if fault(&error) == Fault::Server => {}
                result => return result,
            }
        }
        let open = self.connect().await?;
        self.store_on(open, rows).await
    }

    async fn store_on(&mut self, mut open: Open, rows: &[Row]) -> Result<(), Error> {
        let Open { connection, staging } = &mut open;
        let stored = if rows.len() < COPY_FROM {
            statement::insert(connection, &self.service, rows).await
        } else {
            statement::copy(connection, staging, &self.service, rows).await
        };
        match stored.as_ref().map_err(fault) {
            Ok(()) => self.open = Some(open),
            Err(Fault::Schema) => self.has_schema = false,
            Err(fault) if fault.leaves_connection() => self.open = Some(open),
            Err(_) => drop(tokio::time::timeout(CLOSE_WITHIN, open.connection.close()).await),
        }
        stored
    }

    async fn connect(&mut self) -> Result<Open, Error> {
        let mut connection = PgConnection::connect_with(&self.options).await?;
        if self.migrations == Migrations::AtStart && !self.has_schema {
            migrations::run(&mut connection, &self.schema).await?;
        }
        self.has_schema = true;
        Ok(Open { connection, staging: Staging::Absent })
    }
}
