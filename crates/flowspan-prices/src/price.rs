//! What the tokens of one model cost.

use flowspan_model::{Text, Usage};

use crate::{Money, PriceProblem, rate::Rate};

/// The currency of a price that names none.
const USUAL_CURRENCY: &str = "USD";

/// What the tokens of one model cost, per million of them.
///
/// Nothing is known at first. A kind of token that has no price of its own costs what the whole costs of
/// which it is a part: cache reads and writes as input, reasoning as output.
///
/// ```
/// use flowspan_model::Usage;
/// use flowspan_prices::Price;
///
/// // Requests of more than 200,000 tokens cost twice as much, from their first token on.
/// let price = Price::new()
///     .input(3.0)
///     .output(15.0)
///     .cache_read(0.3)
///     .above(200_000, Price::new().input(6.0).output(22.5).cache_read(0.6));
///
/// let usage = Usage::new().input(1_000).cache_read(600).output(100);
/// assert_eq!(price.cost(&usage).expect("known").as_f64(), 0.002_88);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use]
pub struct Price {
    pub(crate) rates: Rates,
    /// What holds for requests with more input than so many tokens, the largest last.
    pub(crate) above: Vec<(u64, Rates)>,
    pub(crate) currency: Option<Text>,
    /// The first number that was no price.
    pub(crate) problem: Option<PriceProblem>,
}

/// The rates of each kind of token, as far as they are known.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Rates {
    pub(crate) input: Option<Rate>,
    pub(crate) output: Option<Rate>,
    pub(crate) cache_read: Option<Rate>,
    pub(crate) cache_write: Option<Rate>,
    pub(crate) reasoning: Option<Rate>,
}

impl Price {
    /// A price of which nothing is known.
    pub fn new() -> Self {
        Price::default()
    }

    /// What a million tokens of requests cost.
    pub fn input(self, price: f64) -> Self {
        self.with(price, |rates| &mut rates.input)
    }

    /// What a million tokens of responses cost.
    pub fn output(self, price: f64) -> Self {
        self.with(price, |rates| &mut rates.output)
    }

    /// What a million tokens cost that are read from a cache. Default: as input.
    pub fn cache_read(self, price: f64) -> Self {
        self.with(price, |rates| &mut rates.cache_read)
    }

    /// What a million tokens cost that are written to a cache. Default: as input.
    pub fn cache_write(self, price: f64) -> Self {
        self.with(price, |rates| &mut rates.cache_write)
    }

    /// What a million tokens of reasoning cost. Default: as output.
    pub fn reasoning(self, price: f64) -> Self {
        self.with(price, |rates| &mut rates.reasoning)
    }

    /// What holds, from its first token on, for a request of more input than so many tokens. What is not
    /// said there is as it is for all requests. Default: nothing else.
    pub fn above(mut self, input_tokens: u64, price: Price) -> Self {
        self.problem = self.problem.or(price.problem);
        self.above.push((input_tokens, price.rates));
        self.above.sort_by_key(|(tokens, _)| *tokens);
        self
    }

    /// The currency by ISO 4217, or a label of your own, such as `credits`. Default: `USD`.
    ///
    /// Costs in other currencies than US dollars stand on the spans of model calls; roll-ups and the
    /// counter of dollars leave them out.
    pub fn currency(mut self, label: impl Into<Text>) -> Self {
        self.currency = Some(label.into());
        self
    }

    /// The label of its currency.
    pub fn currency_label(&self) -> &str {
        self.currency.as_deref().unwrap_or(USUAL_CURRENCY)
    }

    /// The same as a text that is cheap to pass on.
    pub fn currency_text(&self) -> Text {
        self.currency.clone().unwrap_or(Text::from_static(USUAL_CURRENCY))
    }

    /// What a call with this usage cost. `None` if nothing of the usage is known, or if it has tokens of
    /// a kind that has no price.
    ///
    /// Parts that are larger than their whole count as the whole.
    pub fn cost(&self, usage: &Usage) -> Option<Money> {
        let Usage { input, output, cache_read, cache_write, reasoning } = *usage;
        if [input, output, cache_read, cache_write, reasoning].iter().all(Option::is_none) {
            return None;
        }
        let [read, write, thought] = [cache_read, cache_write, reasoning].map(|part| part.unwrap_or(0));
        let input = input.unwrap_or(read.saturating_add(write));
        let output = output.unwrap_or(thought);
        let rates = self.rates_for(input);

        let read = read.min(input);
        let write = write.min(input - read);
        let mut sum = Sum(0);
        sum.add(input - read - write, rates.input)?;
        sum.add(read, rates.cache_read.or(rates.input))?;
        sum.add(write, rates.cache_write.or(rates.input))?;
        let thought = thought.min(output);
        sum.add(output - thought, rates.output)?;
        sum.add(thought, rates.reasoning.or(rates.output))?;
        Some(Money::from_sum(sum.0))
    }

    /// The rates for a request of so much input.
    fn rates_for(&self, input: u64) -> Rates {
        match self.above.iter().rev().find(|(tokens, _)| input > *tokens) {
            Some((_, rates)) => rates.or(&self.rates),
            None => self.rates,
        }
    }

    fn with(mut self, price: f64, rate: impl FnOnce(&mut Rates) -> &mut Option<Rate>) -> Self {
        match Rate::per_million(price) {
            Ok(known) => *rate(&mut self.rates) = Some(known),
            Err(problem) => self.problem = self.problem.or(Some(problem)),
        }
        self
    }
}

impl Rates {
    fn or(&self, others: &Rates) -> Rates {
        Rates {
            input: self.input.or(others.input),
            output: self.output.or(others.output),
            cache_read: self.cache_read.or(others.cache_read),
            cache_write: self.cache_write.or(others.cache_write),
            reasoning: self.reasoning.or(others.reasoning),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        *self == Rates::default()
    }
}

/// What the tokens so far cost.
struct Sum(u128);

impl Sum {
    /// Adds tokens. `None` if they have no price and there are some.
    fn add(&mut self, tokens: u64, rate: Option<Rate>) -> Option<()> {
        if tokens > 0 {
            self.0 += rate?.of(tokens);
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sonnet() -> Price {
        Price::new().input(3.0).output(15.0).cache_read(0.3).cache_write(3.75)
    }

    #[test]
    fn each_token_of_a_call_is_priced_once() {
        let usage = Usage::new().input(1_000).cache_read(600).cache_write(300).output(50).reasoning(20);
        let cost = sonnet().cost(&usage).expect("all is priced");
        assert_eq!(cost.as_pico(), 100 * 3_000_000 + 600 * 300_000 + 300 * 3_750_000 + 50 * 15_000_000);
    }

    #[test]
    fn reasoning_is_priced_apart_only_where_the_price_says_so() {
        let usage = Usage::new().output(50).reasoning(20);
        assert_eq!(sonnet().cost(&usage), sonnet().cost(&Usage::new().output(50)));
        let apart = sonnet().reasoning(3.0).cost(&usage).expect("known");
        assert_eq!(apart.as_pico(), 30 * 15_000_000 + 20 * 3_000_000);
    }

    #[test]
    fn a_request_above_a_threshold_costs_more_from_its_first_token_on() {
        let price = sonnet().above(200_000, Price::new().input(6.0)).above(400_000, Price::new().input(9.0));
        let cost = |input| price.cost(&Usage::new().input(input)).expect("known").as_pico();
        assert_eq!(cost(200_000), 200_000 * 3_000_000);
        assert_eq!(cost(200_001), 200_001 * 6_000_000);
        assert_eq!(cost(400_001), 400_001 * 9_000_000);
        let with_output = price.cost(&Usage::new().input(200_001).output(1)).expect("known").as_pico();
        assert_eq!(with_output, 200_001 * 6_000_000 + 15_000_000, "what is not said there is as below");
    }

    #[test]
    fn what_is_not_known_has_no_cost_and_nothing_spent_costs_nothing() {
        assert_eq!(sonnet().cost(&Usage::new()), None);
        assert_eq!(Price::new().input(1.0).cost(&Usage::new().input(1).output(1)), None);
        assert_eq!(
            Price::new().input(1.0).cost(&Usage::new().input(1).output(0)).map(Money::as_pico),
            Some(1_000_000)
        );
        assert_eq!(sonnet().cost(&Usage::new().input(0).output(0)), Some(Money::ZERO));
        assert_eq!(Price::new().input(0.0).output(0.0).cost(&Usage::new().input(9)), Some(Money::ZERO));
    }

    #[test]
    fn the_largest_usage_at_the_largest_price_is_the_largest_amount() {
        let price = Price::new().input(crate::MAX_PRICE).output(crate::MAX_PRICE);
        let usage = Usage::new().input(u64::MAX).output(u64::MAX).cache_read(u64::MAX);
        assert_eq!(price.cost(&usage).map(Money::as_pico), Some(u64::MAX));
    }

    proptest! {
        #[test]
        fn parts_that_cost_as_much_as_their_whole_change_nothing(
            input in 0_u64..1 << 40, output in 0_u64..1 << 40, read: u64, write: u64, thought: u64,
        ) {
            let price = Price::new().input(2.5).output(10.0);
            let whole = Usage::new().input(input).output(output);
            let parts = whole.cache_read(read).cache_write(write).reasoning(thought);
            prop_assert_eq!(price.cost(&parts), price.cost(&whole));
        }
    }
}
