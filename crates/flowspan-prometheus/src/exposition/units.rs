//! The words for units at the end of a name.

use std::borrow::Cow;

/// The word for a unit of UCUM, if there is one: `seconds` for `s`, `bytes_per_second` for `By/s`,
/// none for an annotation such as `{token}`.
///
/// The words are those of the OpenTelemetry specification, "Prometheus and OpenMetrics Compatibility",
/// with the choices of `opentelemetry-prometheus` where that leaves one.
pub(super) fn word(unit: &str) -> Option<Cow<'static, str>> {
    if let Some(word) = whole(unit) {
        return Some(word.into());
    }
    let (first, second) = unit.split_once('/')?;
    let per = per(second)?;
    Some(match whole(first) {
        Some(word) if !is_time_or_one(first) => format!("{word}_per_{per}").into(),
        _ => format!("per_{per}").into(),
    })
}

fn whole(unit: &str) -> Option<&'static str> {
    Some(match unit {
        "d" => "days",
        "h" => "hours",
        "min" => "minutes",
        "s" => "seconds",
        "ms" => "milliseconds",
        "us" => "microseconds",
        "ns" => "nanoseconds",
        "By" | "B" => "bytes",
        "KiBy" => "kibibytes",
        "MiBy" => "mebibytes",
        "GiBy" => "gibibytes",
        "TiBy" => "tibibytes",
        "KBy" | "KB" => "kilobytes",
        "MBy" | "MB" => "megabytes",
        "GBy" | "GB" => "gigabytes",
        "TBy" | "TB" => "terabytes",
        "m" => "meters",
        "V" => "volts",
        "A" => "amperes",
        "J" => "joules",
        "W" => "watts",
        "g" => "grams",
        "Cel" => "celsius",
        "Hz" => "hertz",
        "1" => "ratio",
        "%" => "percent",
        _ => return None,
    })
}

fn per(unit: &str) -> Option<&'static str> {
    Some(match unit {
        "s" => "second",
        "m" => "minute",
        "h" => "hour",
        "d" => "day",
        "w" => "week",
        "mo" => "month",
        "y" => "year",
        _ => return None,
    })
}

/// Nobody says "seconds per second".
fn is_time_or_one(unit: &str) -> bool {
    matches!(unit, "1" | "d" | "h" | "min" | "s" | "ms" | "us" | "ns")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_have_words_and_annotations_have_none() {
        for (unit, expected) in [
            ("s", Some("seconds")),
            ("By/s", Some("bytes_per_second")),
            ("1/s", Some("per_second")),
            ("{token}/s", Some("per_second")),
            ("{token}", None),
            ("USD", None),
            ("By/{call}", None),
            ("", None),
        ] {
            assert_eq!(word(unit).as_deref(), expected, "{unit}");
        }
    }
}
