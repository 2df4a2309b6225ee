//! Signals that are switched off and on while the program runs.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use flowspan_span::{EndedSpan, SpanSink};
use opentelemetry::Context;
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{Span, SpanData, SpanProcessor},
};

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

    /// A processor that gets spans only while they are switched on.
    pub(crate) fn gate(&self, sink: Box<dyn SpanSink>) -> Box<dyn SpanSink> {
        Box::new(Gate { switches: self.clone(), sink })
    }
}

/// Spans that end while spans are switched off go no further. They are made all the same, so that
/// a trace is whole again as soon as they are switched on, and propagation never breaks.
#[derive(Debug)]
struct Gate {
    switches: Switches,
    sink: Box<dyn SpanSink>,
}

impl SpanSink for Gate {
    fn take(&self, span: EndedSpan) {
        if self.switches.is_on(Signal::Spans) {
            self.sink.take(span);
        }
    }
}

impl SpanProcessor for Gate {
    fn on_start(&self, span: &mut Span, context: &Context) {
        self.sink.on_start(span, context);
    }

    fn on_end(&self, span: SpanData) {
        if self.switches.is_on(Signal::Spans) {
            self.sink.on_end(span);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.sink.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.sink.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.sink.set_resource(resource);
    }
}
