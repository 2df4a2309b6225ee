//! What was handed out.

/// The tokens of all calls that were answered, by the rule of the convention: what is cached is a part
/// of the input, and what is reasoned a part of the output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// Calls that were answered to the end.
    pub answered: u64,
    /// Calls that were refused.
    pub refused: u64,
    /// Calls whose answer the server never finished.
    pub stalled: u64,
    /// Tokens of the requests.
    pub input: u64,
    /// Tokens of the answers.
    pub output: u64,
    /// Of the input, those read from a cache.
    pub cache_read: u64,
    /// Of the input, those written to a cache.
    pub cache_write: u64,
    /// Of the output, those spent on reasoning.
    pub reasoning: u64,
}
