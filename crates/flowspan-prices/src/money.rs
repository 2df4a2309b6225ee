//! Amounts of money that add up.

use std::ops::AddAssign;

/// An amount of money, in millionths of a millionth of its currency.
///
/// Sums are exact up to eighteen million of the currency, where they stay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money(u64);

/// How many of its smallest parts make one of the currency.
const PARTS: f64 = 1e12;

impl Money {
    /// Nothing.
    pub const ZERO: Money = Money(0);

    /// An amount of so many millionths of a millionth.
    pub const fn from_pico(parts: u64) -> Self {
        Money(parts)
    }

    /// The amount nearest to this number, or `None` if the number is no amount: not finite, negative, or
    /// beyond what can be told.
    pub fn from_f64(amount: f64) -> Option<Self> {
        let parts = (amount * PARTS).round();
        #[expect(clippy::cast_precision_loss, reason = "the bound need not be exact")]
        let is_amount = amount >= 0.0 && parts < u64::MAX as f64;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it was compared")]
        is_amount.then_some(Money(parts as u64))
    }

    /// The amount as a number of the currency, rounded once.
    #[expect(clippy::cast_precision_loss, reason = "a float is what is asked for")]
    pub fn as_f64(self) -> f64 {
        self.0 as f64 / PARTS
    }

    /// How many millionths of a millionth.
    pub const fn as_pico(self) -> u64 {
        self.0
    }

    /// A sum of parts; beyond what can be told, the largest amount.
    pub(crate) fn from_sum(parts: u128) -> Self {
        Money(u64::try_from(parts).unwrap_or(u64::MAX))
    }
}

impl AddAssign for Money {
    fn add_assign(&mut self, other: Self) {
        self.0 = self.0.saturating_add(other.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_million_amounts_add_up_to_the_last_part() {
        let one = Money::from_f64(0.000_123_456_789).expect("an amount");
        let mut sum = Money::ZERO;
        let mut float = 0.0;
        for _ in 0..1_000_000 {
            sum += one;
            float += one.as_f64();
        }
        assert_eq!(sum.as_f64(), 123.456_789);
        // What a counter of floats makes of the same calls is less than a billionth away.
        assert!((float / sum.as_f64() - 1.0_f64).abs() < 1e-9, "{float}");
    }

    #[test]
    fn what_is_no_amount_is_none() {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.01, 1e12] {
            assert_eq!(Money::from_f64(bad), None, "{bad}");
        }
        assert_eq!(Money::from_f64(0.0), Some(Money::ZERO));
    }

    #[test]
    fn a_sum_beyond_what_can_be_told_stays_at_its_end() {
        let mut sum = Money::from_pico(u64::MAX - 1);
        sum += Money::from_pico(5);
        assert_eq!(sum, Money::from_sum(u128::MAX));
    }
}
