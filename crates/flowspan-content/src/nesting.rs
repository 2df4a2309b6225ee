//! How deep a text is nested, without going there.

/// Whether a text that may be JSON is nested no deeper than this. What stands in strings does not count.
///
/// Reads the text once and recurses nowhere, so no depth can harm it.
pub(crate) fn is_within(text: &str, deepest: usize) -> bool {
    if !may_be_json(text) {
        return true;
    }
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                depth += 1;
                if depth > deepest {
                    return false;
                }
            }
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    true
}

/// Whether a text begins like a JSON array or object.
pub(crate) fn may_be_json(text: &str) -> bool {
    text.trim_start().starts_with(['[', '{'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_million_brackets_are_too_deep_and_harm_nobody() {
        assert!(!is_within(&"[".repeat(1_000_000), 64));
        assert!(!is_within(&r#"{"a":"#.repeat(1_000_000), 64));
        assert!(is_within(&"[".repeat(64), 64));
    }

    #[test]
    fn brackets_in_strings_are_text() {
        let many = "[".repeat(1_000);
        assert!(is_within(&format!(r#"["{many}\"{many}"]"#), 64));
        assert!(is_within(&format!("prose {many}"), 64));
    }
}
