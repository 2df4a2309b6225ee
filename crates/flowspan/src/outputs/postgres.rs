//! The event store.

use flowspan_postgres::{Postgres, PostgresStore};
use flowspan_runtime::Account;
use opentelemetry::Key;

use super::{Assembly, Drain, Output, Wait, Way, gate::gated};
use crate::{BuildError, Builder, Signal};

impl Builder {
    /// Stores all events in PostgreSQL. A server that is away is no error: events wait, within the
    /// bound of the queue, until it comes.
    pub fn postgres(self, postgres: Postgres) -> Self {
        self.output(postgres)
    }
}

impl Output for Postgres {
    fn way(&self) -> Option<Way> {
        Some(Way::Postgres)
    }

    fn start(self: Box<Self>, assembly: &mut Assembly<'_>) -> Result<(), BuildError> {
        let service = assembly.resource.get(&Key::from_static_str("service.name"));
        let postgres = match service {
            Some(name) => self.service_if_unset(name.to_string()),
            None => *self,
        };
        let resolved = postgres.resolve(assembly.environment)?;
        let store = PostgresStore::start(&resolved, assembly.worker, assembly.health);
        let sink = gated(assembly.switches, store.clone());
        assembly.event_sinks.push(("postgres".to_owned(), sink));
        assembly.drains.push(Box::new(store));
        Ok(())
    }
}

impl Drain for PostgresStore {
    fn begin_flush(&self) -> Wait {
        let wait = PostgresStore::begin_flush(self);
        Box::new(move |timeout| drop(wait(timeout)))
    }

    fn begin_shutdown(&self) -> Wait {
        let wait = PostgresStore::begin_shutdown(self);
        Box::new(move |timeout| drop(wait(timeout)))
    }

    fn accounts(&self) -> Vec<(Signal, Account)> {
        vec![(Signal::Events, self.account())]
    }
}
