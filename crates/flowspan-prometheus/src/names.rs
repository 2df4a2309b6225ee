//! Names that Prometheus accepts.

use std::borrow::Cow;

/// A metric name: `[a-zA-Z_:][a-zA-Z0-9_:]*`.
pub(crate) fn metric(name: &str) -> Cow<'_, str> {
    let valid = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b':';
    valid_or_folded(name, valid)
}

/// A label name: `[a-zA-Z_][a-zA-Z0-9_]*`, not beginning with `__`, which Prometheus keeps to itself
/// (`__name__` would even rename the metric).
pub(crate) fn label(name: &str) -> Cow<'_, str> {
    match valid_or_folded(name, |byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        reserved if reserved.starts_with("__") => Cow::Owned(format!("key{reserved}")),
        free => free,
    }
}

fn valid_or_folded(name: &str, valid: impl Fn(u8) -> bool) -> Cow<'_, str> {
    let starts_well = name.bytes().next().is_some_and(|first| !first.is_ascii_digit());
    if starts_well && name.bytes().all(&valid) {
        return Cow::Borrowed(name);
    }
    let prefix = if starts_well { "" } else { "_" };
    let fold = |character: char| match u8::try_from(character) {
        Ok(byte) if valid(byte) => character,
        _ => '_',
    };
    Cow::Owned(prefix.chars().chain(name.chars().map(fold)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_names_stay() {
        for name in ["flowspan_llm_tokens_total", "_x", "job:rate:5m"] {
            assert!(matches!(metric(name), Cow::Borrowed(_)), "{name}");
        }
        assert!(matches!(label("workflow_name"), Cow::Borrowed(_)));
    }

    #[test]
    fn bad_names_are_folded() {
        assert_eq!(metric("métrique_total"), "m_trique_total");
        assert_eq!(metric("5xx"), "_5xx");
        assert_eq!(metric(""), "_");
        assert_eq!(label("a:b"), "a_b");
        assert_eq!(label("0"), "_0");
        assert_eq!(label(""), "_");
        assert_eq!(label("__name__"), "key__name__");
    }
}
