//! Parts of the user's own.

use std::sync::Arc;

use flowspan_model::{EventSink, MetricSink};
use opentelemetry_sdk::metrics::reader::MetricReader;

use super::{Assembly, Output};
use crate::BuildError;

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

/// A metric reader of the user's own.
pub(crate) struct AnyMetricReader<R>(pub(crate) R);

impl<R: MetricReader> Output for AnyMetricReader<R> {
    fn start(self: Box<Self>, assembly: &mut Assembly<'_>) -> Result<(), BuildError> {
        assembly.read_metrics(|provider| provider.with_reader(self.0));
        Ok(())
    }
}
