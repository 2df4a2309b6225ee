//! Events as lines in a file.

use flowspan_jsonl::{Jsonl, JsonlSink};
use flowspan_runtime::Account;

use super::{Assembly, Drain, Output, Wait, Way, gate::gated};
use crate::{BuildError, Builder, Signal};

impl Builder {
    /// Writes all events into a file, one line of JSON for each. A file that cannot be written to is an
    /// error of `build` and `install`.
    pub fn events(self, jsonl: Jsonl) -> Self {
        self.output(jsonl)
    }
}

impl Output for Jsonl {
    fn way(&self) -> Option<Way> {
        Some(Way::Events)
    }

    fn start(self: Box<Self>, assembly: &mut Assembly<'_>) -> Result<(), BuildError> {
        let resolved = self.resolve(assembly.environment)?;
        let sink = JsonlSink::start(&resolved, assembly.worker, assembly.health)?;
        assembly.event_sinks.push(("events".to_owned(), gated(assembly.switches, sink.clone())));
        assembly.drains.push(Box::new(sink));
        Ok(())
    }
}

impl Drain for JsonlSink {
    fn begin_flush(&self) -> Wait {
        let wait = JsonlSink::begin_flush(self);
        Box::new(move |timeout| drop(wait(timeout)))
    }

    fn begin_shutdown(&self) -> Wait {
        let wait = JsonlSink::begin_shutdown(self);
        Box::new(move |timeout| drop(wait(timeout)))
    }

    fn accounts(&self) -> Vec<(Signal, Account)> {
        vec![(Signal::Events, self.account())]
    }
}
