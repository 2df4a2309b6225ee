//! What a client wants to read, by RFC 9110.

use axum::http::{
    HeaderMap, HeaderName,
    header::{ACCEPT, ACCEPT_ENCODING},
};

/// A form in which metrics are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Text,
    Json,
}

impl Format {
    /// By its name in `?format=`.
    pub(crate) fn by_name(name: &str) -> Option<Self> {
        match name {
            "prometheus" => Some(Format::Text),
            "json" => Some(Format::Json),
            _ => None,
        }
    }

    /// What the `Accept` header prefers; the text, if it is all the same. None if it wants neither.
    pub(crate) fn accepted(headers: &HeaderMap) -> Option<Self> {
        let text = quality_of_type(headers, "text", "plain");
        let json = quality_of_type(headers, "application", "json");
        match (text, json) {
            (0.0, 0.0) => None,
            (text, json) if json > text => Some(Format::Json),
            _ => Some(Format::Text),
        }
    }
}

/// Whether the `Accept-Encoding` header asks for gzip.
pub(crate) fn accepts_gzip(headers: &HeaderMap) -> bool {
    let quality = |coding: &str| {
        let named = elements(headers, &ACCEPT_ENCODING).filter(|(name, _)| name.eq_ignore_ascii_case(coding));
        named.map(|(_, quality)| quality).reduce(f32::max)
    };
    quality("gzip").or_else(|| quality("*")).is_some_and(|quality| quality > 0.0)
}

/// How much this media type is wanted, from 0 to 1. The most special range that holds it counts;
/// parameters are not looked at. Without the header everything is welcome.
fn quality_of_type(headers: &HeaderMap, kind: &str, subtype: &str) -> f32 {
    if !headers.contains_key(ACCEPT) {
        return 1.0;
    }
    let ranges = [(kind, subtype), (kind, "*"), ("*", "*")];
    let quality = |(kind, subtype): (&str, &str)| {
        let holds = |range: &str| {
            let parts = range.split_once('/');
            parts.is_some_and(|(k, s)| k.eq_ignore_ascii_case(kind) && s.eq_ignore_ascii_case(subtype))
        };
        let named = elements(headers, &ACCEPT).filter(|(range, _)| holds(range));
        named.map(|(_, quality)| quality).reduce(f32::max)
    };
    ranges.into_iter().find_map(quality).unwrap_or(0.0)
}

/// The elements of a list with their weights, 1 if none is said. What is no weight counts as 0.
fn elements<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = (&'a str, f32)> {
    let texts = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    texts.flat_map(|text| text.split(',')).map(|element| {
        let mut parts = element.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        let quality = weight.map_or(1.0, |weight| weight.parse().unwrap_or(0.0));
        (name, if (0.0..=1.0).contains(&quality) { quality } else { 0.0 })
    })
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn accepted(accept: &str) -> Option<Format> {
        let value = HeaderValue::from_str(accept).expect("a good header");
        Format::accepted(&HeaderMap::from_iter([(ACCEPT, value)]))
    }

    #[test]
    fn text_is_what_everybody_gets_who_does_not_prefer_json() {
        assert_eq!(Format::accepted(&HeaderMap::new()), Some(Format::Text));
        for accept in [
            "*/*",
            "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
             text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
            "application/json, text/plain, */*",
            "text/*;q=0.5, application/json;q=0.1",
        ] {
            assert_eq!(accepted(accept), Some(Format::Text), "{accept}");
        }
    }

    #[test]
    fn who_prefers_json_gets_json() {
        for accept in [
            "application/json",
            "Application/*",
            "text/plain;q=0.5,application/json",
            "*/*;q=0.1, application/json; q=0.2",
            "text/plain;q=0, */*",
        ] {
            assert_eq!(accepted(accept), Some(Format::Json), "{accept}");
        }
    }

    #[test]
    fn who_wants_neither_gets_none() {
        for accept in ["image/png", "text/html", "*/*;q=0", "text/plain;q=many", "", "nonsense"] {
            assert_eq!(accepted(accept), None, "{accept}");
        }
    }

    #[test]
    fn gzip_is_for_those_who_ask() {
        for (encodings, expected) in [
            ("gzip", true),
            ("deflate, GZIP;q=0.5", true),
            ("*", true),
            ("gzip;q=0, *", false),
            ("br", false),
            ("", false),
        ] {
            let value = HeaderValue::from_str(encodings).expect("a good header");
            let headers = HeaderMap::from_iter([(ACCEPT_ENCODING, value)]);
            assert_eq!(accepts_gzip(&headers), expected, "{encodings}");
        }
        assert!(!accepts_gzip(&HeaderMap::new()));
    }
}
