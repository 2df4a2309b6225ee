//! Events while they are switched off.

use flowspan_model::{Event, EventSink, Kind, Moment};

use crate::{Signal, switches::Switches};

/// A sink that gets no event that happens while events are switched off.
pub(crate) struct Gate<S> {
    pub(crate) switches: Switches,
    pub(crate) sink: S,
}

impl<S: EventSink> EventSink for Gate<S> {
    fn event(&self, event: &Event) {
        if self.switches.is_on(Signal::Events) {
            self.sink.event(event);
        }
    }

    fn wants(&self, moment: Moment, kind: Kind) -> bool {
        self.sink.wants(moment, kind)
    }
}
