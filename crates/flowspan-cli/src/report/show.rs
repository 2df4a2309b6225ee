//! Numbers as people read them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What is not known.
pub(super) const NOTHING: &str = "–";

/// With a space between thousands.
pub(super) fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

pub(super) fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    match duration.as_secs() {
        0 if duration.is_zero() => "0 s".to_owned(),
        0 if seconds < 0.001 => format!("{:.0} µs", seconds * 1e6),
        0 => format!("{:.1} ms", seconds * 1e3),
        whole @ 1..60 => format!("{:.2} s", whole as f64 + f64::from(duration.subsec_nanos()) / 1e9),
        whole @ 60..3600 => format!("{} min {:02} s", whole / 60, whole % 60),
        whole => format!("{} h {:02} min", whole / 3600, whole % 3600 / 60),
    }
}

pub(super) fn known_duration(known: Option<Duration>) -> String {
    known.map_or_else(|| NOTHING.to_owned(), duration)
}

pub(super) fn dollars(amount: Option<f64>) -> String {
    match amount {
        None => NOTHING.to_owned(),
        Some(amount) if amount >= 100.0 => format!("${amount:.2}"),
        Some(amount) => format!("${amount:.4}"),
    }
}

pub(super) fn bytes(known: Option<u64>) -> String {
    match known {
        None => NOTHING.to_owned(),
        Some(bytes) => format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20)),
    }
}

/// To the second, in UTC.
pub(super) fn time(known: Option<SystemTime>) -> String {
    let seconds = known.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    // The same form as in `Last-Modified`, which every program can show.
    seconds.map_or_else(|| NOTHING.to_owned(), |seconds| httpdate::fmt_http_date(UNIX_EPOCH + seconds))
}

/// A text that stays in its cell: what would move the cursor or turn the direction is shown as U+FFFD.
pub(super) fn name(text: &str) -> String {
    let turns =
        |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}');
    text.chars().map(|c| if c.is_control() || turns(c) { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_shown_with_a_unit_of_their_size() {
        assert_eq!(
            [0, 999, 1000, 1_234_567].map(number),
            ["0", "999", "1\u{202f}000", "1\u{202f}234\u{202f}567"]
        );
        let shown = [0, 40, 40_000, 1_500_000, 61_000_000, 3_660_000_000]
            .map(|micros| duration(Duration::from_micros(micros)));
        assert_eq!(shown, ["0 s", "40 µs", "40.0 ms", "1.50 s", "1 min 01 s", "1 h 01 min"]);
        assert_eq!([None, Some(0.0125), Some(1234.5)].map(dollars), ["–", "$0.0125", "$1234.50"]);
    }

    #[test]
    fn a_name_moves_no_cursor_and_turns_no_line() {
        assert_eq!(name("a\u{1b}[2Jb\n\u{202e}c"), "a\u{fffd}[2Jb\u{fffd}\u{fffd}c");
    }
}
