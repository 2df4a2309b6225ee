//! What a model call consumed.

use std::ops::AddAssign;

/// Tokens of one model call, as the provider reported them.
///
/// `None` means that nobody said, which is not the same as zero. Cache reads and cache writes are
/// parts of `input`, reasoning is a part of `output` (the rule of the GenAI conventions), so
/// `input + output` is the total and nothing is counted twice.
///
/// ```
/// use flowspan_model::Usage;
///
/// let usage = Usage::new().input(812).output(96).cache_read(640);
/// assert_eq!(usage.total(), 908);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Tokens of the request, cached ones included.
    pub input: Option<u64>,
    /// Tokens of the response, reasoning included.
    pub output: Option<u64>,
    /// The part of `input` that was read from a cache.
    pub cache_read: Option<u64>,
    /// The part of `input` that was written to a cache.
    pub cache_write: Option<u64>,
    /// The part of `output` that the model spent on reasoning.
    pub reasoning: Option<u64>,
}

impl Usage {
    /// A usage of which nothing is known.
    pub const fn new() -> Self {
        Usage { input: None, output: None, cache_read: None, cache_write: None, reasoning: None }
    }

    /// Sets the tokens of the request, cached ones included.
    #[must_use]
    pub const fn input(mut self, tokens: u64) -> Self {
        self.input = Some(tokens);
        self
    }

    /// Sets the tokens of the response, reasoning included.
    #[must_use]
    pub const fn output(mut self, tokens: u64) -> Self {
        self.output = Some(tokens);
        self
    }

    /// Sets the part of the input that was read from a cache.
    #[must_use]
    pub const fn cache_read(mut self, tokens: u64) -> Self {
        self.cache_read = Some(tokens);
        self
    }

    /// Sets the part of the input that was written to a cache.
    #[must_use]
    pub const fn cache_write(mut self, tokens: u64) -> Self {
        self.cache_write = Some(tokens);
        self
    }

    /// Sets the part of the output that was spent on reasoning.
    #[must_use]
    pub const fn reasoning(mut self, tokens: u64) -> Self {
        self.reasoning = Some(tokens);
        self
    }

    /// Input and output together; unknown parts count as nothing.
    pub fn total(&self) -> u64 {
        self.input.unwrap_or(0).saturating_add(self.output.unwrap_or(0))
    }
}

impl AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        fn add(left: &mut Option<u64>, right: Option<u64>) {
            if let Some(right) = right {
                *left = Some(left.unwrap_or(0).saturating_add(right));
            }
        }
        add(&mut self.input, other.input);
        add(&mut self.output, other.output);
        add(&mut self.cache_read, other.cache_read);
        add(&mut self.cache_write, other.cache_write);
        add(&mut self.reasoning, other.reasoning);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adding_an_unknown_part_changes_nothing() {
        let mut sum = Usage::new().input(3);
        sum += Usage::new().output(2);
        sum += Usage::new().input(4);
        assert_eq!(sum, Usage::new().input(7).output(2));
        assert_eq!(sum.cache_read, None);
    }
}
