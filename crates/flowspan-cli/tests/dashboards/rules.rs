//! The rules as they are committed, but for their patience.

use crate::read;

/// The alerts and the recording rules, with seconds where people have minutes: how long something must last
/// (`for`) and how often a group is reckoned (`interval`). Everything else is as operators get it.
pub(crate) fn impatient() -> [String; 2] {
    ["alerts", "recordings"].map(|name| {
        let rules = read(&format!("dashboards/alerts/flowspan-{name}.yaml"));
        rules.lines().map(|line| in_seconds(line) + "\n").collect()
    })
}

fn in_seconds(line: &str) -> String {
    let is_patience = ["for: \"", "interval: \""].iter().any(|key| line.trim_start().starts_with(key));
    match line.strip_suffix("m\"") {
        Some(minutes) if is_patience => format!("{minutes}s\""),
        _ => line.to_owned(),
    }
}

#[test]
fn nothing_but_the_patience_of_a_rule_is_changed() {
    for (name, rules) in ["alerts", "recordings"].into_iter().zip(impatient()) {
        let committed = read(&format!("dashboards/alerts/flowspan-{name}.yaml"));
        assert_eq!(rules.lines().count(), committed.lines().count());
        let changed: Vec<_> = committed.lines().zip(rules.lines()).filter(|(old, new)| old != new).collect();
        assert!(!changed.is_empty(), "{name}");
        for (old, new) in changed {
            assert_eq!(old.replace("m\"", "s\""), new);
            assert!(old.contains("for: ") || old.contains("interval: "), "{old}");
        }
    }
}
