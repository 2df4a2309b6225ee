//! What an agent says of its whole session, and what its calls have said.

use std::collections::HashMap;

use flowspan_api::Usage;

/// Tokens, each in one place: what is read from a cache or written to it is no part of the input here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tokens {
    pub(crate) input: u64,
    pub(crate) output: u64,
    pub(crate) cache_read: u64,
    pub(crate) cache_write: u64,
}

impl Tokens {
    /// The larger one of each: a message that comes in several parts says more and more.
    pub(crate) fn max(self, other: Tokens) -> Tokens {
        self.with(other, u64::max)
    }

    pub(crate) fn plus(self, other: Tokens) -> Tokens {
        self.with(other, u64::saturating_add)
    }

    /// What this is more than the other.
    pub(crate) fn beyond(self, other: Tokens) -> Tokens {
        self.with(other, u64::saturating_sub)
    }

    pub(crate) fn is_zero(self) -> bool {
        self == Tokens::default()
    }

    /// In the form of the GenAI conventions, where the input has its cached parts inside.
    pub(crate) fn usage(self) -> Usage {
        let input = self.input.saturating_add(self.cache_read).saturating_add(self.cache_write);
        let said = |tokens: u64| (tokens > 0).then_some(tokens);
        let mut usage = Usage::new().input(input).output(self.output);
        usage.cache_read = said(self.cache_read);
        usage.cache_write = said(self.cache_write);
        usage
    }

    /// What they cost in relation to each other, as Anthropic prices all its models.
    fn weight(self) -> f64 {
        let Tokens { input, output, cache_read, cache_write } = self;
        input as f64 + 5.0 * output as f64 + 0.1 * cache_read as f64 + 1.25 * cache_write as f64
    }

    fn with(self, other: Tokens, each: impl Fn(u64, u64) -> u64) -> Tokens {
        Tokens {
            input: each(self.input, other.input),
            output: each(self.output, other.output),
            cache_read: each(self.cache_read, other.cache_read),
            cache_write: each(self.cache_write, other.cache_write),
        }
    }
}

/// What an agent says of one model, or of all, since it has started.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Total {
    /// `None` if it is of all models.
    pub(crate) model: Option<String>,
    pub(crate) tokens: Tokens,
    /// In US dollars.
    pub(crate) cost: Option<f64>,
}

/// What has been told so far, for an agent that says several times what all of it came to.
#[derive(Debug, Default)]
pub(crate) struct Settled {
    totals: HashMap<Option<String>, (Tokens, f64)>,
}

/// What becomes of the calls that are behind a total.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Settlement {
    /// What no call has said.
    pub(crate) rest: Tokens,
    /// What each call costs, the rest included in the last one. Empty if nobody says.
    pub(crate) costs: Vec<f64>,
}

impl Settled {
    /// Settles a total with the calls behind it that have come since the last time. If there is a rest
    /// and no call, it is for one more call, whose cost stands alone.
    pub(crate) fn settle(&mut self, total: &Total, calls: &[Tokens]) -> Settlement {
        let (told, paid) = self.totals.entry(total.model.clone()).or_default();
        *told = calls.iter().fold(*told, |sum, call| sum.plus(*call));
        let rest = total.tokens.beyond(*told);
        *told = told.plus(rest);
        let due = total.cost.map(|cost| (cost - *paid).max(0.0));
        *paid += due.unwrap_or_default();
        let mut calls = calls.to_vec();
        match calls.last_mut() {
            Some(last) => *last = last.plus(rest),
            None if !rest.is_zero() || due.is_some_and(|due| due > 0.0) => calls.push(rest),
            None => {}
        }
        Settlement { rest, costs: due.map(|due| shares(due, &calls)).unwrap_or_default() }
    }
}

/// Shares out a cost by the weights of the calls. The last share is what is left of it.
fn shares(cost: f64, calls: &[Tokens]) -> Vec<f64> {
    let Some((_, others)) = calls.split_last() else { return Vec::new() };
    let all: f64 = calls.iter().map(|call| call.weight()).sum();
    let share = |call: &Tokens| if all > 0.0 { cost * call.weight() / all } else { 0.0 };
    let mut shares: Vec<f64> = others.iter().map(share).collect();
    let left = (cost - shares.iter().sum::<f64>()).max(0.0);
    shares.push(left);
    shares
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn tokens(input: u64, output: u64) -> Tokens {
        Tokens { input, output, cache_read: 0, cache_write: 0 }
    }

    fn total(tokens: Tokens, cost: f64) -> Total {
        Total { model: None, tokens, cost: Some(cost) }
    }

    #[test]
    fn what_the_calls_did_not_say_is_the_rest() {
        let mut settled = Settled::default();
        let settlement = settled.settle(&total(tokens(30, 50), 1.0), &[tokens(10, 1), tokens(20, 1)]);
        assert_eq!(settlement.rest, tokens(0, 48));
    }

    #[test]
    fn calls_that_have_said_more_than_the_total_count() {
        let settlement = Settled::default().settle(&total(tokens(5, 5), 1.0), &[tokens(10, 1)]);
        assert_eq!(settlement.rest, tokens(0, 4));
    }

    #[test]
    fn a_total_that_is_said_again_is_settled_once() {
        let mut settled = Settled::default();
        settled.settle(&total(tokens(10, 10), 1.0), &[tokens(10, 1)]);
        let again = settled.settle(&total(tokens(10, 10), 1.0), &[]);
        assert_eq!(again, Settlement { rest: Tokens::default(), costs: vec![] });
        let more = settled.settle(&total(tokens(30, 12), 1.5), &[tokens(20, 1)]);
        assert_eq!(more, Settlement { rest: tokens(0, 1), costs: vec![0.5] });
    }

    #[test]
    fn a_cost_without_a_call_stands_alone() {
        let settlement = Settled::default().settle(&total(Tokens::default(), 0.25), &[]);
        assert_eq!(settlement.costs, [0.25]);
    }

    fn any_tokens() -> impl Strategy<Value = Tokens> {
        let any = || prop_oneof![4 => 0..100_000_u64, 1 => any::<u64>()];
        (any(), any(), any(), any()).prop_map(|(input, output, cache_read, cache_write)| Tokens {
            input,
            output,
            cache_read,
            cache_write,
        })
    }

    proptest! {
        #[test]
        fn shares_add_up_to_the_cost_and_the_rest_to_the_total(
            calls in prop::collection::vec(any_tokens(), 0..20), all in any_tokens(), cost in 0.0..1e6,
        ) {
            let settlement = Settled::default().settle(&total(all, cost), &calls);
            let sum: f64 = settlement.costs.iter().sum();
            prop_assert!(settlement.costs.iter().all(|share| *share >= 0.0));
            if !settlement.costs.is_empty() {
                prop_assert!((sum - cost).abs() <= cost * 1e-9, "{} of {}", sum, cost);
            }
            let told = calls.iter().fold(Tokens::default(), |sum, call| sum.plus(*call));
            prop_assert_eq!(told.plus(settlement.rest).max(all), told.plus(settlement.rest));
            prop_assert_eq!(told.max(all), told.plus(settlement.rest));
        }
    }
}
