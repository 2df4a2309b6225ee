//! Parts of the user's own.

use std::sync::Arc;

use flowspan_model::{Event, EventSink, Kind, Measurement, MetricSink, Moment};
use flowspan_runtime::{Limits, OnThread};

use super::{Assembly, Output, callback::Queue};
use crate::{BuildError, Signal};

/// A sink of the user's own, with the name by which notices call it.
pub(crate) struct AnyEventSink(pub(crate) &'static str, pub(crate) Arc<dyn EventSink>);

impl Output for AnyEventSink {
    fn start(self: Box<Self>, assembly: &mut Assembly<'_>) -> Result<(), BuildError> {
        assembly.event_sinks.push((self.0.to_owned(), self.1));
        Ok(())
    }
}

/// A metric sink of the user's own, with the name by which notices call it.
pub(crate) struct AnyMetricSink(pub(crate) &'static str, pub(crate) Arc<dyn MetricSink>);

impl Output for AnyMetricSink {
    fn start(self: Box<Self>, assembly: &mut Assembly<'_>) -> Result<(), BuildError> {
        assembly.metric_sinks.push((self.0.to_owned(), self.1));
        Ok(())
    }
}

/// An event sink of the user's own that may block: it has a queue and a thread.
pub(crate) struct QueuedEventSink(pub(crate) Arc<dyn EventSink>);

impl Output for QueuedEventSink {
    fn start(self: Box<Self>, assembly: &mut Assembly<'_>) -> Result<(), BuildError> {
        let (name, sink) = ("queued_event_sink", Arc::clone(&self.0));
        let thread = OnThread::start(move |event: Event| sink.event(&event))?;
        let health = assembly.health.exporter(name, OWN_CODE);
        let queue = Queue::start(assembly, health, &one_by_one(), Signal::Events, thread);
        assembly.event_sinks.push((name.to_owned(), Arc::new(Wanted { queue, sink: self.0 })));
        Ok(())
    }
}

/// Events wait for a sink, if it wants them.
struct Wanted {
    queue: Queue<Event>,
    sink: Arc<dyn EventSink>,
}

impl EventSink for Wanted {
    fn event(&self, event: &Event) {
        self.queue.event(event);
    }

    fn wants(&self, moment: Moment, kind: Kind) -> bool {
        self.sink.wants(moment, kind)
    }
}

/// A metric sink of the user's own that may block: it has a queue and a thread.
pub(crate) struct QueuedMetricSink(pub(crate) Arc<dyn MetricSink>);

impl Output for QueuedMetricSink {
    fn start(self: Box<Self>, assembly: &mut Assembly<'_>) -> Result<(), BuildError> {
        let name = "queued_metric_sink";
        let thread = OnThread::start(move |measurement: Measurement| self.0.measurement(&measurement))?;
        let health = assembly.health.exporter(name, OWN_CODE);
        let queue = Queue::start(assembly, health, &one_by_one(), Signal::Metrics, thread);
        assembly.metric_sinks.push((name.to_owned(), Arc::new(queue)));
        Ok(())
    }
}

/// A call that takes too long costs what it was called with, and not a batch.
fn one_by_one() -> Limits {
    Limits::new().batch_size(1)
}

/// Where a sink of the program's own sends things, as far as anybody knows.
pub(super) const OWN_CODE: &str = "it is code of the program's own";
