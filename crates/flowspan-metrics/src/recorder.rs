//! The one place through which every event goes.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use flowspan_model::{
    Event, EventSink, Kind, Moment,
    catalog::{METRICS, Metric},
};
use opentelemetry::metrics::Meter;

use crate::{instruments::Unbound, series::Trigger};

/// Measures events on the catalog's instruments and hands them to the sinks.
pub struct Recorder {
    // By moment and kind, so that finding the trigger of an event is an index.
    triggers: Vec<Option<Trigger>>,
    sinks: Vec<Arc<dyn EventSink>>,
    refused: AtomicU64,
    sink_panics: AtomicU64,
}

impl Recorder {
    /// A recorder whose metrics have names under this namespace.
    pub fn builder(namespace: impl Into<String>) -> RecorderBuilder {
        RecorderBuilder { namespace: namespace.into(), sinks: Vec::new() }
    }

    /// How many label values were one too many and became [`OTHER`](crate::OTHER).
    pub fn collapsed(&self) -> u64 {
        self.triggers.iter().flatten().map(Trigger::collapsed).sum()
    }

    /// How many amounts no instrument could take: not a number, infinite, or negative on a counter.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// How many times a sink has panicked.
    pub fn sink_panics(&self) -> u64 {
        self.sink_panics.load(Ordering::Relaxed)
    }
}

impl EventSink for Recorder {
    fn event(&self, event: &Event) {
        if let Some(trigger) = &self.triggers[position(event.moment, event.kind)] {
            let refused = trigger.measure(event);
            if refused > 0 {
                self.refused.fetch_add(refused, Ordering::Relaxed);
            }
        }
        for sink in &self.sinks {
            if catch_unwind(AssertUnwindSafe(|| sink.event(event))).is_err() {
                self.sink_panics.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    fn wants(&self, moment: Moment, kind: Kind) -> bool {
        self.triggers[position(moment, kind)].is_some()
            || self.sinks.iter().any(|sink| sink.wants(moment, kind))
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder")
            .field("sinks", &self.sinks.len())
            .field("refused", &self.refused)
            .field("sink_panics", &self.sink_panics)
            .finish_non_exhaustive()
    }
}

/// Puts a [`Recorder`] together.
#[must_use]
pub struct RecorderBuilder {
    namespace: String,
    sinks: Vec<Arc<dyn EventSink>>,
}

impl RecorderBuilder {
    /// Adds a sink that takes every event, after it has been measured. Default: none.
    pub fn sink(mut self, sink: Arc<dyn EventSink>) -> Self {
        self.sinks.push(sink);
        self
    }

    /// Creates the catalog's instruments on this meter.
    ///
    /// # Panics
    ///
    /// If the catalog gives more labels to one kind of event than the recorder has room for, which
    /// a test of this crate rules out.
    pub fn build(self, meter: &Meter) -> Recorder {
        let metrics: Vec<(&'static Metric, Arc<Unbound>)> = METRICS
            .iter()
            .filter(|metric| !metric.sources.is_empty())
            .map(|metric| (metric, Arc::new(Unbound::new(metric, &self.namespace, meter))))
            .collect();
        let triggers = Moment::ALL
            .into_iter()
            .flat_map(|moment| Kind::ALL.iter().map(move |kind| (moment, *kind)))
            .map(|(moment, kind)| Trigger::new(moment, kind, &metrics))
            .collect();
        Recorder { triggers, sinks: self.sinks, refused: AtomicU64::new(0), sink_panics: AtomicU64::new(0) }
    }
}

impl fmt::Debug for RecorderBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecorderBuilder")
            .field("namespace", &self.namespace)
            .field("sinks", &self.sinks.len())
            .finish()
    }
}

/// The index of a moment and kind among the triggers.
fn position(moment: Moment, kind: Kind) -> usize {
    moment as usize * Kind::COUNT + kind as usize
}
