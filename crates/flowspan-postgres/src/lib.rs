//! Stores the events of workflows and agents in PostgreSQL, each exactly once.
//!
//! ```no_run
//! use std::time::Duration;
//! use flowspan_model::{Event, EventSink, Field, Kind, Moment};
//! use flowspan_postgres::{Postgres, PostgresStore};
//! use flowspan_runtime::{Environment, Health, Worker};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let resolved = Postgres::to("postgres://bot:secret@localhost/observed").resolve(&Environment::process())?;
//! let worker = Worker::start()?;
//! let store = PostgresStore::start(&resolved, &worker.handle(), &Health::default());
//!
//! store.event(&Event::new(Moment::Started, Kind::Workflow).with(Field::WorkflowName, "triage"));
//!
//! println!("{}", store.shutdown(Duration::from_secs(5)).account);
//! # Ok(())
//! # }
//! ```
//!
//! The table `events` has every event as it came; `workflow_executions`, `step_executions`,
//! `mapreduce_jobs`, `agent_executions`, `model_calls`, `tool_calls` and `dead_letters` have one row
//! for each thing, made of its events; views answer the usual questions. All of them are in a schema
//! of their own, `flowspan`, so that nothing of the program's own tables is touched.
//!
//! # What is promised
//!
//! - **Exactly once.** An event gets its identifier before it is queued. A batch is one transaction;
//!   an identifier that is stored already changes nothing, so a batch whose answer was lost is sent
//!   again without harm. What [`PostgresStore::account`] calls delivered is committed.
//! - **The program never waits.** The queue is bounded, in events and in bytes: what comes when it is full is dropped and
//!   counted.
//! - **The server may be away**, at the start or later. The batch under way is kept and tried again,
//!   at growing intervals with some chance in them, and events wait in the queue. `/health` says so,
//!   and one line is reported, once; one more when it works again.
//! - **A row that cannot be stored costs itself.** The batch is halved until the row is found; it is
//!   counted as `rejected`, everything beside it is stored.
//! - **Every text can be stored.** NUL becomes U+FFFD, what is longer than the limit is cut, both are
//!   counted ([`PostgresStore::sanitised`], [`PostgresStore::shortened`]).
//! - **The password is shown nowhere.**
//!
//! Events that are still on their way when the deadline of a shutdown comes are counted as dropped,
//! although the server may have stored the batch that was under way.
//!
//! # Where a setting comes from
//!
//! What the program says explicitly wins over the variable, and that over the default. A value that
//! cannot be used is an error that names the setting and the accepted form.
//!
//! | setting | variable | default |
//! |---|---|---|
//! | URL | `FLOWSPAN_POSTGRES_URL` | none; what it leaves open is libpq's: `PGHOST`, `PGPASSWORD`, `~/.pgpass` … |
//! | schema | `FLOWSPAN_POSTGRES_SCHEMA` | `flowspan` |
//! | how many events may wait | `FLOWSPAN_POSTGRES_QUEUE_CAPACITY` | 10000 |
//! | how many bytes they may take | `FLOWSPAN_POSTGRES_QUEUE_BYTES` | 67108864 |
//! | how many are stored together | `FLOWSPAN_POSTGRES_BATCH_SIZE` | 100 |
//! | how long one waits for others | `FLOWSPAN_POSTGRES_FLUSH_INTERVAL`, in milliseconds | 5000 |
//! | how long an attempt may take | `FLOWSPAN_POSTGRES_TIMEOUT`, in milliseconds | 30000 |
//! | how long a text may be, in bytes | `FLOWSPAN_POSTGRES_TEXT_LIMIT` | 65536 |
//! | whether tables are made at the start | `FLOWSPAN_POSTGRES_MIGRATE`: `true` or `false` | `true` |

mod config;
mod error;
mod fault;
mod id;
mod maintenance;
mod migrations;
mod place;
mod row;
mod session;
mod statement;
mod store;
mod writer;

pub use config::{
    DEFAULT_BATCH_SIZE, DEFAULT_FLUSH_INTERVAL, DEFAULT_QUEUE_CAPACITY, DEFAULT_SCHEMA, DEFAULT_TEXT_LIMIT,
    DEFAULT_TIMEOUT, Migrations, Postgres, ResolvedPostgres,
};
pub use error::PostgresError;
pub use id::{event_id, execution_id};
pub use maintenance::{DEFAULT_CHUNK, Pruned, migrate, prune};
pub use store::PostgresStore;
pub use uuid::Uuid;
