//! Signals that are switched off and on while the program runs.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use flowspan_span::{EndedSpan, Filter, Filtered, SpanSink};

use crate::Signal;

/// Which of the signals that are sent to somebody are switched off. Metrics are the recorder's.
#[derive(Clone, Debug, Default)]
pub(crate) struct Switches {
    off: Arc<[AtomicBool; Signal::ALL.len()]>,
}

impl Switches {
    pub(crate) fn is_on(&self, signal: Signal) -> bool {
        !self.off[signal as usize].load(Ordering::Relaxed)
    }

    pub(crate) fn disable(&self, signal: Signal) {
        self.off[signal as usize].store(true, Ordering::Relaxed);
    }

    pub(crate) fn enable(&self, signal: Signal) {
        self.off[signal as usize].store(false, Ordering::Relaxed);
    }

    /// A sink that gets spans only while they are switched on.
    pub(crate) fn gate(&self, sink: Box<dyn SpanSink>) -> Box<dyn SpanSink> {
        Box::new(Filtered::new(Gate(self.clone()), sink))
    }
}

/// Spans that end while spans are switched off go no further. They are made all the same, so that
/// a trace is whole again as soon as they are switched on, and propagation never breaks.
#[derive(Debug)]
struct Gate(Switches);

impl Filter for Gate {
    fn wants(&self, _: &EndedSpan) -> bool {
        self.0.is_on(Signal::Spans)
    }

    fn pass(&self, span: EndedSpan) -> Option<EndedSpan> {
        self.0.is_on(Signal::Spans).then_some(span)
    }
}
