//! The event store.

use std::sync::Arc;

use flowspan_model::{Event, EventSink};
use flowspan_postgres::{Postgres, PostgresStore};
use flowspan_runtime::Account;
use opentelemetry::Key;

use super::{Assembly, Drain, Output, Wait};
use crate::{BuildError, Builder, Signal, switches::Switches};

impl Builder {
    /// Stores all events in PostgreSQL. A server that is away is no error: events wait, within the
    /// bound of the queue, until it comes.
    pub fn postgres(self, postgres: Postgres) -> Self {
        self.output(postgres)
    }
}

impl Output for Postgres {
    fn start(self: Box<Self>, assembly: &mut Assembly<'_>) -> Result<(), BuildError> {
        let service = assembly.resource.get(&Key::from_static_str("service.name"));
        let postgres = match service {
            Some(name) => self.service_if_unset(name.to_string()),
            None => *self,
        };
        let resolved = postgres.resolve(assembly.environment)?;
        let store = PostgresStore::start(&resolved, assembly.worker, assembly.health);
        let sink = Gate { switches: assembly.switches.clone(), store: store.clone() };
        assembly.event_sinks.push(("postgres".to_owned(), Arc::new(sink)));
        assembly.drains.push(Box::new(store));
        Ok(())
    }
}

/// Events that happen while events are switched off are not stored.
struct Gate {
    switches: Switches,
    store: PostgresStore,
}

impl EventSink for Gate {
    fn event(&self, event: &Event) {
        if self.switches.is_on(Signal::Events) {
            self.store.event(event);
        }
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
