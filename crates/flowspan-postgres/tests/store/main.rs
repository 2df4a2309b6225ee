//! What the store promises, on a real PostgreSQL.

mod faults;
mod hostile;
mod migrating;
mod pruning;
mod secrets;
mod storing;
mod support;
mod views;
mod vocabulary;
