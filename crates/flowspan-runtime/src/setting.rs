//! Settings that cannot be used, and the forms that settings have.

use std::error::Error;
use std::time::Duration;

/// A setting with a value that cannot be used.
///
/// Its text names the setting or the environment variable, the value (unless it may hold a secret)
/// and the form that would be accepted.
#[derive(Debug, thiserror::Error)]
#[error("{setting} is {shown}, but must be {accepted}")]
pub struct SettingError {
    setting: String,
    shown: String,
    accepted: String,
    #[source]
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl SettingError {
    /// The setting has this value, which is none of the `accepted` ones. Credentials in a URL are
    /// not shown.
    pub fn new(setting: impl Into<String>, value: &str, accepted: impl Into<String>) -> Self {
        let shown = if value.contains('@') {
            // The scheme may have been forgotten, and what looks like one be a part of a password.
            let scheme = ["http://", "https://"].into_iter().find(|scheme| value.starts_with(scheme));
            let scheme = scheme.unwrap_or_default();
            let mut shown = scheme.to_owned();
            push_shown(&mut shown, &value[scheme.len()..]);
            shown
        } else {
            without_credentials(value)
        };
        let shown: String = shown.chars().take(SHOWN_CHARACTERS).collect();
        SettingError {
            setting: setting.into(),
            shown: format!("{shown:?}"),
            accepted: accepted.into(),
            source: None,
        }
    }

    /// Like [`new`](Self::new), for a setting whose value must not be seen in an error text.
    pub fn secret(setting: impl Into<String>, accepted: impl Into<String>) -> Self {
        SettingError {
            setting: setting.into(),
            shown: "[redacted]".to_owned(),
            accepted: accepted.into(),
            source: None,
        }
    }

    /// The setting is missing, although another one needs it.
    pub fn missing(setting: impl Into<String>, accepted: impl Into<String>) -> Self {
        SettingError {
            setting: setting.into(),
            shown: "not set".to_owned(),
            accepted: accepted.into(),
            source: None,
        }
    }

    /// Adds what made the value unusable.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The same error under another name of the setting.
    #[must_use]
    pub fn called(mut self, setting: impl Into<String>) -> Self {
        self.setting = setting.into();
        self
    }

    /// The name of the setting or environment variable.
    pub fn setting(&self) -> &str {
        &self.setting
    }

    /// The form that would have been accepted.
    pub fn accepted(&self) -> &str {
        &self.accepted
    }
}

/// Enough of a value to recognise it by.
const SHOWN_CHARACTERS: usize = 200;

/// A whole number of milliseconds, at least 1. Zero is not accepted: a wait without an end is
/// nothing that telemetry should be allowed.
pub fn milliseconds(value: &str) -> Option<Duration> {
    value.parse().ok().filter(|number| *number > 0).map(Duration::from_millis)
}

/// A whole number, at least 1.
pub fn positive(value: &str) -> Option<usize> {
    value.parse().ok().filter(|number| *number > 0)
}

/// `true` or `false`, in letters of any case.
pub fn boolean(value: &str) -> Option<bool> {
    if value.eq_ignore_ascii_case("true") {
        Some(true)
    } else if value.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

/// `host:port`, with an IPv6 address in brackets.
pub fn host_and_port(value: &str) -> Option<(String, u16)> {
    let (host, port) = value.rsplit_once(':')?;
    let host = match host.strip_prefix('[') {
        Some(bracketed) => bracketed.strip_suffix(']')?,
        None if host.contains(':') => return None,
        None => host,
    };
    if host.is_empty()
        || host.contains(|character: char| character.is_whitespace() || "/@?#".contains(character))
    {
        return None;
    }
    Some((host.to_owned(), port.parse().ok()?))
}

/// `key=value,key=value`: both sides trimmed and percent-decoded, empty members passed over.
///
/// `None` if a member has no `=`, an empty key, or an escape that is not the UTF-8 of anything.
pub fn key_values(value: &str) -> Option<Vec<(String, String)>> {
    value
        .split(',')
        .map(str::trim)
        .filter(|member| !member.is_empty())
        .map(|member| {
            let (key, value) = member.split_once('=')?;
            let key = percent_decoded(key.trim())?;
            (!key.is_empty()).then_some((key, percent_decoded(value.trim())?))
        })
        .collect()
}

/// The text with the user, password and query of every URL in it taken out, so that it can be shown.
pub fn without_credentials(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("://") {
        let (before, url) = rest.split_at(start + 3);
        shown.push_str(before);
        let end = url.find(char::is_whitespace).unwrap_or(url.len());
        // What ends a sentence or closes a quotation is not the URL's.
        let end = url[..end].trim_end_matches(['"', '\'', '<', '>', ',', '.', ';', ':', ')']).len();
        let (url, after) = url.split_at(end);
        push_shown(&mut shown, url);
        rest = after;
    }
    shown.push_str(rest);
    shown
}

/// Adds what of a URL can be shown, without its scheme. A password may be written with characters that it must not
/// have there, so it ends at the last `@`, and where that may stand in a query, nothing is shown.
fn push_shown(shown: &mut String, url: &str) {
    let host_and_path = match url.rsplit_once('@') {
        Some((before, _)) if before.contains('?') => {
            shown.push_str("[redacted]");
            return;
        }
        Some((_, host_and_path)) => {
            shown.push_str("[redacted]@");
            host_and_path
        }
        None => url,
    };
    match host_and_path.split_once('?') {
        Some((before, _)) => {
            shown.push_str(before);
            shown.push_str("?[redacted]");
        }
        None => shown.push_str(host_and_path),
    }
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let high = char::from(bytes.next()?).to_digit(16)?;
            let low = char::from(bytes.next()?).to_digit(16)?;
            decoded.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            decoded.push(byte);
        }
    }
    String::from_utf8(decoded).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milliseconds_are_whole_and_not_zero() {
        assert_eq!(milliseconds("1500"), Some(Duration::from_millis(1500)));
        for bad in ["0", "-1", "1.5", "5s", "", "99999999999999999999999"] {
            assert_eq!(milliseconds(bad), None, "{bad}");
        }
    }

    #[test]
    fn booleans_are_the_two_words() {
        assert_eq!(boolean("TRUE"), Some(true));
        assert_eq!(boolean("false"), Some(false));
        assert_eq!(boolean("1"), None);
    }

    #[test]
    fn an_address_has_a_host_and_a_port() {
        assert_eq!(host_and_port("localhost:9464"), Some(("localhost".into(), 9464)));
        assert_eq!(host_and_port("[::1]:0"), Some(("::1".into(), 0)));
        for bad in ["localhost", ":9464", "::1:9464", "host:70000", "http://host:1", "a b:1"] {
            assert_eq!(host_and_port(bad), None, "{bad}");
        }
    }

    #[test]
    fn key_values_are_percent_decoded() {
        assert_eq!(
            key_values("authorization=Bearer%20x%3D, tenant = blue ,"),
            Some(vec![("authorization".into(), "Bearer x=".into()), ("tenant".into(), "blue".into())])
        );
        for bad in ["tenant", "=x", "a=%2", "a=%ff", "a=%zz"] {
            assert_eq!(key_values(bad), None, "{bad}");
        }
    }

    #[test]
    fn credentials_are_taken_out_of_every_url() {
        assert_eq!(
            without_credentials("cannot reach http://user:pass@host:1/v1?key=k, nor https://host/x"),
            "cannot reach http://[redacted]@host:1/v1?[redacted], nor https://host/x"
        );
        assert_eq!(without_credentials("no url"), "no url");
        for password in ["glc_ab/cd", "a#b", "a,b", "a)b", "a'b\"c", "a@b"] {
            let shown = without_credentials(&format!("(\"http://me:{password}@host:1/v1\"), and so on"));
            assert_eq!(shown, "(\"http://[redacted]@host:1/v1\"), and so on");
        }
        assert_eq!(without_credentials("at http://host/v1?key=a@secret."), "at http://[redacted].");
    }

    #[test]
    fn an_error_shows_no_credentials_however_they_are_written() {
        for (value, shown) in [
            ("me:secret@host:4317", "[redacted]@host:4317"),
            ("me:secret://x@host", "[redacted]@host"),
            ("http://me:se cret@host/v1?key=secret", "http://[redacted]@host/v1?[redacted]"),
            ("https://host/v1?key=a@secret", "https://[redacted]"),
            ("https://me:a?b@secret", "https://[redacted]"),
        ] {
            let error = SettingError::new("endpoint", value, "a URL");
            assert_eq!(error.to_string(), format!("endpoint is {shown:?}, but must be a URL"));
        }
    }

    #[test]
    fn an_error_shows_no_credentials_and_keeps_its_source_apart() {
        let error = SettingError::new("endpoint", "http://me:secret@host", "a URL").because("the cause");
        assert_eq!(error.to_string(), "endpoint is \"http://[redacted]@host\", but must be a URL");
        assert_eq!(std::error::Error::source(&error).map(ToString::to_string), Some("the cause".into()));
    }

    proptest::proptest! {
        #[test]
        fn no_value_makes_a_parser_panic(value in ".*") {
            let _ = milliseconds(&value);
            let _ = positive(&value);
            let _ = boolean(&value);
            let _ = host_and_port(&value);
            let _ = key_values(&value);
            let _ = without_credentials(&value);
        }
    }
}
