//! Where events go.

use crate::{Event, Kind, Moment};

/// Takes every event that flowspan observes.
///
/// It is called on the thread on which the event happened, so it must be quick and must not block:
/// a sink that does I/O puts the event into a queue of its own. A sink that panics is isolated and
/// counted, and is called again for the next event.
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use flowspan_model::{Event, EventSink, Kind, Moment};
///
/// /// Counts the model calls of a program.
/// #[derive(Default)]
/// struct Calls(AtomicU64);
///
/// impl EventSink for Calls {
///     fn event(&self, event: &Event) {
///         if (event.moment, event.kind) == (Moment::Ended, Kind::Inference) {
///             self.0.fetch_add(1, Ordering::Relaxed);
///         }
///     }
/// }
/// ```
pub trait EventSink: Send + Sync {
    /// Takes one event.
    fn event(&self, event: &Event);

    /// Whether it does anything with events of this moment and kind. An event that nobody wants need
    /// not be made, and may come all the same. The answer must not change: it may be asked for once, before
    /// the first event. Default: it wants all of them.
    fn wants(&self, moment: Moment, kind: Kind) -> bool {
        let _ = (moment, kind);
        true
    }
}

impl<S: EventSink + ?Sized> EventSink for std::sync::Arc<S> {
    fn event(&self, event: &Event) {
        (**self).event(event);
    }

    fn wants(&self, moment: Moment, kind: Kind) -> bool {
        (**self).wants(moment, kind)
    }
}
