//! Addresses of collectors.

use flowspan_runtime::SettingError;
use http::Uri;

use crate::config::{Protocol, Signal};

const ACCEPTED: &str = "a URL with a scheme and a host, such as http://127.0.0.1:4317, without user and password (a \
                        header can hold credentials)";
const ACCEPTED_BY_GRPC: &str = "a URL without a path for gRPC, such as http://127.0.0.1:4317 (for a URL with a path, \
                                the protocol is http/protobuf)";

/// The port by which gRPC is recognised when no protocol is set.
const GRPC_PORT: u16 = 4317;

/// An address as it was set.
pub(crate) struct Endpoint<'a> {
    /// The setting or variable, for errors.
    pub(crate) setting: &'a str,
    pub(crate) value: &'a str,
    pub(crate) path: Path,
}

/// Whether the path of a signal is appended over HTTP.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Path {
    Appended,
    Verbatim,
}

impl Endpoint<'_> {
    /// The protocol that people expect on this port.
    pub(crate) fn usual_protocol(&self) -> Protocol {
        let has_grpc_port = self.value.parse::<Uri>().is_ok_and(|uri| uri.port_u16() == Some(GRPC_PORT));
        if has_grpc_port { Protocol::Grpc } else { Protocol::HttpProtobuf }
    }

    /// The address that requests for this signal go to.
    ///
    /// `insecure` is what the variable of that name says, which counts for a gRPC endpoint that has
    /// no scheme: then the scheme is `http` or `https`, and without the variable it is an error.
    pub(crate) fn resolve(
        &self,
        signal: Signal,
        protocol: Protocol,
        insecure: Option<bool>,
    ) -> Result<String, SettingError> {
        let refused = |accepted: &str| SettingError::new(self.setting, self.value, accepted);
        let value = match (protocol, insecure) {
            (Protocol::Grpc, Some(insecure)) if !self.value.contains("://") => {
                format!("{}://{}", if insecure { "http" } else { "https" }, self.value)
            }
            _ => self.value.to_owned(),
        };
        let uri: Uri =
            value.parse().map_err(|error: http::uri::InvalidUri| refused(ACCEPTED).because(error))?;
        let has_scheme = matches!(uri.scheme_str(), Some("http" | "https"));
        let has_host = uri.host().is_some_and(|host| !host.is_empty());
        // Wherever it stands: what follows a `/`, a `?` or a `#` of a password would be taken for something else, and
        // what comes before it for the host.
        let has_user = self.value.contains(['@', '#']);
        // A port that is no number would be taken for none.
        let has_bad_port = uri.authority().is_some_and(|authority| {
            let after_host = authority.as_str().rsplit_once(']').map_or(authority.as_str(), |(_, rest)| rest);
            after_host.contains(':') && authority.port_u16().is_none()
        });
        if !has_scheme || !has_host || has_user || has_bad_port {
            return Err(refused(ACCEPTED));
        }
        match (protocol, self.path) {
            (Protocol::Grpc, _) if uri.path() != "/" && !uri.path().is_empty() || uri.query().is_some() => {
                Err(refused(ACCEPTED_BY_GRPC))
            }
            (Protocol::HttpProtobuf, Path::Appended) if uri.query().is_some() => {
                Err(refused("a URL without a query (a signal's own endpoint may have one)"))
            }
            (Protocol::HttpProtobuf, Path::Appended) => {
                Ok(format!("{}{}", value.trim_end_matches('/'), signal.http_path()))
            }
            _ => Ok(value),
        }
    }
}

/// Where a collector listens if nobody says anything.
pub(crate) const fn default_for(protocol: Option<Protocol>) -> &'static str {
    match protocol {
        Some(Protocol::Grpc) => "http://localhost:4317",
        _ => "http://localhost:4318",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(
        value: &str,
        protocol: Protocol,
        path: Path,
        insecure: Option<bool>,
    ) -> Result<String, String> {
        Endpoint { setting: "endpoint", value, path }
            .resolve(Signal::Traces, protocol, insecure)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn the_path_of_the_signal_is_appended_to_a_base() {
        for base in ["http://host:4318", "http://host:4318/"] {
            assert_eq!(
                resolve(base, Protocol::HttpProtobuf, Path::Appended, None),
                Ok("http://host:4318/v1/traces".into())
            );
        }
        assert_eq!(
            resolve("https://host/otlp/", Protocol::HttpProtobuf, Path::Appended, None),
            Ok("https://host/otlp/v1/traces".into())
        );
        assert_eq!(
            resolve("http://host:4318/mine?a=b", Protocol::HttpProtobuf, Path::Verbatim, None),
            Ok("http://host:4318/mine?a=b".into())
        );
    }

    #[test]
    fn a_scheme_and_a_host_are_demanded() {
        for bad in
            ["localhost:4317", "localhost", "http://", "ftp://host", "http:///v1", "/v1", "http://h:x", "h t"]
        {
            let error = resolve(bad, Protocol::HttpProtobuf, Path::Appended, None).expect_err(bad);
            assert!(error.starts_with(&format!("endpoint is {bad:?}, but must be a URL")), "{error}");
        }
    }

    #[test]
    fn a_password_that_is_written_badly_is_refused_and_not_shown() {
        for bad in [
            "https://me:canary/x@host",
            "https://canary/x@host",
            "https://canary#x@host",
            "https://canary?x@host",
            "me:canary@host:4317",
        ] {
            let error = resolve(bad, Protocol::HttpProtobuf, Path::Appended, None).expect_err(bad);
            assert!(!error.to_string().contains("canary"), "{error}");
        }
    }

    #[test]
    fn credentials_in_a_url_are_refused_and_not_shown() {
        let error =
            resolve("http://me:canary@host:4317", Protocol::Grpc, Path::Appended, None).expect_err("user");
        assert!(!error.contains("canary"), "{error}");
    }

    #[test]
    fn without_a_scheme_grpc_needs_the_insecure_variable() {
        let of = |insecure| resolve("host:4317", Protocol::Grpc, Path::Appended, insecure);
        assert_eq!(of(Some(true)), Ok("http://host:4317".into()));
        assert_eq!(of(Some(false)), Ok("https://host:4317".into()));
        assert!(of(None).is_err());
    }

    #[test]
    fn a_grpc_endpoint_has_no_path() {
        assert!(resolve("http://host:4317/v1/traces", Protocol::Grpc, Path::Appended, None).is_err());
        assert_eq!(
            resolve("http://[::1]:4317/", Protocol::Grpc, Path::Appended, None),
            Ok("http://[::1]:4317/".into())
        );
    }
}
