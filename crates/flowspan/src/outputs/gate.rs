//! Events that are switched off and on while the program runs.

use std::sync::Arc;

use flowspan_model::{Event, EventSink};

use crate::{Signal, switches::Switches};

/// A sink that gets events only while they are switched on. Those that happen meanwhile are not stored.
pub(super) fn gated(switches: &Switches, sink: impl EventSink + 'static) -> Arc<dyn EventSink> {
    Arc::new(Gate { switches: switches.clone(), sink })
}

struct Gate<S> {
    switches: Switches,
    sink: S,
}

impl<S: EventSink> EventSink for Gate<S> {
    fn event(&self, event: &Event) {
        if self.switches.is_on(Signal::Events) {
            self.sink.event(event);
        }
    }
}
