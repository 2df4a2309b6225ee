//! What calls of models came to.

use std::ops::AddAssign;

use flowspan_model::{Event, Field, OTHER, Usage};
use serde::{Deserialize, Serialize};

use crate::{
    Work,
    names::{MAX_MODEL_ROWS, bounded},
};

/// Tokens of many model calls. What nobody said counts as nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Tokens {
    /// Tokens of the prompts, cached ones included.
    pub prompt: u64,
    /// Tokens of the completions, reasoning included.
    pub completion: u64,
    /// Prompt and completion together; of files that know no more, what they say.
    pub total: u64,
    /// The part of the prompts that was read from a cache.
    pub cache_read: u64,
    /// The part of the prompts that was written to a cache.
    pub cache_write: u64,
    /// The part of the completions that was spent on reasoning.
    pub reasoning: u64,
}

impl Tokens {
    fn of(usage: &Usage) -> Self {
        Tokens {
            prompt: usage.input.unwrap_or(0),
            completion: usage.output.unwrap_or(0),
            total: usage.total(),
            cache_read: usage.cache_read.unwrap_or(0),
            cache_write: usage.cache_write.unwrap_or(0),
            reasoning: usage.reasoning.unwrap_or(0),
        }
    }
}

impl AddAssign<&Tokens> for Tokens {
    fn add_assign(&mut self, other: &Tokens) {
        self.prompt = self.prompt.saturating_add(other.prompt);
        self.completion = self.completion.saturating_add(other.completion);
        self.total = self.total.saturating_add(other.total);
        self.cache_read = self.cache_read.saturating_add(other.cache_read);
        self.cache_write = self.cache_write.saturating_add(other.cache_write);
        self.reasoning = self.reasoning.saturating_add(other.reasoning);
    }
}

/// What calls of models came to. An execution is what M31A calls an interaction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ModelCalls {
    /// How often models were called, embeddings included, how that ended, and how long it took.
    #[serde(flatten)]
    pub work: Work,
    /// Their tokens.
    pub tokens: Tokens,
    /// What they cost in US dollars; `None` if no price is known, which is not the same as free. Costs in
    /// other currencies are not in it.
    pub cost_usd: Option<f64>,
}

impl ModelCalls {
    fn end(&mut self, event: &Event) {
        // A call that is told a second time may still know what nobody else did.
        if event.fields.get(Field::Duplicate).is_none() {
            self.work.end(event);
        }
        self.tokens += &Tokens::of(&event.usage());
        self.add_cost(cost(event));
    }

    pub(crate) fn add_cost(&mut self, cost: Option<f64>) {
        // What is no amount of money must not spoil the sum, and has no form in JSON.
        if let Some(cost) = cost.filter(|cost| cost.is_finite() && *cost >= 0.0) {
            self.cost_usd = Some((self.cost_usd.unwrap_or(0.0) + cost).min(f64::MAX));
        }
    }
}

fn cost(event: &Event) -> Option<f64> {
    let is_dollars = event.fields.text(Field::CostCurrency).is_none_or(|currency| currency == "USD");
    event.fields.get(Field::CostAmount).filter(|_| is_dollars)?.as_number()
}

impl AddAssign<&ModelCalls> for ModelCalls {
    fn add_assign(&mut self, other: &ModelCalls) {
        self.work += &other.work;
        self.tokens += &other.tokens;
        self.add_cost(other.cost_usd);
    }
}

/// The calls of one model, of one provider, in one phase.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ModelRow {
    /// The phase; `None` if they were made outside every phase.
    pub phase: Option<String>,
    /// The provider, if anybody said.
    pub provider: Option<String>,
    /// The model, if anybody said: the one that was asked for, else the one that answered.
    pub model: Option<String>,
    /// What the calls came to.
    #[serde(flatten)]
    pub calls: ModelCalls,
}

/// Phase, provider and model.
type Key<'a> = [Option<&'a str>; 3];

impl ModelRow {
    pub(crate) fn new(key: Key<'_>, calls: ModelCalls) -> Self {
        let [phase, provider, model] = key.map(|name| name.map(str::to_owned));
        ModelRow { phase, provider, model, calls }
    }

    fn key(&self) -> Key<'_> {
        [self.phase.as_deref(), self.provider.as_deref(), self.model.as_deref()]
    }
}

/// The calls of models, a row for each phase, provider and model, in that order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Vec<ModelRow>")]
pub struct ModelTable(Vec<ModelRow>);

impl ModelTable {
    /// The rows, in the order of phases, providers and models.
    pub fn rows(&self) -> &[ModelRow] {
        &self.0
    }

    /// All calls together.
    pub fn total(&self) -> ModelCalls {
        sum(&self.0)
    }

    /// The calls of each phase; `None` is outside every phase.
    pub fn by_phase(&self) -> Vec<(Option<&str>, ModelCalls)> {
        let of_a_phase = self.0.chunk_by(|left, right| left.phase == right.phase);
        of_a_phase.map(|rows| (rows[0].phase.as_deref(), sum(rows))).collect()
    }

    /// The calls of each provider and model, in the order of their names.
    pub fn by_model(&self) -> Vec<([Option<&str>; 2], ModelCalls)> {
        let mut sums = std::collections::BTreeMap::<_, ModelCalls>::new();
        for row in &self.0 {
            *sums.entry([row.provider.as_deref(), row.model.as_deref()]).or_default() += &row.calls;
        }
        sums.into_iter().collect()
    }

    /// Adds the end of one call; whether that had to be under `other`.
    pub(crate) fn end(&mut self, event: &Event) -> bool {
        let text = |field| event.fields.text(field).filter(|name| !name.is_empty());
        let model = text(Field::RequestModel).or_else(|| text(Field::ResponseModel));
        let (row, is_bounded) = self.row([text(Field::PhaseName), text(Field::Provider), model]);
        row.end(event);
        is_bounded
    }

    /// Adds the calls of a row; whether that had to be under `other`.
    pub(crate) fn add(&mut self, row: &ModelRow) -> bool {
        let (calls, is_bounded) = self.row(row.key());
        *calls += &row.calls;
        is_bounded
    }

    /// The calls under this key, and whether that is another one than was asked for.
    fn row(&mut self, key: Key<'_>) -> (&mut ModelCalls, bool) {
        let cut = key.map(|name| name.map(bounded));
        let (key_of_row, place) = match self.find(cut) {
            Err(_) if self.0.len() >= MAX_MODEL_ROWS => ([Some(OTHER); 3], self.find([Some(OTHER); 3])),
            place => (cut, place),
        };
        let position = place.unwrap_or_else(|position| {
            self.0.insert(position, ModelRow::new(key_of_row, ModelCalls::default()));
            position
        });
        (&mut self.0[position].calls, key_of_row != key)
    }

    /// Where the row of this key is, or would be.
    fn find(&self, key: Key<'_>) -> Result<usize, usize> {
        self.0.binary_search_by(|row| row.key().cmp(&key))
    }
}

fn sum(rows: &[ModelRow]) -> ModelCalls {
    rows.iter().fold(ModelCalls::default(), |mut sum, row| {
        sum += &row.calls;
        sum
    })
}

impl From<Vec<ModelRow>> for ModelTable {
    /// Rows of any order, some of which may be for the same calls.
    fn from(rows: Vec<ModelRow>) -> Self {
        let mut table = ModelTable::default();
        for row in &rows {
            table.add(row);
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use flowspan_model::{Kind, Moment};

    use super::*;

    fn call(phase: &str, provider: &str, model: &str) -> Event {
        Event::new(Moment::Ended, Kind::Inference)
            .with(Field::PhaseName, phase)
            .with(Field::Provider, provider)
            .with(Field::RequestModel, model)
            .with(Field::InputTokens, 10_u64)
            .with(Field::OutputTokens, 2_u64)
    }

    #[test]
    fn calls_are_told_by_phase_and_by_provider_and_model() {
        let mut table = ModelTable::default();
        for event in [call("plan", "a", "x"), call("plan", "b", "x"), call("map", "a", "x")] {
            table.end(&event.with(Field::CostAmount, 0.5));
        }
        table.end(&Event::new(Moment::Ended, Kind::Inference));
        let phases: Vec<_> =
            table.by_phase().into_iter().map(|(phase, calls)| (phase, calls.tokens.total)).collect();
        assert_eq!(phases, [(None, 0), (Some("map"), 12), (Some("plan"), 24)]);
        let models: Vec<_> =
            table.by_model().into_iter().map(|(key, calls)| (key, calls.work.executions)).collect();
        assert_eq!(models, [([None, None], 1), ([Some("a"), Some("x")], 2), ([Some("b"), Some("x")], 1)]);
        assert_eq!(table.total().cost_usd, Some(1.5));
    }

    #[test]
    fn a_price_that_nobody_knows_is_no_price_of_zero() {
        let mut table = ModelTable::default();
        table.end(&call("p", "a", "x"));
        table.end(&call("p", "a", "x").with(Field::CostAmount, 3.0).with(Field::CostCurrency, "EUR"));
        table.end(&call("p", "a", "x").with(Field::CostAmount, f64::NAN));
        assert_eq!(table.total().cost_usd, None);
        table.end(&call("p", "a", "x").with(Field::CostAmount, 0.0).with(Field::CostCurrency, "USD"));
        assert_eq!(table.total().cost_usd, Some(0.0));
    }

    #[test]
    fn a_call_that_is_told_twice_counts_once_and_keeps_what_it_alone_knows() {
        let mut table = ModelTable::default();
        table.end(&call("p", "a", "x"));
        table.end(
            &Event::new(Moment::Ended, Kind::Inference)
                .with(Field::Duplicate, true)
                .with(Field::CostAmount, 0.5),
        );
        let total = table.total();
        assert_eq!((total.work.executions, total.tokens.total, total.cost_usd), (1, 12, Some(0.5)));
    }

    #[test]
    fn rows_beyond_the_limit_are_one_and_nothing_is_lost() {
        let mut table = ModelTable::default();
        let calls = MAX_MODEL_ROWS as u64 + 50;
        let bounded = (0..calls).filter(|nth| table.end(&call("p", "a", &format!("m{nth}")))).count();
        assert_eq!((table.rows().len(), bounded), (MAX_MODEL_ROWS + 1, 50));
        assert_eq!(table.total().work.executions, calls);
        assert!(!table.end(&call("p", "a", "m0")), "a row that is known stays");
    }
}
