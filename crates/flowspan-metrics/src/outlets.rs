//! Where measurements and events go besides the instruments, and what happens to them there.

use std::{
    collections::HashSet,
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use flowspan_model::{EventSink, Measurement, MetricSink};

use crate::{instruments::Refused, isolated::Isolated};

/// Something that a person should hear about, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice<'notice> {
    /// A label had more values than its limit allows, or one that its policy does not: from now on
    /// such values are `other`. Said once for each label, whatever number of metrics have it.
    LabelBounded {
        /// The first metric in which it happened.
        metric: &'notice str,
        /// The label.
        label: &'notice str,
        /// How many values it may have.
        limit: usize,
    },
    /// A sink panicked; it is called again for what comes next.
    SinkPanicked {
        /// The name that the sink was given.
        sink: &'notice str,
    },
    /// A sink that had panicked has worked for a while.
    SinkRecovered {
        /// The name that the sink was given.
        sink: &'notice str,
    },
}

/// Who hears the notices. Called on the thread on which it happened.
pub(crate) type Listener = Arc<dyn Fn(&Notice<'_>) + Send + Sync>;

/// Everything behind the instruments.
pub(crate) struct Outlets {
    is_recording: AtomicBool,
    metric_sinks: Vec<Isolated<dyn MetricSink>>,
    event_sinks: Vec<Isolated<dyn EventSink>>,
    senseless: AtomicU64,
    unmatched: AtomicU64,
    told: Mutex<HashSet<Box<str>>>,
    listener: Listener,
}

impl Outlets {
    pub(crate) fn new(
        metric_sinks: Vec<(String, Arc<dyn MetricSink>)>,
        event_sinks: Vec<(String, Arc<dyn EventSink>)>,
        listener: Listener,
    ) -> Self {
        let isolate = |name: String| (name, Arc::clone(&listener));
        Outlets {
            is_recording: AtomicBool::new(true),
            metric_sinks: metric_sinks
                .into_iter()
                .map(|(name, sink)| Isolated::new(isolate(name), sink))
                .collect(),
            event_sinks: event_sinks
                .into_iter()
                .map(|(name, sink)| Isolated::new(isolate(name), sink))
                .collect(),
            senseless: AtomicU64::new(0),
            unmatched: AtomicU64::new(0),
            told: Mutex::default(),
            listener,
        }
    }

    #[inline]
    pub(crate) fn is_recording(&self) -> bool {
        self.is_recording.load(Ordering::Relaxed)
    }

    pub(crate) fn record(&self, is_recording: bool) {
        self.is_recording.store(is_recording, Ordering::Relaxed);
    }

    #[inline]
    pub(crate) fn has_metric_sinks(&self) -> bool {
        !self.metric_sinks.is_empty()
    }

    pub(crate) fn measurement(&self, measurement: &Measurement) {
        for sink in &self.metric_sinks {
            sink.call(|sink| sink.measurement(measurement));
        }
    }

    pub(crate) fn event_sinks(&self) -> &[Isolated<dyn EventSink>] {
        &self.event_sinks
    }

    #[cold]
    pub(crate) fn refuse(&self, refused: Refused) {
        let counter = match refused {
            Refused::Senseless => &self.senseless,
            Refused::Unmatched { .. } => &self.unmatched,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn refused(&self) -> u64 {
        self.senseless.load(Ordering::Relaxed)
    }

    pub(crate) fn unmatched(&self) -> u64 {
        self.unmatched.load(Ordering::Relaxed)
    }

    pub(crate) fn sink_panics(&self) -> u64 {
        let of_metrics = self.metric_sinks.iter().map(Isolated::panics).sum::<u64>();
        of_metrics + self.event_sinks.iter().map(Isolated::panics).sum::<u64>()
    }

    /// A label was bounded in a metric for the first time; said only if it is the first metric.
    pub(crate) fn first_collapse(&self, metric: &str, label: &str, limit: usize) {
        let is_news = self.told.lock().unwrap_or_else(PoisonError::into_inner).insert(label.into());
        if is_news {
            (self.listener)(&Notice::LabelBounded { metric, label, limit });
        }
    }
}

impl fmt::Debug for Outlets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outlets")
            .field("is_recording", &self.is_recording)
            .field("metric_sinks", &self.metric_sinks)
            .field("event_sinks", &self.event_sinks)
            .field("senseless", &self.senseless)
            .field("unmatched", &self.unmatched)
            .finish_non_exhaustive()
    }
}
