//! Places in small tables that each thread keeps for what it has used last.

/// The place of a key among so many, a power of two. What lies close together is spread.
#[inline]
pub(crate) const fn place<const PLACES: usize>(key: u64) -> usize {
    const { assert!(PLACES.is_power_of_two()) };
    // 2^64 divided by the golden ratio; the upper bits of the product depend on all bits of the key.
    let mixed = key.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> (u64::BITS - PLACES.trailing_zeros())) as usize
}

/// The place of a span of the registry. The lower bits of its number are the slot in which the registry keeps
/// it; those above say how many have been there before. A program that makes one span after the other fills
/// the same slot again and again, and so the same place, which is still in the processor's cache. Were spans
/// numbered in another way, that would cost some time and nothing else.
#[inline]
pub(crate) const fn place_of_span<const PLACES: usize>(id: u64) -> usize {
    const SLOT: u64 = (1 << 51) - 1;
    place::<PLACES>(id & SLOT)
}
