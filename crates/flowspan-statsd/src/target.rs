//! Where the server listens.

use std::{fmt, path::PathBuf};

use flowspan_runtime::{SettingError, host_and_port};

use crate::socket::unix;

/// The forms in which a server is named.
pub(crate) const ACCEPTED: &str =
    "host:port or udp://host:port, or on Unix the absolute path of a datagram socket or unix:///path";

/// A server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Udp { host: String, port: u16 },
    Unix(PathBuf),
}

impl Target {
    /// The server of this name, which `setting` has.
    pub(crate) fn parse(setting: &str, value: &str) -> Result<Self, SettingError> {
        let unusable = || SettingError::new(setting, value, ACCEPTED);
        let path = value.strip_prefix("unix://").unwrap_or(value);
        if path.starts_with('/') {
            let path = PathBuf::from(path);
            unix::check(&path).map_err(|error| unusable().because(error))?;
            return Ok(Target::Unix(path));
        }
        match host_and_port(value.strip_prefix("udp://").unwrap_or(value)) {
            Some((host, port)) if port > 0 => Ok(Target::Udp { host, port }),
            _ => Err(unusable()),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Udp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Target::Udp { host, port } => write!(f, "{host}:{port}"),
            Target::Unix(path) => write!(f, "{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(value: &str) -> Option<String> {
        Target::parse("FLOWSPAN_STATSD", value).ok().map(|target| target.to_string())
    }

    #[test]
    fn a_server_is_a_host_with_a_port_or_a_path() {
        assert_eq!(shown("localhost:8125").as_deref(), Some("localhost:8125"));
        assert_eq!(shown("udp://10.0.0.1:9125").as_deref(), Some("10.0.0.1:9125"));
        assert_eq!(shown("[::1]:8125").as_deref(), Some("[::1]:8125"));
    }

    #[cfg(unix)]
    #[test]
    fn a_path_is_a_unix_socket() {
        assert_eq!(shown("/run/statsd.sock").as_deref(), Some("/run/statsd.sock"));
        assert_eq!(shown("unix:///run/statsd.sock").as_deref(), Some("/run/statsd.sock"));
    }

    #[test]
    fn anything_else_is_an_error_that_says_what_is_accepted() {
        for value in [
            "localhost",
            "localhost:",
            ":8125",
            "localhost:0",
            "localhost:70000",
            "::1:8125",
            "tcp://localhost:8125",
            "unix://relative",
            "statsd.sock",
            "a b:1",
        ] {
            let error = Target::parse("FLOWSPAN_STATSD", value).expect_err(value).to_string();
            assert!(error.starts_with("FLOWSPAN_STATSD is"), "{error}");
            assert!(error.contains(value) && error.contains(ACCEPTED), "{error}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_path_that_no_socket_can_have_is_an_error() {
        let error = Target::parse("--statsd", &format!("/{}", "x".repeat(200))).expect_err("too long");
        assert!(std::error::Error::source(&error).is_some());
    }
}
