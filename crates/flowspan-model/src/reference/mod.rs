//! The tables of the vocabulary as pages for people.
//!
//! The documentation of flowspan and `flowspan catalog` are made here, so they say what the tables say.
//!
//! ```
//! use flowspan_model::{catalog, reference};
//!
//! let metric = catalog::metric("llm.calls").expect("it is in the catalog");
//! assert_eq!(
//!     reference::example_query(metric, "bot"),
//!     "sum by (provider, model, status) (rate(bot_llm_calls_total[5m]))"
//! );
//! ```

mod metrics;
mod query;
mod vocabulary;

pub use metrics::metrics_page;
pub use query::example_query;
pub use vocabulary::vocabulary_page;

use crate::{
    ValueType,
    catalog::{Instrument, METRICS, Metric},
};

impl Instrument {
    /// What it is called in pages.
    pub const fn name(self) -> &'static str {
        match self {
            Instrument::Counter => "counter",
            Instrument::FloatCounter => "counter of fractions",
            Instrument::UpDownCounter => "up-down counter",
            Instrument::Gauge => "gauge",
            Instrument::Histogram => "histogram",
        }
    }
}

impl ValueType {
    /// What it is called in pages.
    pub const fn name(self) -> &'static str {
        match self {
            ValueType::Text => "text",
            ValueType::Integer => "whole number",
            ValueType::Float => "number",
            ValueType::Boolean => "true or false",
        }
    }
}

impl Metric {
    /// What it is about: the first part of its name.
    pub fn area(&self) -> &'static str {
        self.name.split('.').next().unwrap_or(self.name)
    }
}

/// The metrics by what they are about, in the order of the catalog.
fn areas() -> impl Iterator<Item = &'static [Metric]> {
    METRICS.chunk_by(|left, right| left.area() == right.area())
}

/// Texts in the form of code, with a comma between them.
fn code<'text>(texts: impl Iterator<Item = &'text str>) -> String {
    texts.map(|text| format!("`{text}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::{Field, Kind};

    #[test]
    fn an_area_stands_in_one_piece() {
        let names: Vec<_> = areas().map(|metrics| metrics[0].area()).collect();
        assert_eq!(names.iter().collect::<HashSet<_>>().len(), names.len(), "{names:?}");
    }

    #[test]
    fn the_page_of_metrics_has_all_of_them_with_all_names() {
        let page = metrics_page("bot");
        for metric in METRICS {
            for name in [metric.full_name("bot"), metric.prometheus_name("bot")] {
                assert!(page.contains(&format!("`{name}`")), "{name}");
            }
            assert!(page.contains(&example_query(metric, "bot")), "{}", metric.name);
        }
    }

    #[test]
    fn the_page_of_the_vocabulary_has_every_kind_and_every_field() {
        let page = vocabulary_page();
        for kind in Kind::ALL {
            assert!(page.contains(&format!("### `{}`", kind.name())), "{kind:?}");
        }
        for field in Field::ALL {
            assert!(page.contains(&format!("| `{}` |", field.key())), "{field:?}");
        }
    }
}
