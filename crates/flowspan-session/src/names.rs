//! What keeps a session bounded, whatever the program calls its things.

use std::collections::BTreeMap;

use flowspan_model::{MAX_LABEL_LENGTH, OTHER};

/// How many agents a session tells apart.
pub const MAX_AGENTS: usize = 100;
/// How many tools a session tells apart.
pub const MAX_TOOLS: usize = 200;
/// How many tools it tells apart for each agent.
pub const MAX_AGENT_TOOLS: usize = 50;
/// How many phases a session tells apart.
pub const MAX_PHASES: usize = 50;
/// How many steps a session tells apart.
pub const MAX_STEPS: usize = 200;
/// How many phases, providers and models together: see [`ModelTable`](crate::ModelTable).
pub const MAX_MODEL_ROWS: usize = 500;
/// The longest name, in bytes. Longer ones are cut at a character.
pub const MAX_NAME_LENGTH: usize = MAX_LABEL_LENGTH;

/// The name of what has none.
pub const UNKNOWN: &str = "unknown";

/// What stands under this name, or under `other` if there are too many names already. The second says
/// whether the name had to be another one.
pub(crate) fn slot<'map, T: Default>(
    map: &'map mut BTreeMap<String, T>,
    name: &str,
    limit: usize,
) -> (&'map mut T, bool) {
    let cut = bounded(name);
    let is_known = map.contains_key(cut);
    let kept = if is_known || map.len() < limit { cut } else { OTHER };
    let is_bounded = kept.len() != name.len() || kept != name;
    if !is_known && !map.contains_key(kept) {
        map.insert(kept.to_owned(), T::default());
    }
    // Present since the line above; a map offers no look-up by a borrowed key that also inserts.
    (map.get_mut(kept).expect("it has just been put there"), is_bounded)
}

/// The longest part of a name that is kept.
pub(crate) fn bounded(name: &str) -> &str {
    let end = (0..=MAX_NAME_LENGTH.min(name.len())).rev().find(|end| name.is_char_boundary(*end));
    &name[..end.unwrap_or(0)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_beyond_the_limit_are_counted_as_other() {
        let mut map = BTreeMap::<String, u32>::new();
        let bounded: Vec<bool> = ["a", "b", "c", "a", "d"]
            .iter()
            .map(|name| {
                let (count, is_bounded) = slot(&mut map, name, 2);
                *count += 1;
                is_bounded
            })
            .collect();
        assert_eq!(bounded, [false, false, true, false, true]);
        assert_eq!(map, BTreeMap::from([("a".into(), 2), ("b".into(), 1), (OTHER.into(), 2)]));
    }

    #[test]
    fn a_long_name_is_cut_at_a_character() {
        let long = "ä€".repeat(1000);
        assert!(bounded(&long).len() <= MAX_NAME_LENGTH && long.starts_with(bounded(&long)));
        let mut map = BTreeMap::<String, u32>::new();
        assert!(slot(&mut map, &long, 2).1);
        assert!(slot(&mut map, &long, 2).1, "each time counts");
        assert_eq!(map.len(), 1);
    }
}
