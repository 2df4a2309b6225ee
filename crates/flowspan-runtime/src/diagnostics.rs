//! What happens on flowspan's own threads stays there.
//!
//! The libraries under an exporter (hyper, h2, tonic, the OpenTelemetry SDK) speak `tracing`
//! themselves. If the program's subscriber heard them, every export would make new telemetry to
//! export. On flowspan's threads another subscriber is the default: it is deaf to all but the
//! warnings of the OpenTelemetry crates, and keeps those for the export that caused them. That is
//! also the only place where OTLP exporters tell of items that the receiver refused.

use std::cell::RefCell;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::OnceLock;

use opentelemetry::{Context, ContextGuard};
use tracing_core::dispatcher::{self, DefaultGuard, Dispatch};
use tracing_core::field::{Field, Visit};
use tracing_core::subscriber::{Interest, Subscriber};
use tracing_core::{Event, Level, LevelFilter, Metadata, span};

/// As long as it lives, nothing on this thread makes telemetry or reaches the program's subscriber.
///
/// # Cost
///
/// While any thread has a default subscriber of its own, `tracing` looks into a thread-local before
/// it takes the global one, on every thread: about a nanosecond per event.
#[must_use = "the thread is quiet only as long as this lives"]
pub struct Quiet {
    _context: ContextGuard,
    _subscriber: DefaultGuard,
}

impl Quiet {
    /// Makes the calling thread quiet.
    pub fn enter() -> Self {
        static LISTENER: OnceLock<Dispatch> = OnceLock::new();
        Quiet {
            _context: Context::enter_telemetry_suppressed_scope(),
            _subscriber: dispatcher::set_default(LISTENER.get_or_init(|| Dispatch::new(Listener))),
        }
    }
}

impl fmt::Debug for Quiet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Quiet")
    }
}

/// What the libraries under an export said while it ran.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notes {
    /// How many items the receiver refused although it took the batch (OTLP's partial success).
    pub rejected: u64,
    /// What the receiver said about it. Written by a stranger: take out secrets before it is shown.
    pub message: Option<String>,
    /// The last error that the transport noted by [`note_error`]. Take out secrets before it is shown.
    pub error: Option<String>,
    /// The last warning of the OpenTelemetry crates. Take out secrets before it is shown.
    pub warning: Option<String>,
}

thread_local! {
    static NOTES: RefCell<Option<Notes>> = const { RefCell::new(None) };
}

impl Notes {
    /// Runs a future to its end on this thread and collects what is noted while it is polled.
    ///
    /// Exports that run interleaved on one thread keep their notes apart. Dropped unfinished, it
    /// leaves nothing behind.
    pub async fn capture<F: Future>(future: F) -> (F::Output, Notes) {
        let mut future = pin!(future);
        let mut notes = Some(Notes::default());
        let output = poll_fn(|context| {
            let previous = Swapped::swap(&mut notes);
            let poll = future.as_mut().poll(context);
            drop(previous);
            poll
        })
        .await;
        (output, notes.unwrap_or_default())
    }
}

/// Puts notes back where they came from, also when a poll panics.
struct Swapped<'a>(&'a mut Option<Notes>);

impl<'a> Swapped<'a> {
    fn swap(notes: &'a mut Option<Notes>) -> Self {
        NOTES.with_borrow_mut(|current| std::mem::swap(current, notes));
        Swapped(notes)
    }
}

impl Drop for Swapped<'_> {
    fn drop(&mut self) {
        NOTES.with_borrow_mut(|current| std::mem::swap(current, self.0));
    }
}

/// Notes an error for the export that is being polled on this thread, if there is one.
pub fn note_error(text: impl Into<String>) {
    note(|notes| notes.error = Some(text.into()));
}

fn note(write: impl FnOnce(&mut Notes)) {
    NOTES.with(|current| {
        if let Ok(mut current) = current.try_borrow_mut()
            && let Some(notes) = current.as_mut()
        {
            write(notes);
        }
    });
}

struct Listener;

impl Listener {
    fn hears(metadata: &Metadata<'_>) -> bool {
        metadata.is_event()
            && *metadata.level() <= Level::WARN
            && metadata.target().starts_with("opentelemetry")
    }
}

impl Subscriber for Listener {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if Listener::hears(metadata) { Interest::always() } else { Interest::never() }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        Listener::hears(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        // Without a hint, all of the program's callsites would become enabled.
        Some(LevelFilter::WARN)
    }

    fn event(&self, event: &Event<'_>) {
        let mut heard = Heard::default();
        event.record(&mut heard);
        note(|notes| {
            if heard.is_partial_success {
                notes.rejected += heard.rejected;
                notes.message = heard.message;
            } else if heard.message.is_some() {
                notes.warning = heard.message;
            }
        });
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

/// The fields of a warning that matter here.
#[derive(Default)]
struct Heard {
    is_partial_success: bool,
    rejected: u64,
    message: Option<String>,
}

impl Heard {
    fn count(&mut self, field: &Field, items: u64) {
        if matches!(field.name(), "rejected_spans" | "rejected_log_records" | "rejected_data_points") {
            self.is_partial_success = true;
            self.rejected = items;
        }
    }
}

impl Visit for Heard {
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.count(field, u64::try_from(value).unwrap_or(0));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.count(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if matches!(field.name(), "error_message" | "error" | "message" | "reason") && !value.is_empty() {
            self.message = Some(value.to_owned());
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if matches!(field.name(), "message" | "error" | "reason") {
            self.message = Some(format!("{value:?}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::ready;

    use super::*;

    #[tokio::test]
    async fn a_partial_success_is_noted_for_the_export_that_caused_it() {
        let _quiet = Quiet::enter();
        let (_, notes) = Notes::capture(async {
            tokio::task::yield_now().await;
            tracing::warn!(target: "opentelemetry-otlp", rejected_spans = 3_i64, error_message = "too old");
            note_error("refused");
        })
        .await;
        assert_eq!(
            notes,
            Notes {
                rejected: 3,
                message: Some("too old".into()),
                error: Some("refused".into()),
                ..Notes::default()
            }
        );
        let (_, other) = Notes::capture(ready(())).await;
        assert_eq!(other, Notes::default());
    }

    #[tokio::test]
    async fn other_libraries_are_not_heard() {
        let _quiet = Quiet::enter();
        let (_, notes) = Notes::capture(async {
            tracing::warn!(target: "hyper", error = "secret");
            tracing::info!(target: "opentelemetry-otlp", error = "too quiet");
        })
        .await;
        assert_eq!(notes, Notes::default());
        note_error("nobody exports: this goes nowhere");
    }

    #[test]
    fn a_quiet_thread_makes_no_telemetry() {
        assert!(!Context::is_current_telemetry_suppressed());
        let quiet = Quiet::enter();
        assert!(Context::is_current_telemetry_suppressed());
        drop(quiet);
        assert!(!Context::is_current_telemetry_suppressed());
    }
}
