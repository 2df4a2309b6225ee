//! What became of everything that was observed.

use std::{fmt, time::Duration};

use flowspan_runtime::Account;

use crate::outputs::Book;

/// The kinds of telemetry that are sent to somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Signal {
    /// Spans of traces.
    Spans,
    /// Data points of metrics that are pushed. What is scraped is not counted: it is not sent.
    Metrics,
    /// Log records.
    Logs,
    /// Events that are stored.
    Events,
}

impl Signal {
    /// Every signal.
    pub const ALL: [Signal; 4] = [Signal::Spans, Signal::Metrics, Signal::Logs, Signal::Events];

    /// The signal as a label: `spans`, `metrics`, `logs` or `events`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Signal::Spans => "spans",
            Signal::Metrics => "metrics",
            Signal::Logs => "logs",
            Signal::Events => "events",
        }
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The accounts of all exporters together, by signal.
///
/// For each of them `created = delivered + queued + dropped`, exactly. An item that goes to two
/// exporters counts twice; one that nobody exports counts for none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accounts {
    /// Spans.
    pub spans: Account,
    /// Data points of pushed metrics.
    pub metrics: Account,
    /// Log records.
    pub logs: Account,
    /// Events that are stored.
    pub events: Account,
}

impl Accounts {
    pub(crate) fn of_book(book: &Book) -> Self {
        let mut by_signal = book.accounts();
        let mut of = |signal| by_signal.remove(&signal).unwrap_or_default();
        Accounts {
            spans: of(Signal::Spans),
            metrics: of(Signal::Metrics),
            logs: of(Signal::Logs),
            events: of(Signal::Events),
        }
    }

    /// The account of one signal.
    pub const fn of(&self, signal: Signal) -> &Account {
        match signal {
            Signal::Spans => &self.spans,
            Signal::Metrics => &self.metrics,
            Signal::Logs => &self.logs,
            Signal::Events => &self.events,
        }
    }

    /// How many items were lost, of all signals together.
    pub fn lost(&self) -> u64 {
        Signal::ALL.into_iter().map(|signal| self.of(signal).lost()).sum()
    }
}

/// How telemetry ended: what was created, delivered and dropped, and why.
#[derive(Clone, Debug)]
#[must_use = "it says what was lost; turn it into a result with into_result()"]
pub struct ShutdownReport {
    /// What became of everything.
    pub accounts: Accounts,
    /// How long the shutdown took.
    pub took: Duration,
}

impl ShutdownReport {
    /// `Ok` if everything that was created was delivered.
    ///
    /// # Errors
    ///
    /// Something was lost; the error says how much of what, and why.
    pub fn into_result(self) -> Result<Accounts, TelemetryLost> {
        if self.accounts.lost() == 0 {
            Ok(self.accounts)
        } else {
            Err(TelemetryLost { accounts: Box::new(self.accounts) })
        }
    }
}

/// Not everything that was observed arrived.
#[derive(Clone, Debug, thiserror::Error)]
#[error("telemetry was lost: {}", describe(.accounts))]
pub struct TelemetryLost {
    accounts: Box<Accounts>,
}

impl TelemetryLost {
    /// What became of everything.
    pub fn accounts(&self) -> &Accounts {
        &self.accounts
    }
}

fn describe(accounts: &Accounts) -> String {
    let mut parts = Vec::new();
    for signal in Signal::ALL {
        let account = accounts.of(signal);
        for (reason, items) in &account.dropped {
            parts.push(format!("{items} of {} {signal} ({reason})", account.created));
        }
    }
    parts.join(", ")
}
