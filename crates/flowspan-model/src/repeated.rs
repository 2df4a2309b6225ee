//! Numbers that come many times, as one text.

use std::{fmt::Write, str::SplitAsciiWhitespace};

/// The most repetitions of one text: what is more is no stream of chunks any more.
const MOST: u64 = 1_000_000;
/// The longest text that is read, in bytes. A histogram of a few dozen buckets needs less.
const LONGEST: usize = 4096;

/// Reads a text such as `117x0.013 3x0.051`, which stands for 117 times 0.013 and 3 times 0.051.
///
/// A stream has thousands of chunks and an event is one: it carries how often which time came. What is
/// no such pair, and what would make more than a million repetitions, comes as an `Err` with the part.
///
/// ```
/// use flowspan_model::Repeated;
///
/// let mut text = String::new();
/// Repeated::push(&mut text, 117, 0.013);
/// Repeated::push(&mut text, 3, 0.051);
/// assert_eq!(text, "117x0.013 3x0.051");
/// assert_eq!(Repeated::of(&text).collect::<Vec<_>>(), [Ok((117, 0.013)), Ok((3, 0.051))]);
/// assert_eq!(Repeated::of("2x0.5 many").collect::<Vec<_>>(), [Ok((2, 0.5)), Err("many")]);
/// ```
#[derive(Clone, Debug)]
pub struct Repeated<'text> {
    parts: SplitAsciiWhitespace<'text>,
    left: u64,
}

impl<'text> Repeated<'text> {
    /// Reads this text.
    pub fn of(text: &'text str) -> Self {
        let parts = if text.len() > LONGEST { "too_long" } else { text };
        Repeated { parts: parts.split_ascii_whitespace(), left: MOST }
    }

    /// Adds a number and how often it came to a text.
    pub fn push(text: &mut String, times: u64, number: f64) {
        let space = if text.is_empty() { "" } else { " " };
        // Writing into a string cannot fail.
        let _ = write!(text, "{space}{times}x{number}");
    }
}

impl<'text> Iterator for Repeated<'text> {
    type Item = Result<(u64, f64), &'text str>;

    fn next(&mut self) -> Option<Self::Item> {
        let part = self.parts.next()?;
        let pair = part.split_once('x').and_then(|(times, number)| {
            let (times, number) = (times.parse().ok()?, number.parse::<f64>().ok()?);
            (times <= self.left && number >= 0.0 && number.is_finite()).then_some((times, number))
        });
        self.left -= pair.map_or(0, |(times, _)| times);
        Some(pair.ok_or(part))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_cannot_make_more_than_its_share() {
        let read: Vec<_> = Repeated::of("999999x1 1x2 1x3 18446744073709551615x1").collect();
        assert_eq!(read, [Ok((999_999, 1.0)), Ok((1, 2.0)), Err("1x3"), Err("18446744073709551615x1")]);
        let long = "1x1 ".repeat(2_000);
        assert_eq!(Repeated::of(&long).collect::<Vec<_>>(), [Err("too_long")]);
    }

    #[test]
    fn what_is_no_pair_of_numbers_is_refused_and_the_rest_counts() {
        let read: Vec<_> = Repeated::of("x 1x -1x1 1xNaN 1xinf 1.5x1 1x-1 4x0.25").collect();
        assert_eq!(read.iter().filter(|pair| pair.is_err()).count(), 7);
        assert_eq!(read.last(), Some(&Ok((4, 0.25))));
    }
}
