//! From what is set to what is done.

use std::fmt;
use std::path::Path as FilePath;
use std::time::Duration;

use flowspan_runtime::{
    DEFAULT_DELAY, DEFAULT_EXPORT_TIMEOUT, DEFAULT_INTERVAL, DEFAULT_OTLP_TIMEOUT, Environment, Limits,
    MAX_QUEUE_CAPACITY, SettingError, boolean, key_values, milliseconds, positive, without_credentials,
};
use http::{HeaderName, HeaderValue};
use opentelemetry_sdk::metrics::Temporality;

use crate::config::{Compression, Otlp, Protocol, Signal};
use crate::endpoint::{self, Endpoint, Path};
use crate::tls::{PemFile, Tls};

const MILLISECONDS: &str = "a whole number of milliseconds, at least 1";
const LOG_DELAY: Duration = Duration::from_secs(1);

/// What is pushed over OTLP, checked and complete.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ResolvedOtlp {
    /// Where traces go, unless they are left out, and the limits of their queue.
    pub traces: Option<(ResolvedSignal, Limits)>,
    /// Where metrics go, unless they are left out.
    pub metrics: Option<(ResolvedSignal, ResolvedMetrics)>,
    /// Where logs go, unless they are left out, and the limits of their queue.
    pub logs: Option<(ResolvedSignal, Limits)>,
}

/// How metrics are pushed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ResolvedMetrics {
    /// The time between two exports.
    pub interval: Duration,
    /// How long collecting and exporting may take, each.
    pub timeout: Duration,
    /// What a data point covers.
    pub temporality: Temporality,
}

/// Where and how one signal goes.
#[derive(Clone)]
#[non_exhaustive]
pub struct ResolvedSignal {
    /// What it carries.
    pub signal: Signal,
    /// The URL that requests go to; for gRPC without a path.
    pub endpoint: String,
    /// How it is spoken.
    pub protocol: Protocol,
    /// How long an export may take, retries included.
    pub timeout: Duration,
    /// How it is compressed.
    pub compression: Option<Compression>,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) tls: Tls,
}

impl fmt::Debug for ResolvedSignal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let header_names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("ResolvedSignal")
            .field("signal", &self.signal)
            .field("endpoint", &without_credentials(&self.endpoint))
            .field("protocol", &self.protocol)
            .field("timeout", &self.timeout)
            .field("compression", &self.compression)
            .field("header_names", &header_names)
            .field("tls", &self.tls)
            .finish()
    }
}

impl Otlp {
    /// Puts together what is set explicitly, the environment and the defaults, and checks it.
    ///
    /// # Errors
    ///
    /// A value that cannot be used; the error names the setting or variable, the value (unless it
    /// may be a secret) and the accepted form.
    pub fn resolve(&self, environment: &Environment) -> Result<ResolvedOtlp, SettingError> {
        let wanted = |signal| !self.left_out.contains(&signal);
        let limited = |signal, limits: &Option<Limits>, prefix, delay| {
            if !wanted(signal) {
                return Ok(None);
            }
            let limits = match limits {
                Some(limits) => limits.clone(),
                None => limits_of(environment, prefix, delay)?,
            };
            Ok(Some((self.signal(signal, environment)?, limits)))
        };
        let metrics = if wanted(Signal::Metrics) {
            Some((self.signal(Signal::Metrics, environment)?, self.metrics(environment)?))
        } else {
            None
        };
        Ok(ResolvedOtlp {
            traces: limited(Signal::Traces, &self.span_limits, "OTEL_BSP", DEFAULT_DELAY)?,
            metrics,
            logs: limited(Signal::Logs, &self.log_limits, "OTEL_BLRP", LOG_DELAY)?,
        })
    }

    fn signal(&self, signal: Signal, environment: &Environment) -> Result<ResolvedSignal, SettingError> {
        let protocol = match self.protocol {
            Some(protocol) => Some(protocol),
            None => of_signal(environment, signal, "PROTOCOL", Protocol::ACCEPTED, Protocol::parse)?,
        };
        let variables = signal.variables("ENDPOINT");
        let endpoint = self.endpoint(signal, environment, &variables, protocol);
        let protocol = protocol.unwrap_or_else(|| endpoint.usual_protocol());
        let insecure = of_signal(environment, signal, "INSECURE", "`true` or `false`", boolean)?;
        let timeout = match self.timeout {
            Some(timeout) => at_least_a_moment("timeout", timeout)?,
            None => of_signal(environment, signal, "TIMEOUT", MILLISECONDS, milliseconds)?
                .unwrap_or(DEFAULT_OTLP_TIMEOUT),
        };
        let compression = match self.compression {
            Some(compression) => Some(compression),
            None => of_signal(environment, signal, "COMPRESSION", "`gzip` or `none`", compression)?.flatten(),
        };
        Ok(ResolvedSignal {
            signal,
            endpoint: endpoint.resolve(signal, protocol, insecure)?,
            protocol,
            timeout,
            compression,
            headers: self.headers(signal, environment)?,
            tls: self.tls(signal, environment)?,
        })
    }

    fn endpoint<'a>(
        &'a self,
        signal: Signal,
        environment: &'a Environment,
        variables: &'a [String; 2],
        protocol: Option<Protocol>,
    ) -> Endpoint<'a> {
        let own = self.signal_endpoints.iter().find(|(known, _)| *known == signal);
        if let Some((_, value)) = own {
            return Endpoint { setting: "signal endpoint", value, path: Path::Verbatim };
        }
        if let Some(value) = &self.endpoint {
            return Endpoint { setting: "endpoint", value, path: Path::Appended };
        }
        let [of_signal, of_all] = variables;
        if let Some(value) = environment.get(of_signal) {
            return Endpoint { setting: of_signal, value, path: Path::Verbatim };
        }
        if let Some(value) = environment.get(of_all) {
            return Endpoint { setting: of_all, value, path: Path::Appended };
        }
        Endpoint { setting: "endpoint", value: endpoint::default_for(protocol), path: Path::Appended }
    }

    fn headers(
        &self,
        signal: Signal,
        environment: &Environment,
    ) -> Result<Vec<(HeaderName, HeaderValue)>, SettingError> {
        let mut headers = Vec::new();
        let variables = signal.variables("HEADERS");
        if let Some((variable, value)) = environment.first(&[&variables[0], &variables[1]]) {
            let accepted = "key=value,key=value, percent-encoded";
            let pairs = key_values(value).ok_or_else(|| SettingError::secret(variable, accepted))?;
            for (name, value) in pairs {
                put(&mut headers, variable, &name, &value)?;
            }
        }
        for (name, value) in &self.headers {
            put(&mut headers, "header", name, value)?;
        }
        Ok(headers)
    }

    fn tls(&self, signal: Signal, environment: &Environment) -> Result<Tls, SettingError> {
        let file = |setting: &str, explicit: Option<&FilePath>, variable: &str| match explicit {
            Some(path) => Some(PemFile::new(setting, path)),
            None => {
                let variables = signal.variables(variable);
                let (variable, path) = environment.first(&[&variables[0], &variables[1]])?;
                Some(PemFile::new(variable, FilePath::new(path)))
            }
        };
        let explicit = self.client_identity.as_ref();
        let authorities = file("certificate", self.certificate.as_deref(), "CERTIFICATE");
        let certificate = file("client certificate", explicit.map(|(path, _)| &**path), "CLIENT_CERTIFICATE");
        let key = file("client key", explicit.map(|(_, path)| &**path), "CLIENT_KEY");
        let identity = match (&certificate, &key) {
            (Some(certificate), Some(key)) => Some((certificate, key)),
            (None, None) => None,
            (Some(certificate), None) => {
                let accepted = format!("set, because {} is", certificate.setting);
                return Err(SettingError::missing("OTEL_EXPORTER_OTLP_CLIENT_KEY", accepted));
            }
            (None, Some(key)) => {
                let accepted = format!("set, because {} is", key.setting);
                return Err(SettingError::missing("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", accepted));
            }
        };
        Tls::read(authorities.as_ref(), identity)
    }

    fn metrics(&self, environment: &Environment) -> Result<ResolvedMetrics, SettingError> {
        let interval = match self.metric_interval {
            Some(interval) => at_least_a_moment("metric interval", interval)?,
            None => environment
                .parse("OTEL_METRIC_EXPORT_INTERVAL", MILLISECONDS, milliseconds)?
                .unwrap_or(DEFAULT_INTERVAL),
        };
        let timeout = environment
            .parse("OTEL_METRIC_EXPORT_TIMEOUT", MILLISECONDS, milliseconds)?
            .unwrap_or(DEFAULT_EXPORT_TIMEOUT);
        let temporality = match self.temporality {
            Some(temporality) => temporality,
            None => environment
                .parse(
                    "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
                    "`cumulative`, `delta` or `lowmemory`",
                    |value| value.parse().ok(),
                )?
                .unwrap_or_default(),
        };
        Ok(ResolvedMetrics { interval, timeout, temporality })
    }
}

/// The value of a signal's own variable, or of the one for all signals.
fn of_signal<T>(
    environment: &Environment,
    signal: Signal,
    setting: &str,
    accepted: &str,
    understand: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, SettingError> {
    let variables = signal.variables(setting);
    environment.parse_first(&[&variables[0], &variables[1]], accepted, understand)
}

/// `Some(None)` for no compression.
fn compression(value: &str) -> Option<Option<Compression>> {
    match value {
        "gzip" => Some(Some(Compression::Gzip)),
        "none" => Some(None),
        _ => None,
    }
}

/// Adds a header, or replaces the one that has this name.
fn put(
    headers: &mut Vec<(HeaderName, HeaderValue)>,
    setting: &str,
    name: &str,
    value: &str,
) -> Result<(), SettingError> {
    let accepted = "header names of letters, digits and `-`, and values without control characters";
    // The name may be a secret that stands in the wrong place.
    let refused = || SettingError::secret(setting, accepted);
    let name = HeaderName::try_from(name).map_err(|_| refused())?;
    let mut value = HeaderValue::try_from(value).map_err(|_| refused())?;
    // gRPC carries binary values under such names, in another form.
    if name.as_str().ends_with("-bin") || value.to_str().is_err() {
        return Err(refused());
    }
    value.set_sensitive(true);
    headers.retain(|(known, _)| *known != name);
    headers.push((name, value));
    Ok(())
}

fn limits_of(environment: &Environment, prefix: &str, delay: Duration) -> Result<Limits, SettingError> {
    let count = |name: &str, default: usize| {
        let found = environment.parse(&format!("{prefix}_{name}"), "a whole number, at least 1", positive)?;
        Ok::<_, SettingError>(found.unwrap_or(default))
    };
    let time = |name: &str, default: Duration| {
        let found = environment.parse(&format!("{prefix}_{name}"), MILLISECONDS, milliseconds)?;
        Ok::<_, SettingError>(found.unwrap_or(default))
    };
    let defaults = Limits::new();
    let queue_capacity = count("MAX_QUEUE_SIZE", defaults.queue_capacity)?;
    if queue_capacity > MAX_QUEUE_CAPACITY {
        let variable = format!("{prefix}_MAX_QUEUE_SIZE");
        return Err(SettingError::new(
            variable,
            &queue_capacity.to_string(),
            format!("at most {MAX_QUEUE_CAPACITY}"),
        ));
    }
    let largest_batch = defaults.batch_size.min(queue_capacity);
    let batch_size = count("MAX_EXPORT_BATCH_SIZE", largest_batch)?;
    if batch_size > queue_capacity {
        let variable = format!("{prefix}_MAX_EXPORT_BATCH_SIZE");
        let accepted = format!("at most {prefix}_MAX_QUEUE_SIZE, which is {queue_capacity}");
        return Err(SettingError::new(variable, &batch_size.to_string(), accepted));
    }
    Ok(defaults
        .queue_capacity(queue_capacity)
        .batch_size(batch_size)
        .delay(time("SCHEDULE_DELAY", delay)?)
        .export_timeout(time("EXPORT_TIMEOUT", DEFAULT_EXPORT_TIMEOUT)?))
}

fn at_least_a_moment(setting: &str, duration: Duration) -> Result<Duration, SettingError> {
    if duration.is_zero() {
        return Err(SettingError::new(setting, &format!("{duration:?}"), "longer than zero"));
    }
    Ok(duration)
}
