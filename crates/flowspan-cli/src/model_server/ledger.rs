//! What the server handed out, kept so that it can be compared with what telemetry counted.
//!
//! **The rule.** A client knows the tokens of a call from the usage that the server reports at its
//! end; of a call that breaks off it knows the pieces of text that it was given, and nothing of the
//! prompt. The totals here are what a client can know:
//!
//! - a call whose usage was reported counts with that usage, booked at the moment when the frame
//!   that carries it goes to the connection (`answered`);
//! - a call that ends before, because the server broke off (`interrupted`), the client went away
//!   (`abandoned`) or did not ask for the usage (`unmetered`), counts one output token for each
//!   streamed chunk with text that went to the connection, and no input. That part of `output`
//!   stands in `unreported_output` as well;
//! - a refused call counts nothing.
//!
//! The server writes out every chunk before it breaks off, so the two sides agree to the token. A
//! client that goes away by itself may leave chunks unread that were booked here; the demo does that
//! to answers that have not begun (which cost nothing) and on Ctrl-C.

use std::sync::{Mutex, PoisonError};

use serde::Serialize;

use crate::chat::ReportedUsage;

/// Totals since the server started. Calls that are still under way are in `calls` alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Ledger {
    /// Requests that asked the model for an answer, also those that were refused.
    pub calls: u64,
    /// Calls whose usage was reported.
    pub answered: u64,
    /// Calls refused with status 429.
    pub rate_limited: u64,
    /// Calls refused with status 503.
    pub unavailable: u64,
    /// Calls refused because the request was wrong.
    pub rejected: u64,
    /// Calls that the server broke off.
    pub interrupted: u64,
    /// Calls whose client went away before the usage.
    pub abandoned: u64,
    /// Streams that ended well for clients that did not ask for the usage.
    pub unmetered: u64,
    /// Tokens of prompts, with those from the cache.
    pub input: u64,
    /// Tokens of answers, with those of reasoning.
    pub output: u64,
    /// The part of `input` that came from the prompt cache.
    pub cache_read: u64,
    /// The part of `output` that was reasoning.
    pub reasoning: u64,
    /// The part of `output` that no usage reported: chunks of calls that ended early.
    pub unreported_output: u64,
}

impl Ledger {
    /// Calls that have ended, in whatever way; equals `calls` when none is under way.
    pub fn ended(&self) -> u64 {
        self.answered
            + self.rate_limited
            + self.unavailable
            + self.rejected
            + self.interrupted
            + self.abandoned
            + self.unmetered
    }
}

/// How a call ended that was not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    RateLimited,
    Unavailable,
    Rejected,
    Interrupted,
    Abandoned,
    Unmetered,
}

/// The book itself, shared by all calls. A lock suffices: it is taken twice a call.
#[derive(Debug, Default)]
pub(super) struct Book(Mutex<Ledger>);

impl Book {
    /// Books that a call began.
    pub(super) fn begin(&self) {
        self.with(|ledger| ledger.calls += 1);
    }

    /// Books the usage that is being reported.
    pub(super) fn answered(&self, usage: &ReportedUsage) {
        self.with(|ledger| {
            ledger.answered += 1;
            ledger.input += usage.prompt_tokens;
            ledger.output += usage.completion_tokens;
            ledger.cache_read += usage.cached();
            ledger.reasoning += usage.reasoning();
        });
    }

    /// Books a call that ends without reported usage, after so many pieces of text.
    pub(super) fn ended(&self, ending: Ending, pieces: u64) {
        self.with(|ledger| {
            ledger.output += pieces;
            ledger.unreported_output += pieces;
            *match ending {
                Ending::RateLimited => &mut ledger.rate_limited,
                Ending::Unavailable => &mut ledger.unavailable,
                Ending::Rejected => &mut ledger.rejected,
                Ending::Interrupted => &mut ledger.interrupted,
                Ending::Abandoned => &mut ledger.abandoned,
                Ending::Unmetered => &mut ledger.unmetered,
            } += 1;
        });
    }

    /// The totals at this moment.
    pub(super) fn totals(&self) -> Ledger {
        self.with(|ledger| *ledger)
    }

    fn with<T>(&self, work: impl FnOnce(&mut Ledger) -> T) -> T {
        // Additions alone happen under the lock; a panic elsewhere leaves the totals whole.
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
