//! What the calls inside a span came to.

use flowspan_model::{Field, Fields, Kind, Usage};
use flowspan_prices::Money;

use super::{remove, usage::TOKENS};

/// The tokens of one call, in the order of [`TOKENS`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tokens(pub(super) [Option<u64>; 5]);

impl Tokens {
    /// What of a call is counted, if these are its tokens.
    pub(super) fn counts(&self) -> Counted {
        let [input, output, cache_read, cache_write, reasoning] = self.0.map(|tokens| tokens.is_some());
        let mut counts = Counted::CALL;
        if input || cache_read || cache_write {
            counts.0 |= Counted::INPUT.0;
        }
        if output || reasoning {
            counts.0 |= Counted::OUTPUT.0;
        }
        counts
    }

    /// Forgets what has been counted already.
    pub(super) fn forget(&mut self, counted: Counted, fields: &mut Fields) {
        let [input, output, cache_read, cache_write, reasoning] = &mut self.0;
        if counted.has(Counted::INPUT) {
            (*input, *cache_read, *cache_write) = (None, None, None);
            remove(fields, &[Field::InputTokens, Field::CacheReadTokens, Field::CacheWriteTokens]);
        }
        if counted.has(Counted::OUTPUT) {
            (*output, *reasoning) = (None, None);
            remove(fields, &[Field::OutputTokens, Field::ReasoningTokens]);
        }
    }

    pub(super) fn is_known(&self) -> bool {
        self.0.iter().any(Option::is_some)
    }

    pub(super) fn usage(&self) -> Usage {
        let [input, output, cache_read, cache_write, reasoning] = self.0;
        Usage { input, output, cache_read, cache_write, reasoning }
    }
}

/// What of a call has been counted, as a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counted(pub(super) u8);

impl Counted {
    /// That there was one.
    pub(super) const CALL: Counted = Counted(1);
    /// The tokens of its request.
    pub(super) const INPUT: Counted = Counted(2);
    /// The tokens of its response.
    pub(super) const OUTPUT: Counted = Counted(4);
    /// What it cost.
    pub(super) const COST: Counted = Counted(8);

    pub(super) const fn has(self, part: Counted) -> bool {
        self.0 & part.0 != 0
    }

    pub(super) const fn and(self, more: Option<Counted>) -> Counted {
        match more {
            Some(more) => Counted(self.0 | more.0),
            None => self,
        }
    }
}

/// The sums over everything that ended inside a span. Kept where the span is: no allocation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    /// In the order of [`TOKENS`].
    tokens: [u64; 5],
    cost: Money,
    tool_calls: u64,
    // Between tool calls and steps: side by side they would be read at once, and one has just been written.
    calls: u64,
    steps: u64,
    /// Those that no agent inside has made.
    own_calls: u32,
    own_tool_calls: u32,
    /// Which of the tokens anybody knows, as a set of places.
    known: u8,
    has_cost: bool,
    /// What of the calls inside has been counted, for the call that this span may be itself.
    counted: Counted,
}

impl Sums {
    pub(super) fn counted(&self) -> Counted {
        self.counted
    }

    /// A step ended.
    #[inline]
    pub(super) fn step(&mut self) {
        self.steps += 1;
    }

    /// A tool call ended. What it asked of models is no part of the call that a model has asked for it.
    pub(super) fn tool_call(&mut self) {
        self.tool_calls += 1;
        self.own_tool_calls = self.own_tool_calls.saturating_add(1);
        self.counted = Counted::default();
    }

    /// A model call ended that is none of those inside.
    pub(super) fn call(&mut self, kind: Kind) {
        self.calls += 1;
        if kind == Kind::Inference {
            self.own_calls = self.own_calls.saturating_add(1);
        }
    }

    /// Adds what a call has consumed and cost, and notes what of it has been counted.
    pub(super) fn count(&mut self, tokens: &Tokens, dollars: Option<Money>, counted: Counted) {
        for (place, tokens) in tokens.0.iter().enumerate() {
            if let Some(tokens) = tokens {
                self.tokens[place] = self.tokens[place].saturating_add(*tokens);
                self.known |= 1 << place;
            }
        }
        self.counted = self.counted.and(Some(counted));
        if let Some(dollars) = dollars {
            self.cost += dollars;
            self.has_cost = true;
            self.counted = self.counted.and(Some(Counted::COST));
        }
    }

    /// Adds the sums of a span inside this one that has ended.
    #[inline]
    pub(crate) fn add(&mut self, other: &Sums) {
        self.steps += other.steps;
        self.tool_calls += other.tool_calls;
        self.own_tool_calls = self.own_tool_calls.saturating_add(other.own_tool_calls);
        if other.counted == Counted::default() && other.calls == 0 && other.known == 0 && !other.has_cost {
            return;
        }
        self.calls += other.calls;
        self.own_calls = self.own_calls.saturating_add(other.own_calls);
        for (sum, tokens) in self.tokens.iter_mut().zip(other.tokens) {
            *sum = sum.saturating_add(tokens);
        }
        self.cost += other.cost;
        self.known |= other.known;
        self.has_cost |= other.has_cost;
        self.counted = self.counted.and(Some(other.counted));
    }

    /// Writes the sums down as those of a workflow or an agent. What nobody knows is not there, and of
    /// what there was none neither.
    pub(super) fn write(&self, fields: &mut Fields) {
        fields.reserve(Field::ROLL_UP.len() + 2);
        for (place, field) in ROLL_UP_TOKENS.into_iter().enumerate() {
            if self.known & (1 << place) != 0 {
                fields.set(field, self.tokens[place]);
            }
        }
        if self.has_cost {
            fields.set(Field::RollUpCost, self.cost.as_f64());
        }
        let counts = [
            (Field::RollUpInferenceCalls, self.calls),
            (Field::RollUpToolCalls, self.tool_calls),
            (Field::RollUpSteps, self.steps),
        ];
        for (field, count) in counts.into_iter().filter(|(_, count)| *count > 0) {
            fields.set(field, count);
        }
    }

    /// Writes down what an agent did itself. The agent around it did not.
    pub(super) fn end_of_agent(&mut self, fields: &mut Fields) {
        fields.set(Field::AgentInferenceCalls, i64::from(self.own_calls));
        fields.set(Field::AgentToolCalls, i64::from(self.own_tool_calls));
        (self.own_calls, self.own_tool_calls) = (0, 0);
    }
}

/// The sums of [`TOKENS`].
const ROLL_UP_TOKENS: [Field; TOKENS.len()] = [
    Field::RollUpInputTokens,
    Field::RollUpOutputTokens,
    Field::RollUpCacheReadTokens,
    Field::RollUpCacheWriteTokens,
    Field::RollUpReasoningTokens,
];
