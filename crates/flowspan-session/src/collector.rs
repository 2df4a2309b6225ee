//! The session of a running program.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use flowspan_model::{Event, EventSink, Field, Kind, Moment};
use flowspan_runtime::{Account, DropReason, Ledger};

use crate::{SessionError, SessionMetrics, record};

/// Adds up the events of a session. Clones are the same session, and any number of threads may feed it.
///
/// It can be the session of the whole program, or one of many: a collector [of one
/// session](SessionCollector::only) takes the events whose `session.id` is its name, and passes over all
/// others.
///
/// Taking an event costs one lock and a few look-ups; reading costs the time of a copy, whose size is
/// bounded.
#[derive(Clone)]
pub struct SessionCollector {
    shared: Arc<Shared>,
}

struct Shared {
    session_id: String,
    scope: Scope,
    path: Option<PathBuf>,
    state: Mutex<State>,
    /// Held while the file is written, so that an older state never replaces a newer one.
    saving: Mutex<()>,
}

#[derive(Clone, Copy)]
enum Scope {
    Everything,
    OneSession,
}

struct State {
    metrics: SessionMetrics,
    /// What was taken, and how much of it the file holds.
    taken: u64,
    saved: u64,
    /// What came after the stop.
    refused: u64,
    /// Why what is not in the file will never be, as far as anybody knows.
    lost: Option<DropReason>,
    is_stopped: bool,
}

impl SessionCollector {
    /// The session of this name, of all events that it is given.
    pub fn new(session_id: impl Into<String>) -> Self {
        Self::build(session_id.into(), Scope::Everything, None)
    }

    /// The session of this name, of the events whose `session.id` it is.
    pub fn only(session_id: impl Into<String>) -> Self {
        Self::build(session_id.into(), Scope::OneSession, None)
    }

    /// The same, with a file into which [`flush`](Self::flush) and [`stop`](Self::stop) write it. Default:
    /// none.
    ///
    /// It begins anew: call it before the collector is shared.
    #[must_use]
    pub fn file(self, path: impl AsRef<Path>) -> Self {
        Self::build(self.shared.session_id.clone(), self.shared.scope, Some(path.as_ref().to_owned()))
    }

    fn build(session_id: String, scope: Scope, path: Option<PathBuf>) -> Self {
        let state = State {
            metrics: SessionMetrics::new(session_id.clone()),
            taken: 0,
            saved: 0,
            refused: 0,
            lost: None,
            is_stopped: false,
        };
        let shared = Shared { session_id, scope, path, state: Mutex::new(state), saving: Mutex::default() };
        SessionCollector { shared: Arc::new(shared) }
    }

    /// The name of the session.
    pub fn session_id(&self) -> &str {
        &self.shared.session_id
    }

    /// The file that it is written into, if it has one.
    pub fn path(&self) -> Option<&Path> {
        self.shared.path.as_deref()
    }

    /// A copy of what the session came to so far. Whoever feeds it waits for as long as the copy takes.
    pub fn snapshot(&self) -> SessionMetrics {
        self.state().metrics.clone()
    }

    /// Adds another session, such as one that was loaded from a file.
    pub fn merge(&self, other: &SessionMetrics) {
        self.state().metrics.merge(other);
    }

    /// Says how much memory the program uses now, and how much it used at most if that is known. In bytes.
    pub fn memory(&self, used: u64, peak: Option<u64>) {
        self.state().metrics.memory.look(used, peak, SystemTime::now());
    }

    /// Writes the session into its file. Without a file it does nothing.
    ///
    /// # Errors
    ///
    /// As [`SessionMetrics::save`]. Nothing is lost by that: the next flush writes all of it again.
    pub fn flush(&self) -> Result<(), SessionError> {
        let Some(path) = self.path() else { return Ok(()) };
        let _turn = self.shared.saving.lock().unwrap_or_else(PoisonError::into_inner);
        let (metrics, taken) = {
            let state = self.state();
            (state.metrics.clone(), state.taken)
        };
        let outcome = metrics.save(path);
        let mut state = self.state();
        match &outcome {
            Ok(()) => (state.saved, state.lost) = (taken, None),
            Err(_) if state.is_stopped => state.lost = Some(DropReason::ExportFailed),
            Err(_) => {}
        }
        outcome
    }

    /// Takes no further event, and writes the session into its file. What comes later is counted in the
    /// [account](Self::account) and nowhere else.
    ///
    /// # Errors
    ///
    /// As [`flush`](Self::flush).
    pub fn stop(&self) -> Result<(), SessionError> {
        self.close();
        self.flush()
    }

    /// Forgets what the session came to. The file stays as it is until the next flush.
    pub fn reset(&self) {
        self.state().metrics = SessionMetrics::new(self.session_id());
    }

    /// What became of the events: `delivered` are those that the file holds, `queued` those that the next
    /// flush will bring into it. A collector without a file delivers to who reads it.
    pub fn account(&self) -> Account {
        let state = self.state();
        let saved = if self.shared.path.is_some() { state.saved } else { state.taken };
        let unsaved = state.taken - saved;
        let mut ledger = Ledger::default();
        ledger.created(state.taken + state.refused);
        ledger.delivered(saved);
        ledger.dropped(DropReason::AfterShutdown, state.refused);
        match state.lost {
            Some(reason) => {
                ledger.dropped(reason, unsaved);
                ledger.account(0)
            }
            None => ledger.account(unsaved),
        }
    }

    /// Takes no further event.
    pub(crate) fn close(&self) {
        self.state().is_stopped = true;
    }

    /// Nobody waits for the last flush any longer.
    pub(crate) fn give_up(&self) {
        self.state().lost.get_or_insert(DropReason::Shutdown);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Sums that a panic left are sums of whole numbers all the same.
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl EventSink for SessionCollector {
    fn event(&self, event: &Event) {
        let is_mine = match self.shared.scope {
            Scope::Everything => true,
            Scope::OneSession => event.fields.text(Field::SessionId) == Some(self.session_id()),
        };
        if !is_mine || !record::wants(event.moment, event.kind) {
            return;
        }
        let mut state = self.state();
        if state.is_stopped {
            state.refused += 1;
        } else {
            state.taken += 1;
            state.metrics.record(event);
        }
    }

    fn wants(&self, moment: Moment, kind: Kind) -> bool {
        record::wants(moment, kind)
    }
}

impl fmt::Debug for SessionCollector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionCollector")
            .field("session_id", &self.session_id())
            .field("path", &self.path())
            .finish_non_exhaustive()
    }
}
