//! The one place through which every event goes.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use flowspan_model::{Event, EventSink, Kind, MetricSink, Moment};
use opentelemetry::metrics::Meter;

use crate::{
    Notice, Schema,
    family::Family,
    instruments::Floor,
    outlets::{Listener, Outlets},
    schema::Shape,
    texts::Texts,
    trigger::Trigger,
};

/// Measures events on the catalog's instruments, and hands the measurements and the events to the
/// sinks.
pub struct Recorder {
    pub(crate) schema: Schema,
    pub(crate) meter: Meter,
    pub(crate) outlets: Arc<Outlets>,
    texts: Arc<Texts>,
    // By moment and kind, so that finding the trigger of an event is an index.
    triggers: Vec<Option<Trigger>>,
    families: Mutex<Vec<Arc<Family>>>,
}

/// How many measurements of a metric had a value of one label that had to be bounded.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Collapsed {
    /// The full name of the metric.
    pub metric: String,
    /// The name of the label.
    pub label: String,
    /// How many measurements went to `other`, or to a value that was cut.
    pub measurements: u64,
}

impl Recorder {
    /// A recorder of the metrics of this schema.
    pub fn builder(schema: &Schema) -> RecorderBuilder {
        RecorderBuilder {
            schema: schema.clone(),
            metric_sinks: Vec::new(),
            event_sinks: Vec::new(),
            listener: Arc::new(|_: &Notice<'_>| {}),
        }
    }

    /// The metrics that it records.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Where label values had to be bounded: by metric and label, those without a loss left out.
    pub fn collapsed(&self) -> Vec<Collapsed> {
        let families = self.families();
        let labels =
            families.iter().flat_map(|family| family.labels().iter().map(move |label| (family, label)));
        labels
            .filter(|(_, label)| label.collapsed() > 0)
            .map(|(family, label)| Collapsed {
                metric: family.name().to_owned(),
                label: label.name().to_string(),
                measurements: label.collapsed(),
            })
            .collect()
    }

    /// How many amounts no instrument could take: not a number, infinite, too large, or negative on
    /// a counter.
    pub fn refused(&self) -> u64 {
        self.outlets.refused()
    }

    /// How many ends had no start: they would have made the number of what is running less than it
    /// is, or negative.
    pub fn unmatched(&self) -> u64 {
        self.outlets.unmatched()
    }

    /// How many times a sink has panicked.
    pub fn sink_panics(&self) -> u64 {
        self.outlets.sink_panics()
    }

    /// Stops measuring. Up-down counters alone go on: what is running is followed to its end, so that
    /// they are right when measuring begins again. Event sinks still get every event.
    pub fn disable(&self) {
        self.outlets.record(false);
    }

    /// Measures again.
    pub fn enable(&self) {
        self.outlets.record(true);
    }

    /// Whether it measures. Default: yes.
    pub fn is_enabled(&self) -> bool {
        self.outlets.is_recording()
    }

    /// A metric beside those of the catalog.
    pub(crate) fn family(&self, shape: &Shape, floor: Floor) -> Arc<Family> {
        let family = Family::new(shape, floor, &self.schema, &self.meter, &self.texts, &self.outlets);
        let family = Arc::new(family);
        self.families().push(Arc::clone(&family));
        family
    }

    fn families(&self) -> MutexGuard<'_, Vec<Arc<Family>>> {
        self.families.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl EventSink for Recorder {
    fn event(&self, event: &Event) {
        if let Some(trigger) = &self.triggers[position(event.moment, event.kind)] {
            trigger.measure(event);
        }
        for sink in self.outlets.event_sinks() {
            sink.call(|sink| sink.event(event));
        }
    }

    fn wants(&self, moment: Moment, kind: Kind) -> bool {
        self.triggers[position(moment, kind)].is_some()
            || self.outlets.event_sinks().iter().any(|sink| sink.sink().wants(moment, kind))
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("outlets", &self.outlets).finish_non_exhaustive()
    }
}

/// Puts a [`Recorder`] together.
#[must_use]
pub struct RecorderBuilder {
    schema: Schema,
    metric_sinks: Vec<(String, Arc<dyn MetricSink>)>,
    event_sinks: Vec<(String, Arc<dyn EventSink>)>,
    listener: Listener,
}

impl RecorderBuilder {
    /// Adds a sink that takes every event, after it has been measured. Default: none.
    ///
    /// The name is for notices: it says whose fault it was.
    pub fn event_sink(mut self, name: impl Into<String>, sink: Arc<dyn EventSink>) -> Self {
        self.event_sinks.push((name.into(), sink));
        self
    }

    /// Adds a sink that takes every measurement, after its instrument has got it. Default: none,
    /// which costs nothing.
    pub fn metric_sink(mut self, name: impl Into<String>, sink: Arc<dyn MetricSink>) -> Self {
        self.metric_sinks.push((name.into(), sink));
        self
    }

    /// Who hears what a person should know. Called on the thread on which it happened, so it must not
    /// block. Default: nobody.
    pub fn on_notice(mut self, listener: impl Fn(&Notice<'_>) + Send + Sync + 'static) -> Self {
        self.listener = Arc::new(listener);
        self
    }

    /// Creates the instruments of the schema on this meter, whose provider should have the schema's
    /// [`view`](Schema::view).
    pub fn build(self, meter: &Meter) -> Recorder {
        let RecorderBuilder { schema, metric_sinks, event_sinks, listener } = self;
        let outlets = Arc::new(Outlets::new(metric_sinks, event_sinks, listener));
        let texts = Arc::new(Texts::default());
        let metrics: Vec<_> = schema
            .rows()
            .iter()
            .map(|row| {
                let family = Family::new(&row.shape, Floor::Zero, &schema, meter, &texts, &outlets);
                (row, Arc::new(family))
            })
            .collect();
        let triggers = Moment::ALL
            .into_iter()
            .flat_map(|moment| Kind::ALL.iter().map(move |kind| (moment, *kind)))
            .map(|(moment, kind)| Trigger::new(moment, kind, &metrics, &texts))
            .collect();
        let families = Mutex::new(metrics.into_iter().map(|(_, family)| family).collect());
        Recorder { schema, meter: meter.clone(), outlets, texts, triggers, families }
    }
}

impl fmt::Debug for RecorderBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecorderBuilder")
            .field("event_sinks", &self.event_sinks.len())
            .field("metric_sinks", &self.metric_sinks.len())
            .finish_non_exhaustive()
    }
}

/// The index of a moment and kind among the triggers.
fn position(moment: Moment, kind: Kind) -> usize {
    moment as usize * Kind::COUNT + kind as usize
}
