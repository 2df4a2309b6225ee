//! Which fields, as one number.

use crate::Field;

/// A set of fields. Costs nothing to copy, to join and to ask.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FieldSet(u128);

impl FieldSet {
    /// No field.
    pub const NONE: FieldSet = FieldSet(0);

    /// One field.
    #[inline]
    #[must_use]
    pub const fn of(field: Field) -> Self {
        const { assert!(Field::ALL.len() <= u128::BITS as usize) };
        FieldSet(1 << (field as u32))
    }

    /// These and those.
    #[inline]
    #[must_use]
    pub const fn and(self, more: FieldSet) -> Self {
        FieldSet(self.0 | more.0)
    }

    /// What is among these and among those.
    #[inline]
    #[must_use]
    pub const fn both(self, others: FieldSet) -> Self {
        FieldSet(self.0 & others.0)
    }

    /// These without those.
    #[inline]
    #[must_use]
    pub const fn without(self, others: FieldSet) -> Self {
        FieldSet(self.0 & !others.0)
    }

    /// Whether a field is among them.
    #[inline]
    pub const fn has(self, field: Field) -> bool {
        self.0 & FieldSet::of(field).0 != 0
    }

    /// How many they are.
    #[inline]
    pub const fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Whether there is none.
    #[inline]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_what_was_put_in_and_nothing_else() {
        for field in Field::ALL.iter().copied() {
            let set = FieldSet::of(field);
            assert!(set.has(field) && set.len() == 1);
            assert!(Field::ALL.iter().all(|other| *other == field || !set.has(*other)));
            assert!(set.without(set).is_empty());
        }
    }
}
