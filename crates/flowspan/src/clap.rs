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

use std::{net::IpAddr, path::PathBuf};

use clap::{Args, ValueEnum};
#[cfg(feature = "jsonl")]
use flowspan_jsonl::Jsonl;
use flowspan_metrics::Names;
use flowspan_otlp::{Otlp, Protocol};
#[cfg(feature = "postgres")]
use flowspan_postgres::Postgres;
use flowspan_prometheus::Prometheus;
use flowspan_runtime::Environment;
use flowspan_statsd::Statsd;

use crate::{Builder, naming, outputs::Way};

/// Where telemetry goes. Flatten it into the arguments of your program.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Telemetry")]
pub struct TelemetryArgs {
    /// Read this configuration file [env: FLOWSPAN_CONFIG]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

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
    pub events: Option<PathBuf>,

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
    pub session_file: Option<PathBuf>,

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
        let system = match preset {
            NamesPreset::Prodigy => "prodigy",
            NamesPreset::Clutch => "clutch",
            NamesPreset::Crew => "crew",
            NamesPreset::M31a => "m31a",
        };
        naming::preset(system).expect("each of these has its names")
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
    /// Configures a builder as the arguments say. What they leave open comes from the environment, then
    /// from the configuration file.
    ///
    /// `/metrics` is served unless an argument, a variable or the file says otherwise. What else there is
    /// goes where an argument, a variable or the file names a place for it.
    ///
    /// `--names` replaces the names and the labels for all series that the builder has been given
    /// before; what must not be replaced, give it afterwards.
    pub fn apply(&self, builder: Builder) -> Builder {
        self.apply_in(builder, &Environment::process())
    }

    /// Like [`apply`](Self::apply), in this environment instead of that of the process.
    pub fn apply_in(&self, mut builder: Builder, environment: &Environment) -> Builder {
        // What an argument says of an output that it does not name wins over the variable of that.
        let mut environment = environment.clone();
        if self.no_metrics {
            environment = environment.with(Way::Prometheus.switch(), "false");
        }
        if let Some(protocol) = self.otlp_protocol {
            let name = Protocol::from(protocol).as_str();
            environment = OTLP_PROTOCOL
                .into_iter()
                .fold(environment, |environment, variable| environment.with(variable, name));
        }
        builder.choice.by_name = true;
        builder.choice.by_default.push(Way::Prometheus);
        builder = builder.environment(environment);
        if let Some(file) = &self.config {
            builder = builder.config_file(file);
        }
        if let Some(preset) = self.names {
            builder = builder.names(preset.into());
        }
        if let Some(namespace) = &self.namespace {
            builder = builder.namespace(namespace.clone());
        }
        self.outputs(builder)
    }

    /// The outputs that the arguments name.
    fn outputs(&self, mut builder: Builder) -> Builder {
        if let Some(prometheus) = self.prometheus() {
            builder = builder.prometheus(prometheus);
        }
        #[cfg(feature = "jsonl")]
        if let Some(file) = &self.events {
            builder = builder.events(Jsonl::to(file));
        }
        #[cfg(feature = "postgres")]
        if let Some(postgres) = &self.postgres {
            builder = builder.postgres(postgres.clone());
        }
        if let Some(server) = &self.statsd {
            builder = builder.statsd(Statsd::to(server));
        }
        #[cfg(feature = "session")]
        if let Some(file) = &self.session_file {
            builder = builder.session(flowspan_session::SessionFile::to(file));
        }
        match &self.otlp_endpoint {
            Some(endpoint) => builder.otlp(Otlp::to(endpoint)),
            None => builder,
        }
    }

    fn prometheus(&self) -> Option<Prometheus> {
        if self.no_metrics || (self.metrics_port.is_none() && self.metrics_address.is_none()) {
            return None;
        }
        let mut prometheus = Prometheus::from_env();
        if let Some(port) = self.metrics_port {
            prometheus = prometheus.port(port);
        }
        if let Some(address) = self.metrics_address {
            prometheus = prometheus.host(address);
        }
        Some(prometheus)
    }
}

/// The variables of the protocol: of all signals, and of each.
const OTLP_PROTOCOL: [&str; 4] = [
    "OTEL_EXPORTER_OTLP_PROTOCOL",
    "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
    "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL",
    "OTEL_EXPORTER_OTLP_LOGS_PROTOCOL",
];

/// Looked at when the telemetry is built, like every other setting.
#[cfg(feature = "postgres")]
fn postgres(url: &str) -> Result<Postgres, std::convert::Infallible> {
    Ok(Postgres::to(url))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many outputs the arguments, these variables and the file make.
    fn outputs(arguments: &TelemetryArgs, variables: &[(&str, &str)]) -> usize {
        let environment = Environment::from_pairs(variables.iter().copied());
        let builder = arguments.apply_in(crate::Flowspan::builder("bot"), &environment);
        let environment = builder.environment.clone().expect("it was given");
        let environment = match crate::ConfigFile::find(builder.config_file.as_deref(), &environment) {
            Ok(Some(file)) => file.beneath(environment),
            found => found.map(|_| environment).expect("no file that is of no use"),
        };
        let given: Vec<_> = builder.outputs.iter().filter_map(|output| output.way()).collect();
        let chosen = crate::outputs::choose(&builder.choice, &given, &environment).expect("usable");
        given.len() + chosen.outputs.len()
    }

    #[test]
    fn an_output_is_on_if_an_argument_or_a_variable_names_its_place_and_is_there_once() {
        let none = TelemetryArgs { no_metrics: true, ..TelemetryArgs::default() };
        assert_eq!(outputs(&none, &[]), 0);
        assert_eq!(outputs(&TelemetryArgs::default(), &[]), 1, "metrics are served");
        let port = TelemetryArgs { metrics_port: Some(0), ..TelemetryArgs::default() };
        assert_eq!(outputs(&port, &[(Way::Prometheus.switch(), "false")]), 1, "the argument wins");
        let collector = [("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://127.0.0.1:1/v1/traces")];
        assert_eq!(outputs(&none, &collector), 1);
        let flag = TelemetryArgs { otlp_endpoint: Some("http://127.0.0.1:4317".into()), ..none.clone() };
        assert_eq!((outputs(&flag, &[]), outputs(&flag, &collector)), (1, 1));
        let server = [("FLOWSPAN_STATSD", "localhost:8125")];
        let flag = TelemetryArgs { statsd: Some("agent:9125".into()), ..none.clone() };
        assert_eq!((outputs(&none, &server), outputs(&flag, &server)), (1, 1));
    }

    #[test]
    fn the_file_adds_what_nobody_has_named_and_can_be_overruled() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("flowspan.toml");
        let text = "[metrics]\nenabled = false\n[statsd]\nserver = \"agent:8125\"";
        std::fs::write(&file, text).expect("written");
        let arguments = TelemetryArgs { config: Some(file), ..TelemetryArgs::default() };
        assert_eq!(outputs(&arguments, &[]), 1);
        let flag = TelemetryArgs { statsd: Some("here:1".into()), ..arguments.clone() };
        assert_eq!(outputs(&flag, &[]), 1, "it is there once");
        let port = TelemetryArgs { metrics_port: Some(0), ..arguments };
        assert_eq!(outputs(&port, &[]), 2);
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
        let names = builder.naming.settle(&Environment::empty()).expect("usable");
        assert_eq!(names.full_name(tokens), "ours.claude.tokens");
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
        let none = TelemetryArgs { no_metrics: true, ..TelemetryArgs::default() };
        assert_eq!(outputs(&TelemetryArgs { no_metrics: true, ..arguments.telemetry }, &[]), 1);
        assert_eq!(outputs(&none, &[("FLOWSPAN_POSTGRES_URL", url)]), 1);
    }
}
