//! Names that Prometheus accepts.

use std::borrow::Cow;

/// A name, and whether more had to be done to it than to put `_` for what Prometheus does not know,
/// which happens to every name with a dot.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Name<'a> {
    pub(super) text: Cow<'a, str>,
    pub(super) is_mended: bool,
}

/// A metric name: `[a-zA-Z_:][a-zA-Z0-9_:]*`.
pub(super) fn metric(name: &str) -> Name<'_> {
    started(fold(name, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':')))
}

/// A label name: `[a-zA-Z_][a-zA-Z0-9_]*`, not beginning with `__`, which Prometheus keeps to itself
/// (`__name__` would even rename the metric), and neither `le` nor `quantile`: these belong to the
/// lines of histograms and summaries, and Prometheus refuses them twice on one line.
pub(super) fn label(key: &str) -> Name<'_> {
    let name = started(fold(key, |byte| byte.is_ascii_alphanumeric() || byte == b'_'));
    match &*name.text {
        reserved if reserved.starts_with("__") => mended(format!("key{reserved}")),
        // The word that Prometheus itself puts before a label that is already there.
        reserved @ ("le" | "quantile") => mended(format!("exported_{reserved}")),
        _ => name,
    }
}

fn fold(name: &str, is_known: impl Fn(u8) -> bool) -> Cow<'_, str> {
    if name.bytes().all(&is_known) {
        return Cow::Borrowed(name);
    }
    let fold = |character: char| match u8::try_from(character) {
        Ok(byte) if is_known(byte) => character,
        _ => '_',
    };
    Cow::Owned(name.chars().map(fold).collect())
}

fn started(name: Cow<'_, str>) -> Name<'_> {
    if name.bytes().next().is_some_and(|first| !first.is_ascii_digit()) {
        return Name { text: name, is_mended: false };
    }
    mended(format!("_{name}"))
}

fn mended(name: String) -> Name<'static> {
    Name { text: Cow::Owned(name), is_mended: true }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_names_stay() {
        for name in ["flowspan_llm_tokens_total", "_x", "job:rate:5m"] {
            assert!(matches!(metric(name).text, Cow::Borrowed(_)), "{name}");
        }
        assert!(matches!(label("workflow_name").text, Cow::Borrowed(_)));
    }

    #[test]
    fn foreign_characters_become_underscores_which_is_nothing_special() {
        let name = |text: &'static str| Name { text: text.into(), is_mended: false };
        assert_eq!(metric("métrique.total"), name("m_trique_total"));
        assert_eq!(label("gen_ai.token.type"), name("gen_ai_token_type"));
        assert_eq!(label("a:b"), name("a_b"));
    }

    #[test]
    fn names_that_are_still_not_accepted_are_mended() {
        let name = |text: &'static str| Name { text: text.into(), is_mended: true };
        assert_eq!(metric("5xx"), name("_5xx"));
        assert_eq!(metric(""), name("_"));
        assert_eq!(label("0"), name("_0"));
        assert_eq!(label(""), name("_"));
        assert_eq!(label("__name__"), name("key__name__"));
        assert_eq!(label("..x"), name("key__x"));
        assert_eq!(label("le"), name("exported_le"));
    }
}
