//! The session of a run, in a file and at `/session`.

use flowspan_runtime::Account;
use flowspan_session::{SessionFile, SessionWriter};

use super::{Assembly, Drain, Output, Wait, Way, gate::gated};
use crate::{BuildError, Builder, Signal, process_metrics};

impl Builder {
    /// Keeps what the run comes to in a file: its agents, tools, phases and model calls. Saved at an
    /// interval, on a flush and on the shutdown; with an endpoint for Prometheus, the first session is
    /// served at `/session`, too.
    ///
    /// A file that cannot be written, or that holds something else, is an error of `build` and `install`.
    pub fn session(self, session: SessionFile) -> Self {
        self.output(session)
    }
}

impl Output for SessionFile {
    fn way(&self) -> Option<Way> {
        Some(Way::Session)
    }

    fn start(self: Box<Self>, assembly: &mut Assembly<'_>) -> Result<(), BuildError> {
        let Some(settings) = self.resolve(assembly.environment)? else { return Ok(()) };
        let collector = settings.collector().clone();
        let writer =
            SessionWriter::start(settings, assembly.worker, assembly.health, process_metrics::memory);
        let sink = gated(assembly.switches, collector.clone());
        assembly.event_sinks.push(("session".to_owned(), sink));
        assembly.drains.push(Box::new(writer));
        assembly.session.get_or_insert(collector);
        Ok(())
    }
}

impl Drain for SessionWriter {
    fn begin_flush(&self) -> Wait {
        let wait = SessionWriter::begin_flush(self);
        Box::new(move |timeout| {
            wait(timeout);
        })
    }

    fn begin_shutdown(&self) -> Wait {
        let wait = SessionWriter::begin_shutdown(self);
        Box::new(move |timeout| {
            wait(timeout);
        })
    }

    fn accounts(&self) -> Vec<(Signal, Account)> {
        vec![(Signal::Events, self.account())]
    }

    // What the next save will bring is added up already, and takes no more room.
    fn waiting(&self) -> u64 {
        0
    }
}
