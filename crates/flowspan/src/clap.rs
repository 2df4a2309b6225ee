//! A group of command-line arguments for programs that use clap.
//!
//! ```
//! use clap::Parser;
//! use flowspan::{Flowspan, clap::TelemetryArgs};
//!
//! #[derive(Parser)]
//! struct Arguments {
//!     #[command(flatten)]
//!     telemetry: TelemetryArgs,
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let arguments = Arguments::parse_from(["bot", "--metrics-port", "0", "--namespace", "bot"]);
//! let telemetry = arguments.telemetry.apply(Flowspan::builder("bot")).build()?;
//! # drop(telemetry);
//! # Ok(())
//! # }
//! ```

use std::net::IpAddr;

use clap::{Args, ValueEnum};
#[cfg(feature = "jsonl")]
use flowspan_jsonl::{FILE_VARIABLE, Jsonl};
use flowspan_metrics::Names;
use flowspan_otlp::{Otlp, Protocol};
#[cfg(feature = "postgres")]
use flowspan_postgres::Postgres;
use flowspan_prometheus::Prometheus;
use flowspan_runtime::Environment;
use flowspan_statsd::Statsd;

use crate::Builder;

/// Where telemetry goes. Flatten it into the arguments of your program.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Telemetry")]
pub struct TelemetryArgs {
    /// Port of /metrics and /health; 0 takes a free one [default: 9464]
    #[arg(long, value_name = "PORT", env = "FLOWSPAN_METRICS_PORT", conflicts_with = "no_metrics")]
    pub metrics_port: Option<u16>,

    /// Address of /metrics and /health [default: 127.0.0.1]
    #[arg(long, value_name = "ADDRESS", conflicts_with = "no_metrics")]
    pub metrics_address: Option<IpAddr>,

    /// Serve no metrics
    #[arg(long)]
    pub no_metrics: bool,

    /// Send traces, metrics and logs to this collector [env: OTEL_EXPORTER_OTLP_ENDPOINT]
    #[arg(long, value_name = "URL")]
    pub otlp_endpoint: Option<String>,

    /// How to speak to the collector [default: grpc for port 4317, else http/protobuf]
    #[arg(long, value_name = "PROTOCOL", value_enum)]
    pub otlp_protocol: Option<OtlpProtocol>,

    /// Write events to this file, one line of JSON for each [env: FLOWSPAN_EVENTS_FILE]
    #[cfg(feature = "jsonl")]
    #[arg(long, value_name = "FILE")]
    pub events: Option<std::path::PathBuf>,

    /// Store events in this database [env: FLOWSPAN_POSTGRES_URL]
    // Never a plain text: what derives Debug from these arguments shall not show the password.
    #[cfg(feature = "postgres")]
    #[arg(long, value_name = "URL", value_parser = postgres)]
    pub postgres: Option<Postgres>,
    /// Push every measurement to this StatsD server, or Unix socket [env: FLOWSPAN_STATSD]
    #[arg(long, value_name = "HOST:PORT")]
    pub statsd: Option<String>,

    /// Keep what the run came to in this file [env: FLOWSPAN_SESSION_FILE]
    #[cfg(feature = "session")]
    #[arg(long, value_name = "FILE")]
    pub session_file: Option<std::path::PathBuf>,

    /// Prefix of the names of flowspan's metrics [default: flowspan, or that of --names]
    #[arg(long, value_name = "NAMESPACE")]
    pub namespace: Option<String>,

    /// Name and label metrics as this system does [default: as flowspan does]
    #[arg(long, value_name = "SYSTEM", value_enum)]
    pub names: Option<NamesPreset>,
}

/// The values of `--names`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum NamesPreset {
    /// [`Names::prodigy`].
    #[value(help = "Prodigy's specification 125")]
    Prodigy,
    /// [`Names::clutch`].
    #[value(help = "Clutch")]
    Clutch,
    /// [`Names::crew`].
    #[value(help = "The crew of go-agentic")]
    Crew,
    /// [`Names::m31a`].
    #[value(name = "m31a", help = "M31A's METRICS.json")]
    M31a,
}

impl From<NamesPreset> for Names {
    fn from(preset: NamesPreset) -> Self {
        match preset {
            NamesPreset::Prodigy => Names::prodigy(),
            NamesPreset::Clutch => Names::clutch(),
            NamesPreset::Crew => Names::crew(),
            NamesPreset::M31a => Names::m31a(),
        }
    }
}

/// The values of `--otlp-protocol`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OtlpProtocol {
    /// gRPC.
    #[value(name = "grpc")]
    Grpc,
    /// Protobuf over HTTP.
    #[value(name = "http/protobuf")]
    HttpProtobuf,
}

impl From<OtlpProtocol> for Protocol {
    fn from(protocol: OtlpProtocol) -> Self {
        match protocol {
            OtlpProtocol::Grpc => Protocol::Grpc,
            OtlpProtocol::HttpProtobuf => Protocol::HttpProtobuf,
        }
    }
}

impl TelemetryArgs {
    /// Configures a builder as the arguments say. What they leave open comes from the environment.
    ///
    /// `--names` replaces the names and the labels for all series that the builder has been given
    /// before; what must not be replaced, give it afterwards.
    pub fn apply(&self, builder: Builder) -> Builder {
        self.apply_in(builder, &Environment::process())
    }

    /// Like [`apply`](Self::apply), in this environment instead of that of the process.
    pub fn apply_in(&self, builder: Builder, environment: &Environment) -> Builder {
        let mut builder = builder.environment(environment.clone());
        if let Some(preset) = self.names {
            builder = builder.names(preset.into());
        }
        if let Some(namespace) = &self.namespace {
            builder = builder.namespace(namespace.clone());
        }
        if !self.no_metrics {
            builder = builder.prometheus(self.prometheus());
        }
        #[cfg(feature = "jsonl")]
        if let Some(events) = self.events(environment) {
            builder = builder.events(events);
        }
        #[cfg(feature = "postgres")]
        if let Some(postgres) = self.postgres(environment) {
            builder = builder.postgres(postgres);
        }
        if let Some(statsd) = self.statsd(environment) {
            builder = builder.statsd(statsd);
        }
        #[cfg(feature = "session")]
        {
            builder = builder.session(self.session());
        }
        match self.otlp(environment) {
            Some(otlp) => builder.otlp(otlp),
            None => builder,
        }
    }

    fn prometheus(&self) -> Prometheus {
        let mut prometheus = Prometheus::from_env();
        if let Some(port) = self.metrics_port {
            prometheus = prometheus.port(port);
        }
        if let Some(address) = self.metrics_address {
            prometheus = prometheus.host(address);
        }
        prometheus
    }

    /// The file of events, if an argument or the environment names one.
    #[cfg(feature = "jsonl")]
    fn events(&self, environment: &Environment) -> Option<Jsonl> {
        let named = || environment.get(FILE_VARIABLE).map(|_| Jsonl::from_env());
        self.events.as_ref().map(Jsonl::to).or_else(named)
    }

    /// The event store, if an argument or the environment names a database.
    #[cfg(feature = "postgres")]
    fn postgres(&self, environment: &Environment) -> Option<Postgres> {
        let named = || environment.get("FLOWSPAN_POSTGRES_URL").map(|_| Postgres::from_env());
        self.postgres.clone().or_else(named)
    }

    /// StatsD, if an argument or the environment names a server.
    fn statsd(&self, environment: &Environment) -> Option<Statsd> {
        match &self.statsd {
            Some(server) => Some(Statsd::to(server)),
            None => environment.get("FLOWSPAN_STATSD").map(|_| Statsd::from_env()),
        }
    }

    /// The session; it is kept nowhere if neither the argument nor the environment names a file.
    #[cfg(feature = "session")]
    fn session(&self) -> flowspan_session::SessionFile {
        use flowspan_session::SessionFile;

        self.session_file.as_ref().map_or_else(SessionFile::from_env, SessionFile::to)
    }

    /// OTLP, if an argument or the environment names a collector.
    fn otlp(&self, environment: &Environment) -> Option<Otlp> {
        const ENDPOINTS: [&str; 4] = [
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
            "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
            "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
        ];
        let otlp = match &self.otlp_endpoint {
            Some(endpoint) => Otlp::to(endpoint),
            None => environment.first(&ENDPOINTS).map(|_| Otlp::from_env())?,
        };
        Some(match self.otlp_protocol {
            Some(protocol) => otlp.protocol(protocol.into()),
            None => otlp,
        })
    }
}

/// Looked at when the telemetry is built, like every other setting.
#[cfg(feature = "postgres")]
fn postgres(url: &str) -> Result<Postgres, std::convert::Infallible> {
    Ok(Postgres::to(url))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn otlp_is_on_if_somebody_names_a_collector() {
        let none = TelemetryArgs::default();
        assert!(none.otlp(&Environment::empty()).is_none());
        let variable = [("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://127.0.0.1:1/v1/traces")];
        assert!(none.otlp(&Environment::from_pairs(variable)).is_some());
        let flag = TelemetryArgs { otlp_endpoint: Some("http://127.0.0.1:4317".into()), ..none };
        assert!(flag.otlp(&Environment::empty()).is_some());
    }

    #[test]
    fn a_preset_keeps_its_names_under_another_namespace() {
        let arguments = TelemetryArgs {
            namespace: Some("ours".into()),
            names: Some(NamesPreset::Prodigy),
            no_metrics: true,
            ..TelemetryArgs::default()
        };
        let builder = arguments.apply(crate::Flowspan::builder("bot"));
        let tokens = crate::model::catalog::metric("llm.tokens").expect("it is in the catalog");
        assert_eq!(builder.names.full_name(tokens), "ours.claude.tokens");
    }

    #[cfg(feature = "postgres")]
    #[test]
    fn the_password_of_the_store_is_not_in_the_arguments() {
        use clap::Parser as _;

        #[derive(Debug, clap::Parser)]
        struct Arguments {
            #[command(flatten)]
            telemetry: TelemetryArgs,
        }
        let url = "postgres://bot:canary@127.0.0.1:1/db";
        let arguments = Arguments::parse_from(["bot", "--postgres", url]);
        assert!(!format!("{arguments:?}").contains("canary"));
        assert!(arguments.telemetry.postgres(&Environment::empty()).is_some());
        let none = TelemetryArgs::default();
        assert!(none.postgres(&Environment::empty()).is_none());
        assert!(none.postgres(&Environment::from_pairs([("FLOWSPAN_POSTGRES_URL", url)])).is_some());
    }

    #[test]
    fn statsd_is_on_if_somebody_names_a_server() {
        let none = TelemetryArgs::default();
        assert!(none.statsd(&Environment::empty()).is_none());
        let variable = Environment::from_pairs([("FLOWSPAN_STATSD", "localhost:8125")]);
        assert_eq!(none.statsd(&variable), Some(Statsd::from_env()));
        let flag = TelemetryArgs { statsd: Some("agent:9125".into()), ..none };
        assert_eq!(flag.statsd(&variable), Some(Statsd::to("agent:9125")));
    }
}
