//! A price of one kind of token.

use std::fmt;

use serde::{Deserialize, Deserializer, de};

/// The highest price of a million tokens that is taken for a price.
pub const MAX_PRICE: f64 = 1e9;

/// How far a number may lie from one with six decimals, in units of the sixth: what a float cannot tell
/// apart is no further away.
const NOISE: f64 = 1e-3;

/// A number that is no price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a price of a million tokens is a number from 0 to 1000000000 with at most six decimals, such as 2.5; {}",
    .0.said()
)]
pub struct PriceProblem(Problem);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Problem {
    NotANumber,
    Negative,
    TooLarge,
    TooFine,
}

impl Problem {
    const fn said(self) -> &'static str {
        match self {
            Problem::NotANumber => "this is not a number",
            Problem::Negative => "this is less than zero",
            Problem::TooLarge => "this is larger",
            Problem::TooFine => "this has more decimals",
        }
    }
}

/// What one token costs, in millionths of a millionth of the currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rate(u64);

impl Rate {
    /// The rate at which a million tokens cost this much.
    pub(crate) fn per_million(price: f64) -> Result<Self, PriceProblem> {
        let millionths = price * 1e6;
        let whole = millionths.round();
        let problem = match () {
            () if price.is_nan() || price.is_infinite() => Problem::NotANumber,
            () if price < 0.0 => Problem::Negative,
            () if price > MAX_PRICE => Problem::TooLarge,
            () if (millionths - whole).abs() > NOISE => Problem::TooFine,
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 10^15")]
            () => return Ok(Rate(whole as u64)),
        };
        Err(PriceProblem(problem))
    }

    /// What so many tokens cost.
    pub(crate) fn of(self, tokens: u64) -> u128 {
        u128::from(self.0) * u128::from(tokens)
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Number)
    }
}

struct Number;

impl de::Visitor<'_> for Number {
    type Value = Rate;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a price of a million tokens, such as 2.5")
    }

    fn visit_f64<E: de::Error>(self, price: f64) -> Result<Rate, E> {
        Rate::per_million(price).map_err(E::custom)
    }

    fn visit_i64<E: de::Error>(self, price: i64) -> Result<Rate, E> {
        #[expect(clippy::cast_precision_loss, reason = "what would lose its precision is too large anyway")]
        self.visit_f64(price as f64)
    }

    fn visit_u64<E: de::Error>(self, price: u64) -> Result<Rate, E> {
        #[expect(clippy::cast_precision_loss, reason = "what would lose its precision is too large anyway")]
        self.visit_f64(price as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_with_six_decimals_is_a_whole_number_inside() {
        for (price, whole) in
            [(0.0, 0), (3.0, 3_000_000), (0.000_001, 1), (0.0375, 37_500), (MAX_PRICE, 1_000_000_000_000_000)]
        {
            assert_eq!(Rate::per_million(price), Ok(Rate(whole)));
        }
        assert_eq!(
            Rate::per_million(0.1 + 0.2),
            Ok(Rate(300_000)),
            "what a float cannot tell is not held against it"
        );
    }

    #[test]
    fn what_is_no_price_is_refused_with_its_reason() {
        for (price, problem) in [
            (f64::NAN, Problem::NotANumber),
            (f64::INFINITY, Problem::NotANumber),
            (-0.5, Problem::Negative),
            (2e9, Problem::TooLarge),
            (0.000_000_5, Problem::TooFine),
        ] {
            assert_eq!(Rate::per_million(price), Err(PriceProblem(problem)), "{price}");
        }
    }
}
