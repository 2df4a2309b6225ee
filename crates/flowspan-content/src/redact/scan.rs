//! Plain text.

use std::{borrow::Cow, ops::Range};

use super::{
    Deadline,
    rules::{RULES, Rule, rules},
};
use crate::Refusal;

/// What stands in the place of what was taken out: `[redacted:email]`.
///
/// No rule takes it for anything, so what is redacted twice stays as it is.
pub fn marker(what: &str) -> String {
    format!("[redacted:{what}]")
}

/// How often a text is looked through. What was taken out may bring together what stood apart.
const MOST_ROUNDS: usize = 8;

/// The text without what the rules find.
pub(super) fn redact_text<'text>(text: &'text str, deadline: &Deadline) -> Result<Cow<'text, str>, Refusal> {
    let mut redacted = Cow::Borrowed(text);
    for _ in 0..MOST_ROUNDS {
        match once(&redacted, deadline)? {
            Some(again) => redacted = Cow::Owned(again),
            None => return Ok(redacted),
        }
    }
    Err(Refusal::RedactorUnstable)
}

/// `None` if nothing is found.
fn once(text: &str, deadline: &Deadline) -> Result<Option<String>, Refusal> {
    deadline.left()?;
    let rules = rules();
    let mut found = Vec::new();
    for index in rules.any.matches(text) {
        find(&RULES[index], &rules.each[index], text, &mut found, deadline)?;
    }
    if found.is_empty() {
        return Ok(None);
    }
    // What begins first comes first, of these the longest; what overlaps becomes one.
    found.sort_by_key(|(range, _)| (range.start, std::cmp::Reverse(range.end)));
    let mut redacted = String::with_capacity(text.len());
    let mut done = 0;
    for (range, what) in found {
        if range.start >= done {
            redacted.push_str(&text[done..range.start]);
            redacted.push_str(&marker(what));
        }
        done = done.max(range.end);
    }
    redacted.push_str(&text[done..]);
    Ok(Some(redacted))
}

type Found = (Range<usize>, &'static str);

fn find(
    rule: &Rule,
    pattern: &regex::Regex,
    text: &str,
    found: &mut Vec<Found>,
    deadline: &Deadline,
) -> Result<(), Refusal> {
    let mut locations = pattern.capture_locations();
    let mut from = 0;
    while let Some(whole) = pattern.captures_read_at(&mut locations, text, from) {
        deadline.left()?;
        let (start, end) = (1..locations.len())
            .find_map(|group| locations.get(group))
            .unwrap_or((whole.start(), whole.end()));
        let candidate = &text[start..end];
        let parts = if is_marker(candidate) { Vec::new() } else { (rule.within)(candidate) };
        // What turned out to be nothing may hide something that begins later.
        from = if parts.is_empty() && !rule.takes_all {
            next(text, whole.start())
        } else {
            end.max(next(text, whole.start()))
        };
        found.extend(parts.into_iter().map(|part| (start + part.start..start + part.end, rule.what)));
    }
    Ok(())
}

/// The beginning of the character after the one at this place.
fn next(text: &str, place: usize) -> usize {
    place + text[place..].chars().next().map_or(1, char::len_utf8)
}

fn is_marker(text: &str) -> bool {
    text.strip_prefix("[redacted:")
        .and_then(|rest| rest.strip_suffix(']'))
        .is_some_and(|what| what.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'))
}
