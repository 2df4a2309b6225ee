//! The metrics of the GenAI conventions that panels ask for, in both generations.
//!
//! Source: OpenTelemetry semantic conventions for GenAI; the latest text, and the release 1.41 of the
//! general conventions, which was the last to hold them. Names that the catalog has are taken from there.

use flowspan_model::catalog::Instrument;

/// Which generation of the GenAI conventions the panels ask for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Semconv {
    /// The names of today.
    #[default]
    Latest,
    /// The names of the general conventions, release 1.41.
    V1_41,
    /// A row for each.
    Both,
}

/// Metrics of the conventions that no row of the catalog has (yet): name, unit, instrument.
const METRICS: [(&str, &str, Instrument); 7] = [
    ("gen_ai.client.inference.duration", "s", Instrument::Histogram),
    ("gen_ai.client.inference.usage.input_tokens", "{token}", Instrument::Counter),
    ("gen_ai.client.inference.usage.output_tokens", "{token}", Instrument::Counter),
    ("gen_ai.client.inference.time_to_first_chunk", "s", Instrument::Histogram),
    ("gen_ai.invoke_agent.duration", "s", Instrument::Histogram),
    ("gen_ai.client.operation.duration", "s", Instrument::Histogram),
    ("gen_ai.client.token.usage", "{token}", Instrument::Histogram),
];

pub(crate) fn metric(name: &str) -> Option<(&'static str, Instrument)> {
    METRICS.iter().find(|(known, ..)| *known == name).map(|(_, unit, instrument)| (*unit, *instrument))
}
