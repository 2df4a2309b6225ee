//! How the SDK has to keep the catalog's instruments.

use std::collections::HashMap;

use flowspan_model::catalog::METRICS;
use opentelemetry_sdk::metrics::{Instrument, Stream};

/// The largest number of series of one metric.
///
/// The SDK reserves memory for the limit of each instrument and reader in advance (about 68 bytes
/// for each series), so this is a price that even an idle program pays.
const SERIES_LIMIT: usize = 1000;

/// A view that gives every metric of the catalog room for as many series as its labels allow.
///
/// Pass it to the meter provider with `with_view`. Without it the SDK reserves room for 2000
/// series of each metric, whatever its labels.
pub fn view(namespace: &str) -> impl Fn(&Instrument) -> Option<Stream> + Send + Sync + 'static {
    let limits: HashMap<String, usize> = METRICS
        .iter()
        .map(|metric| (metric.full_name(namespace), metric.series_limit().min(SERIES_LIMIT)))
        .collect();
    move |instrument| {
        let limit = limits.get(instrument.name())?;
        Stream::builder().with_cardinality_limit(*limit).build().ok()
    }
}
