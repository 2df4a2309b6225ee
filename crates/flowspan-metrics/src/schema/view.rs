//! How the SDK has to keep the instruments of a schema.

use std::sync::Arc;

use opentelemetry_sdk::metrics::{Aggregation, Instrument, Stream};

use super::{Schema, locked};

/// How many series the SDK keeps beyond the limit of a metric: those in which all labels are
/// `other`, one for each value that a source sets itself.
const SPARE: usize = 8;
/// The finest resolution of exponential buckets: the default of the specification.
const MAX_SCALE: i8 = 20;

impl Schema {
    /// A view that gives every metric room for as many series as it may have, and its exponential
    /// buckets to a histogram that wants them.
    ///
    /// Pass it to the meter provider with `with_view`. Without it the SDK reserves room for 2000
    /// series of each metric, whatever its labels.
    pub fn view(&self) -> impl Fn(&Instrument) -> Option<Stream> + Send + Sync + 'static {
        let inner = Arc::clone(&self.inner);
        move |instrument| {
            let shape = locked(&inner.streams).get(instrument.name()).cloned()?;
            let stream = Stream::builder().with_cardinality_limit(shape.series_limit + SPARE);
            let stream = match shape.exponential {
                Some(max_size) => stream.with_aggregation(Aggregation::Base2ExponentialHistogram {
                    max_size,
                    max_scale: MAX_SCALE,
                    record_min_max: true,
                }),
                None => stream,
            };
            stream.build().ok()
        }
    }
}
