//! Jaeger v2, with traces in memory.

use rustix::process::Signal;

use crate::{
    Part, StackError,
    home::Home,
    http,
    life::life,
    locate,
    ports::{self, address},
    process::{Launch, Process},
};

/// The configuration of Jaeger beside the Collector, as users get it.
pub const JAEGER_CONFIG: &str = include_str!("../../../../collector-config/jaeger.yaml");

#[derive(Clone, Copy, Debug)]
struct Ports {
    otlp_grpc: u16,
    otlp_http: u16,
    query_http: u16,
    query_grpc: u16,
    health: u16,
    telemetry: u16,
}

/// Says how Jaeger is to be started. See [`Jaeger::builder`].
#[derive(Clone, Debug)]
#[must_use]
pub struct JaegerBuilder {
    prometheus: Option<String>,
    standard_ports: bool,
}

impl JaegerBuilder {
    /// Asks this Prometheus, `http://host:port`, for the numbers of the monitor
    /// page. Default: one on this machine's port 9090.
    pub fn metrics_from(mut self, prometheus: impl Into<String>) -> Self {
        self.prometheus = Some(prometheus.into());
        self
    }

    /// Listens on 16686 for queries and, because the Collector has the usual
    /// ports, on 14317 and 14318 for OTLP. Default: on free ports.
    pub fn standard_ports(mut self) -> Self {
        self.standard_ports = true;
        self
    }

    /// Starts Jaeger and waits until it is ready.
    ///
    /// # Errors
    ///
    /// [`StackError`] when Jaeger is absent, a port is taken, or it does not
    /// become ready; the end of its log is in the error.
    pub fn start(self) -> Result<Jaeger, StackError> {
        let program = locate(Part::Jaeger)?;
        let home = Home::new(Part::Jaeger)?;
        let ports = Ports::choose(self.standard_ports)?;
        let config = home.write("config.yaml", JAEGER_CONFIG)?;
        let mut environment = ports.environment();
        environment.extend(self.prometheus.map(|url| ("JAEGER_PROMETHEUS".to_owned(), url)));
        // The health check tells about the pipelines, this about queries.
        let health = format!("http://{}/status", address(ports.health));
        let query = format!("http://{}/api/services", address(ports.query_http));
        let launch = Launch {
            part: Part::Jaeger,
            program,
            arguments: vec!["--config".into(), config.into()],
            environment,
            user: None,
            stop_signal: Signal::TERM,
            ready: Box::new(move || http::is_ready(&health) && http::is_ready(&query)),
        };
        let process = Process::start(launch, home)?;
        Ok(Jaeger { process, ports })
    }
}

/// A Jaeger that runs until it is dropped, and its traces with it.
#[derive(Debug)]
pub struct Jaeger {
    process: Process,
    ports: Ports,
}

life!(Jaeger);

impl Jaeger {
    /// A Jaeger on free ports.
    pub fn builder() -> JaegerBuilder {
        JaegerBuilder { prometheus: None, standard_ports: false }
    }

    /// Start of the addresses of its API and user interface,
    /// `http://host:port`.
    #[must_use]
    pub fn query_url(&self) -> String {
        format!("http://{}", address(self.ports.query_http))
    }

    /// Where OTLP over gRPC is accepted, as `http://host:port`.
    #[must_use]
    pub fn otlp_grpc_endpoint(&self) -> String {
        format!("http://{}", self.otlp_grpc_address())
    }

    /// Where OTLP over HTTP is accepted, as `http://host:port`.
    #[must_use]
    pub fn otlp_http_endpoint(&self) -> String {
        format!("http://{}", address(self.ports.otlp_http))
    }

    /// Where OTLP over gRPC is accepted, as `host:port`.
    #[must_use]
    pub fn otlp_grpc_address(&self) -> String {
        address(self.ports.otlp_grpc)
    }
}

impl Ports {
    const STANDARD: Self = Self {
        otlp_grpc: 14317,
        otlp_http: 14318,
        query_http: 16686,
        query_grpc: 16685,
        health: 13134,
        telemetry: 8887,
    };

    fn choose(standard: bool) -> Result<Self, StackError> {
        if standard {
            let all = Self::STANDARD;
            ports::check(
                Part::Jaeger,
                &[all.otlp_grpc, all.otlp_http, all.query_http, all.query_grpc, all.health, all.telemetry],
            )?;
            return Ok(all);
        }
        Ok(Self {
            otlp_grpc: ports::free()?,
            otlp_http: ports::free()?,
            query_http: ports::free()?,
            query_grpc: ports::free()?,
            health: ports::free()?,
            telemetry: ports::free()?,
        })
    }

    fn environment(self) -> Vec<(String, String)> {
        [
            ("JAEGER_OTLP_GRPC", address(self.otlp_grpc)),
            ("JAEGER_OTLP_HTTP", address(self.otlp_http)),
            ("JAEGER_QUERY_HTTP", address(self.query_http)),
            ("JAEGER_QUERY_GRPC", address(self.query_grpc)),
            ("JAEGER_HEALTH", address(self.health)),
            ("JAEGER_TELEMETRY_HOST", "127.0.0.1".to_owned()),
            ("JAEGER_TELEMETRY_PORT", self.telemetry.to_string()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }
}
