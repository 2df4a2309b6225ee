//! The prompt cache: which blocks at the start of a conversation the model has read before.
//!
//! As with real providers a prompt is cached in whole blocks of tokens from its beginning, so a
//! shared system prompt is paid for once. A block counts as cached when a call *whose usage was
//! reported* had the same tokens up to the end of that block. Calls that break off leave nothing
//! behind. Then the sum over all calls is the number of blocks minus the number of different ones:
//! the same in whatever order concurrent calls arrive, so that one seed gives one total.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Tokens in a block.
const BLOCK: usize = 128;
/// Blocks that are remembered; what comes later is not cached. 16 bytes each, so 8 MiB at most.
const CAPACITY: usize = 1 << 19;

/// The remembered blocks, each known by a hash of all tokens up to its end.
#[derive(Debug, Default)]
pub(super) struct PrefixCache {
    blocks: HashSet<u64>,
}

impl PrefixCache {
    /// The cached tokens of this prompt, which is remembered from now on.
    pub(super) fn read_through(&mut self, chain: &[u64]) -> u64 {
        let known = chain.iter().take_while(|block| self.blocks.contains(block)).count();
        let room = CAPACITY.saturating_sub(self.blocks.len());
        self.blocks.extend(chain.iter().skip(known).take(room));
        (known * BLOCK) as u64
    }
}

/// The hashes of the whole blocks of a prompt, each taken over everything before it as well.
pub(super) fn chain(tokens: &[u32]) -> Vec<u64> {
    let mut hasher = DefaultHasher::new();
    tokens
        .chunks_exact(BLOCK)
        .map(|block| {
            block.hash(&mut hasher);
            hasher.finish()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prompt(shared: u32, own: u32, marker: u32) -> Vec<u64> {
        let tokens: Vec<u32> = (0..shared).chain(std::iter::repeat_n(marker, own as usize)).collect();
        chain(&tokens)
    }

    #[test]
    fn whole_blocks_of_a_shared_beginning_are_cached() {
        let mut cache = PrefixCache::default();
        assert_eq!(cache.read_through(&prompt(300, 500, 900_001)), 0);
        assert_eq!(cache.read_through(&prompt(300, 500, 900_002)), 256);
    }

    #[test]
    fn a_repeated_prompt_is_cached_but_for_its_last_part_block() {
        let mut cache = PrefixCache::default();
        cache.read_through(&prompt(300, 0, 0));
        assert_eq!(cache.read_through(&prompt(300, 0, 0)), 256);
    }

    #[test]
    fn equal_tokens_behind_a_different_beginning_are_not_cached() {
        let mut cache = PrefixCache::default();
        cache.read_through(&chain(&[[1; 128], [2; 128]].concat()));
        assert_eq!(cache.read_through(&chain(&[[3; 128], [2; 128]].concat())), 0);
    }

    #[test]
    fn the_total_does_not_depend_on_the_order_of_the_calls() {
        let prompts: Vec<_> = (0..12).map(|nth| prompt(128 * (nth % 4 + 1), 400, 900_000 + nth)).collect();
        let total = |order: Vec<usize>| {
            let mut cache = PrefixCache::default();
            order.into_iter().map(|nth| cache.read_through(&prompts[nth])).sum::<u64>()
        };
        let forward = total((0..12).collect());
        assert_eq!(forward, total((0..12).rev().collect()));
        assert_eq!(forward, total((0..12).map(|nth| nth * 5 % 12).collect()));
    }
}
