//! How a metric is called in the text format of Prometheus.

use super::Instrument;

/// The name of any metric on `/metrics`: sanitised, with the unit and the ending of its type, each once.
/// [`Metric::prometheus_name`](super::Metric::prometheus_name) is that of a row of the catalog.
///
/// After the rules of the OpenTelemetry specification ("Prometheus and OpenMetrics compatibility").
pub fn prometheus_name(name: &str, unit: &str, instrument: Instrument) -> String {
    let mut folded: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || c == ':' { c } else { '_' }).collect();
    for ending in unit_word(unit, instrument).into_iter().chain(type_word(instrument)) {
        if !folded.ends_with(&format!("_{ending}")) {
            folded = format!("{folded}_{ending}");
        }
    }
    folded
}

fn unit_word(unit: &str, instrument: Instrument) -> Option<&'static str> {
    Some(match unit {
        "d" => "days",
        "h" => "hours",
        "min" => "minutes",
        "s" => "seconds",
        "ms" => "milliseconds",
        "us" => "microseconds",
        "ns" => "nanoseconds",
        "By" => "bytes",
        "KiBy" => "kibibytes",
        "MiBy" => "mebibytes",
        "GiBy" => "gibibytes",
        "m" => "meters",
        "Cel" => "celsius",
        "Hz" => "hertz",
        "%" => "percent",
        "1" if !instrument.is_monotonic() => "ratio",
        _ => return None,
    })
}

fn type_word(instrument: Instrument) -> Option<&'static str> {
    instrument.is_monotonic().then_some("total")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_get_the_endings_of_their_unit_and_type_once() {
        for (name, unit, instrument, expected) in [
            ("a.step.duration", "s", Instrument::Histogram, "a_step_duration_seconds"),
            ("a.llm.tokens", "{token}", Instrument::Counter, "a_llm_tokens_total"),
            ("a.active", "{workflow}", Instrument::UpDownCounter, "a_active"),
            ("a.busy_seconds", "s", Instrument::Counter, "a_busy_seconds_total"),
            ("a-b/c", "", Instrument::Histogram, "a_b_c"),
        ] {
            assert_eq!(prometheus_name(name, unit, instrument), expected);
        }
    }
}
