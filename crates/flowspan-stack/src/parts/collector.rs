//! The OpenTelemetry Collector.

use std::path::PathBuf;

use rustix::process::Signal as Posix;

use crate::{
    Jaeger, Part, StackError,
    home::Home,
    http,
    life::life,
    locate,
    ports::{self, address},
    process::{Launch, Process},
};

/// The configuration of a Collector for one machine, as users get it.
pub const SINGLE_CONFIG: &str = include_str!("../../../../collector-config/single.yaml");
/// The configuration of the Collector beside the programs of one machine of many, as users get it.
pub const AGENT_CONFIG: &str = include_str!("../../../../collector-config/agent.yaml");
/// The configuration of each Collector of a gateway, as users get it.
pub const GATEWAY_CONFIG: &str = include_str!("../../../../collector-config/gateway.yaml");
const FILE_SINK_CONFIG: &str = include_str!("../../configs/file-sink.yaml");

/// One of the kinds of data that OTLP carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Spans.
    Traces,
    /// Metrics.
    Metrics,
    /// Log records.
    Logs,
}

/// What a Collector is to do with what it receives.
#[derive(Clone, Debug)]
enum Config {
    /// `collector-config/single.yaml`.
    Single,
    /// One file for each signal.
    Files,
    /// The caller's own.
    Text(String),
}

#[derive(Clone, Copy, Debug)]
struct Ports {
    otlp_grpc: u16,
    otlp_http: u16,
    prometheus: u16,
    health: u16,
    telemetry: u16,
}

/// Says how a Collector is to be started. See [`Collector::builder`].
#[derive(Clone, Debug)]
#[must_use]
pub struct CollectorBuilder {
    config: Config,
    environment: Vec<(String, String)>,
    standard_ports: bool,
}

impl CollectorBuilder {
    /// Sends traces to `jaeger`. Default: to where a Jaeger of this machine
    /// would listen, and nothing does.
    pub fn traces_to(self, jaeger: &Jaeger) -> Self {
        self.env("COLLECTOR_JAEGER_OTLP", &jaeger.otlp_grpc_address())
    }

    /// Writes all that arrives to files instead, see [`Collector::received`].
    pub fn into_files(mut self) -> Self {
        self.config = Config::Files;
        self
    }

    /// Uses this configuration. It must listen where the variables
    /// `COLLECTOR_OTLP_GRPC`, `COLLECTOR_OTLP_HTTP`, `COLLECTOR_HEALTH`,
    /// `COLLECTOR_PROMETHEUS`, `COLLECTOR_TELEMETRY_HOST` and
    /// `COLLECTOR_TELEMETRY_PORT` say, and may write to the directories
    /// `COLLECTOR_SINK` and `COLLECTOR_QUEUE`. Default: [`SINGLE_CONFIG`].
    pub fn config(mut self, text: impl Into<String>) -> Self {
        self.config = Config::Text(text.into());
        self
    }

    /// Sets an environment variable for the configuration to use; it wins over
    /// one that the builder sets.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Listens on the usual ports, 4317 and 4318. Default: on free ones.
    pub fn standard_ports(mut self) -> Self {
        self.standard_ports = true;
        self
    }

    /// Starts the Collector and waits until it accepts data.
    ///
    /// # Errors
    ///
    /// [`StackError`] when the Collector is absent, a port is taken, or it does
    /// not become ready; the end of its log is in the error.
    pub fn start(self) -> Result<Collector, StackError> {
        let program = locate(Part::Collector)?;
        let home = Home::new(Part::Collector)?;
        let ports = Ports::choose(self.standard_ports)?;
        let text = match &self.config {
            Config::Single => SINGLE_CONFIG,
            Config::Files => FILE_SINK_CONFIG,
            Config::Text(text) => text,
        };
        let config = home.write("config.yaml", text)?;

        let mut environment = ports.environment();
        environment.push(("COLLECTOR_SINK".into(), home.path().display().to_string()));
        environment.push(("COLLECTOR_QUEUE".into(), home.join("queue").display().to_string()));
        environment.extend(self.environment);
        let health = format!("http://{}/", address(ports.health));
        let launch = Launch {
            part: Part::Collector,
            program,
            arguments: vec!["--config".into(), config.into()],
            environment,
            user: None,
            stop_signal: Posix::TERM,
            ready: Box::new(move || http::is_ready(&health)),
        };
        let process = Process::start(launch, home)?;
        Ok(Collector { process, ports })
    }
}

/// A Collector that runs until it is dropped.
#[derive(Debug)]
pub struct Collector {
    process: Process,
    ports: Ports,
}

life!(Collector);

impl Collector {
    /// A Collector that runs `collector-config/single.yaml` on free ports.
    pub fn builder() -> CollectorBuilder {
        CollectorBuilder { config: Config::Single, environment: Vec::new(), standard_ports: false }
    }

    /// Where OTLP over gRPC is accepted, as `http://host:port`.
    #[must_use]
    pub fn otlp_grpc_endpoint(&self) -> String {
        format!("http://{}", self.otlp_grpc_address())
    }

    /// Where OTLP over gRPC is accepted, as `host:port`.
    #[must_use]
    pub fn otlp_grpc_address(&self) -> String {
        address(self.ports.otlp_grpc)
    }

    /// Where OTLP over HTTP is accepted, as `http://host:port`, without the
    /// path of a signal.
    #[must_use]
    pub fn otlp_http_endpoint(&self) -> String {
        format!("http://{}", address(self.ports.otlp_http))
    }

    /// The metrics that programs sent as OTLP, for Prometheus to scrape.
    #[must_use]
    pub fn metrics_url(&self) -> String {
        format!("http://{}/metrics", self.metrics_target())
    }

    /// [`metrics_url`](Self::metrics_url) as a scrape target, `host:port`.
    #[must_use]
    pub fn metrics_target(&self) -> String {
        address(self.ports.prometheus)
    }

    /// The Collector's own metrics: what it received, refused, sent and lost.
    #[must_use]
    pub fn telemetry_url(&self) -> String {
        format!("http://{}/metrics", self.telemetry_target())
    }

    /// [`telemetry_url`](Self::telemetry_url) as a scrape target, `host:port`.
    #[must_use]
    pub fn telemetry_target(&self) -> String {
        address(self.ports.telemetry)
    }

    /// The text that [`metrics_url`](Self::metrics_url) shows now.
    ///
    /// # Errors
    ///
    /// [`StackError`] when it cannot be read.
    pub fn metrics(&self) -> Result<String, StackError> {
        http::text(&self.metrics_url())
    }

    /// The text that [`telemetry_url`](Self::telemetry_url) shows now.
    ///
    /// # Errors
    ///
    /// [`StackError`] when it cannot be read.
    pub fn telemetry(&self) -> Result<String, StackError> {
        http::text(&self.telemetry_url())
    }

    /// The file with what arrived, when the Collector was started
    /// [`into_files`](CollectorBuilder::into_files): one OTLP JSON request a
    /// line. It exists once the first arrived.
    #[must_use]
    pub fn received(&self, signal: Signal) -> PathBuf {
        self.process.home().join(match signal {
            Signal::Traces => "traces.jsonl",
            Signal::Metrics => "metrics.jsonl",
            Signal::Logs => "logs.jsonl",
        })
    }
}

impl Ports {
    const STANDARD: Self =
        Self { otlp_grpc: 4317, otlp_http: 4318, prometheus: 8889, health: 13133, telemetry: 8888 };

    fn choose(standard: bool) -> Result<Self, StackError> {
        if standard {
            let Self { otlp_grpc, otlp_http, prometheus, health, telemetry } = Self::STANDARD;
            ports::check(Part::Collector, &[otlp_grpc, otlp_http, prometheus, health, telemetry])?;
            return Ok(Self::STANDARD);
        }
        Ok(Self {
            otlp_grpc: ports::free()?,
            otlp_http: ports::free()?,
            prometheus: ports::free()?,
            health: ports::free()?,
            telemetry: ports::free()?,
        })
    }

    fn environment(self) -> Vec<(String, String)> {
        [
            ("COLLECTOR_OTLP_GRPC", address(self.otlp_grpc)),
            ("COLLECTOR_OTLP_HTTP", address(self.otlp_http)),
            ("COLLECTOR_PROMETHEUS", address(self.prometheus)),
            ("COLLECTOR_HEALTH", address(self.health)),
            ("COLLECTOR_TELEMETRY_HOST", "127.0.0.1".to_owned()),
            ("COLLECTOR_TELEMETRY_PORT", self.telemetry.to_string()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }
}
