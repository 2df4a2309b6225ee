//! The two ways in: arrays for the batches of everyday, COPY for what has piled up.

use sqlx::postgres::PgConnection;
use sqlx::{Connection as _, Error, Executor as _};
use uuid::Uuid;

use crate::row::{Row, moment_name};

const INSERT: &str = concat!(include_str!("../sql/incoming_arrays.sql"), include_str!("../sql/store.sql"));
const MOVE: &str = concat!(include_str!("../sql/incoming_copied.sql"), include_str!("../sql/store.sql"));
const STAGING: &str = include_str!("../sql/staging.sql");
const COPY: &str = include_str!("../sql/copy.sql");

/// Whether a connection has its staging table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Staging {
    Absent,
    Ready,
}

/// Stores rows by one statement, which is one round trip and one transaction.
pub(crate) async fn insert(connection: &mut PgConnection, service: &str, rows: &[Row]) -> Result<(), Error> {
    fn column<'rows, T>(rows: &'rows [Row], of: impl Fn(&'rows Row) -> T) -> Vec<T> {
        rows.iter().map(of).collect()
    }
    sqlx::query(INSERT)
        .bind(column::<Uuid>(rows, |row| row.id))
        .bind(column::<i64>(rows, |row| row.microseconds))
        .bind(vec![service; rows.len()])
        .bind(column::<&str>(rows, |row| row.kind.name()))
        .bind(column::<&str>(rows, |row| moment_name(row.moment)))
        .bind(column::<Option<f64>>(rows, |row| row.duration_ms))
        .bind(column::<Option<&str>>(rows, |row| row.trace_id.as_deref()))
        .bind(column::<Option<&str>>(rows, |row| row.span_id.as_deref()))
        .bind(column::<Option<&str>>(rows, |row| row.parent_span_id.as_deref()))
        .bind(column::<Option<Uuid>>(rows, |row| row.execution_id))
        .bind(column::<Option<Uuid>>(rows, |row| row.workflow_execution_id))
        .bind(column::<Option<Uuid>>(rows, |row| row.step_execution_id))
        .bind(column::<Option<Uuid>>(rows, |row| row.agent_execution_id))
        .bind(column::<Option<&str>>(rows, |row| row.job_id.as_deref()))
        .bind(column::<&str>(rows, |row| &row.fields))
        .execute(connection)
        .await
        .map(drop)
}

/// Copies rows to a staging table and moves them on from there, in one transaction.
pub(crate) async fn copy(
    connection: &mut PgConnection,
    staging: &mut Staging,
    service: &str,
    rows: &[Row],
) -> Result<(), Error> {
    if *staging == Staging::Absent {
        connection.execute(STAGING).await?;
        *staging = Staging::Ready;
    }
    let mut transaction = connection.begin().await?;
    let mut copy = transaction.copy_in_raw(COPY).await?;
    for part in binary(service, rows) {
        if let Err(error) = copy.send(part).await {
            return Err(copy.abort("the program could not go on").await.err().unwrap_or(error));
        }
    }
    copy.finish().await?;
    sqlx::query(MOVE).execute(&mut *transaction).await?;
    transaction.commit().await
}

/// How much is sent at once.
const PART: usize = 256 * 1024;
/// What the binary format of COPY begins with: its signature, no flags, no extension.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
const COLUMNS: i16 = 15;
/// PostgreSQL counts from 2000.
const MICROSECONDS_TO_2000: i64 = 946_684_800_000_000;

/// Rows in the binary format of COPY (PostgreSQL manual, COPY, "Binary Format").
fn binary(service: &str, rows: &[Row]) -> Vec<Vec<u8>> {
    let mut parts = Vec::new();
    let mut part = HEADER.to_vec();
    for row in rows {
        write_row(&mut part, service, row);
        if part.len() >= PART {
            parts.push(std::mem::take(&mut part));
        }
    }
    part.extend((-1_i16).to_be_bytes());
    parts.push(part);
    parts
}

fn write_row(out: &mut Vec<u8>, service: &str, row: &Row) {
    let uuid = |id: &Option<Uuid>| id.map(Uuid::into_bytes);
    let time = row.microseconds.saturating_sub(MICROSECONDS_TO_2000);
    out.extend(COLUMNS.to_be_bytes());
    write(out, Some(row.id.as_bytes()));
    write(out, Some(&time.to_be_bytes()));
    write(out, Some(service.as_bytes()));
    write(out, Some(row.kind.name().as_bytes()));
    write(out, Some(moment_name(row.moment).as_bytes()));
    write(out, row.duration_ms.map(f64::to_be_bytes).as_ref().map(<[u8; 8]>::as_slice));
    write(out, row.trace_id.as_deref().map(str::as_bytes));
    write(out, row.span_id.as_deref().map(str::as_bytes));
    write(out, row.parent_span_id.as_deref().map(str::as_bytes));
    for id in [&row.execution_id, &row.workflow_execution_id, &row.step_execution_id, &row.agent_execution_id]
    {
        write(out, uuid(id).as_ref().map(<[u8; 16]>::as_slice));
    }
    write(out, row.job_id.as_deref().map(str::as_bytes));
    // A document is its version, 1, and its text.
    out.extend(length(row.fields.len() + 1));
    out.push(1);
    out.extend(row.fields.as_bytes());
}

fn write(out: &mut Vec<u8>, value: Option<&[u8]>) {
    match value {
        Some(bytes) => {
            out.extend(length(bytes.len()));
            out.extend(bytes);
        }
        None => out.extend((-1_i32).to_be_bytes()),
    }
}

/// Values are cut long before they reach this bound; beyond it the server refuses the row.
fn length(bytes: usize) -> [u8; 4] {
    i32::try_from(bytes).unwrap_or(i32::MAX).to_be_bytes()
}
