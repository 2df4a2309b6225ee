//! Durations as people write them: `250ms`, `30s`, `5m`, `1.5h`, `30d`.

use std::time::Duration;

use thiserror::Error;

/// A text that is no duration, or none that can be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ParseDurationError {
    /// It is something else.
    #[error("{0:?} is no duration; write a number and a unit, such as 250ms, 30s, 5m, 1.5h or 30d")]
    Form(String),
    /// It is no time at all where some is needed.
    #[error("{0:?} is no time at all; write something longer, such as 1s")]
    Nothing(String),
}

/// Reads a number with the unit ms, s, m, h or d.
///
/// # Errors
/// When the text is something else, or a negative or immeasurable time.
pub fn parse(text: &str) -> Result<Duration, ParseDurationError> {
    let wrong = || ParseDurationError::Form(text.to_owned());
    let trimmed = text.trim();
    let unit_at = trimmed.find(|c: char| c.is_ascii_alphabetic()).ok_or_else(wrong)?;
    let (number, unit) = trimmed.split_at(unit_at);
    let seconds = match unit {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3_600.0,
        "d" => 86_400.0,
        _ => return Err(wrong()),
    };
    let number: f64 = number.trim_end().parse().map_err(|_| wrong())?;
    Duration::try_from_secs_f64(number * seconds).map_err(|_| wrong())
}

/// As [`parse`], and longer than nothing: for what is done again and again.
///
/// # Errors
/// As those of [`parse`], and when the time is zero.
pub fn parse_some(text: &str) -> Result<Duration, ParseDurationError> {
    match parse(text)? {
        Duration::ZERO => Err(ParseDurationError::Nothing(text.to_owned())),
        duration => Ok(duration),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_with_a_unit_are_durations() {
        assert_eq!(parse("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(parse(" 30 s "), Ok(Duration::from_secs(30)));
        assert_eq!(parse("1.5h"), Ok(Duration::from_secs(5_400)));
        assert_eq!(parse("30d"), Ok(Duration::from_secs(2_592_000)));
        assert_eq!(parse("0s"), Ok(Duration::ZERO));
    }

    #[test]
    fn everything_else_is_an_error_that_names_the_accepted_form() {
        for bad in ["", "10", "s", "-1s", "1e400s", "inf s", "10 parsecs"] {
            let error = parse(bad).expect_err(bad);
            assert!(error.to_string().contains("30s"), "{error}");
        }
    }

    #[test]
    fn no_time_at_all_is_an_error_where_some_is_needed() {
        assert_eq!(parse_some("1ms"), Ok(Duration::from_millis(1)));
        assert_eq!(parse_some("0m"), Err(ParseDurationError::Nothing("0m".to_owned())));
    }
}
