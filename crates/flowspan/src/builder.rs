//! From one call to running telemetry.

use std::{fmt, path::PathBuf, sync::Arc};

use flowspan_layer::{Dialect, Engine, Prices};
use flowspan_metrics::{LabelPolicies, Totals};
use flowspan_model::{EventSink, Semconv};
use flowspan_runtime::{Environment, Reporter};
use opentelemetry::{KeyValue, Value};
use opentelemetry_sdk::{metrics::reader::MetricReader, trace::Sampler};
use tracing::Level;

use crate::{
    BuildError, Telemetry, assemble,
    capture::Contents,
    naming::Naming,
    outputs::{AnyEventSink, AnyMetricReader, Choice, Output, QueuedEventSink, Way},
    propagation::Caller,
};

/// The front door.
///
/// ```no_run
/// use std::time::Duration;
/// use flowspan::prelude::*;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let telemetry = Flowspan::builder("support-bot")
///     .otlp(Otlp::to("http://127.0.0.1:4317"))
///     .prometheus(Prometheus::on(([127, 0, 0, 1], 9464)))
///     .install()?;
///
/// Workflow::new("triage").in_scope(|| Ok::<_, std::io::Error>(()))?;
///
/// telemetry.shutdown(Duration::from_secs(5)).into_result()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Flowspan;

impl Flowspan {
    /// Telemetry of the program of this name (its `service.name`), with no way out yet.
    pub fn builder(service: impl Into<String>) -> Builder {
        Builder::new(service.into())
    }

    /// Telemetry that is configured by environment variables alone: the standard `OTEL_*` ones.
    ///
    /// `OTEL_TRACES_EXPORTER`, `OTEL_METRICS_EXPORTER` and `OTEL_LOGS_EXPORTER` choose the ways out
    /// (`otlp`, which is the default, `prometheus` for metrics, `console` for traces and logs,
    /// `none`), and the variables of each of them configure it. What no standard variable can ask for
    /// is there if its own variable names a place: `FLOWSPAN_STATSD`, `FLOWSPAN_SESSION_FILE`,
    /// `FLOWSPAN_EVENTS_FILE`, `FLOWSPAN_POSTGRES_URL`. `OTEL_SERVICE_NAME` replaces the name given
    /// here. What is set on the builder afterwards wins.
    pub fn from_env(service: impl Into<String>) -> Builder {
        let mut builder = Builder::new(service.into());
        builder.choice = Choice { standard: true, by_name: true, by_default: vec![Way::Otlp] };
        builder
    }
}

/// Configures telemetry. What is set here wins over the environment, the environment over the
/// [configuration file](Builder::config_file), the file over the defaults.
#[must_use = "nothing happens before build() or install()"]
pub struct Builder {
    pub(crate) service: String,
    pub(crate) choice: Choice,
    pub(crate) config_file: Option<PathBuf>,
    pub(crate) naming: Naming,
    pub(crate) label_policies: LabelPolicies,
    pub(crate) totals: Option<Totals>,
    pub(crate) prices: Prices,
    pub(crate) resource: Vec<KeyValue>,
    pub(crate) environment: Option<Environment>,
    pub(crate) sampler: Option<Sampler>,
    pub(crate) caller: Caller,
    pub(crate) engine: Engine,
    pub(crate) semconv: Option<Semconv>,
    pub(crate) dialects: Vec<Dialect>,
    pub(crate) content: Contents,
    pub(crate) level: Level,
    pub(crate) reporter: Reporter,
    #[cfg(feature = "console")]
    pub(crate) console: Option<crate::Console>,
    pub(crate) outputs: Vec<Box<dyn Output>>,
    pub(crate) disabled: bool,
}

impl Builder {
    fn new(service: String) -> Self {
        Builder {
            service,
            choice: Choice::default(),
            config_file: None,
            naming: Naming::default(),
            label_policies: LabelPolicies::new(),
            totals: None,
            prices: Prices::builtin(),
            resource: Vec::new(),
            environment: None,
            sampler: None,
            caller: Caller::default(),
            engine: Engine::default(),
            semconv: None,
            dialects: Vec::new(),
            content: Contents::default(),
            level: flowspan_layer::DEFAULT_LEVEL,
            reporter: Reporter::stderr(),
            #[cfg(feature = "console")]
            console: None,
            outputs: Vec::new(),
            disabled: false,
        }
    }

    /// Adds an attribute that all spans, metrics and log records share, such as
    /// `deployment.environment.name`. Wins over `OTEL_RESOURCE_ATTRIBUTES`.
    pub fn attribute(mut self, key: &'static str, value: impl Into<Value>) -> Self {
        self.resource.push(KeyValue::new(key, value));
        self
    }

    /// Decides which runs become traces. Metrics and events are of all runs, whatever it decides.
    /// Default: `OTEL_TRACES_SAMPLER`, then every run, unless a caller in another process has
    /// decided against it.
    pub fn sampler(mut self, sampler: Sampler) -> Self {
        self.sampler = Some(sampler);
        self
    }

    /// Who makes OpenTelemetry spans of `tracing` spans. Default: [`Engine::Native`].
    pub fn engine(mut self, engine: Engine) -> Self {
        self.engine = engine;
        self
    }

    /// Which generation of OpenTelemetry's GenAI convention spans and metrics speak; events always speak
    /// the latest. Default: `OTEL_SEMCONV_STABILITY_OPT_IN`, then [`Semconv::Latest`].
    ///
    /// Of that variable's list, `gen_ai_latest_experimental` stands for the latest generation,
    /// `gen_ai/1.41` for the older one and `gen_ai/dup` for both; what belongs to other conventions is
    /// left to them.
    pub fn semconv(mut self, semconv: Semconv) -> Self {
        self.semconv = Some(semconv);
        self
    }

    /// Also understands the spans of a crate that flowspan does not know by itself. Default: rig, genai,
    /// langchain-rust, swiftide, OpenInference, and everybody who uses the `gen_ai.*` names.
    pub fn dialect(mut self, dialect: Dialect) -> Self {
        self.dialects.push(dialect);
        self
    }

    /// How verbose a `tracing` span or event may be to become telemetry. Default: `INFO`.
    pub fn level(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    /// Reads this file, whatever the variable `FLOWSPAN_CONFIG` names. Default: the file that the
    /// variable names, and none without it.
    ///
    /// The file says what neither the program nor a variable says. Each section of it that is enabled
    /// is a way out, unless the program has it already: then the file says what that leaves open.
    ///
    /// ```toml
    /// [metrics]
    /// enabled = true
    /// port = 9464
    ///
    /// [metrics.postgres]
    /// enabled = true
    /// connection_string = "postgres://bot@localhost/observed"
    /// ```
    pub fn config_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.config_file = Some(path.into());
        self
    }

    /// Replaces the environment variables of the process by these.
    pub fn environment(mut self, environment: Environment) -> Self {
        self.environment = Some(environment);
        self
    }

    /// Where flowspan says, once, that an exporter fails or works again. Default: a line on
    /// standard error.
    pub fn reporter(mut self, reporter: Reporter) -> Self {
        self.reporter = reporter;
        self
    }

    /// What a person sees on the terminal. Default: what `FLOWSPAN_CONSOLE` says (`off`, `lines` or
    /// `tree`), then [`Console::lines`](crate::Console::lines).
    #[cfg(feature = "console")]
    pub fn console(mut self, console: crate::Console) -> Self {
        self.console = Some(console);
        self
    }

    /// Sends every event to a sink of your own, on the thread on which it happens. What waits for anything
    /// needs a queue: [`queued_event_sink`](Builder::queued_event_sink) has one.
    pub fn event_sink(self, sink: impl EventSink + 'static) -> Self {
        self.output(AnyEventSink("event_sink", Arc::new(sink)))
    }

    /// The same for a sink that may be slow or block: events wait for it in a queue of 2048, and it is
    /// called on a thread of its own. What finds no room, makes the sink panic, or takes it longer than 30
    /// seconds is counted as dropped, by its reason.
    pub fn queued_event_sink(self, sink: impl EventSink + 'static) -> Self {
        self.output(QueuedEventSink(Arc::new(sink)))
    }

    /// Reads all metrics with a reader of your own.
    ///
    /// It is flushed by [`Telemetry::flush`] and [`Telemetry::shutdown`], which wait for it no longer than for
    /// anything else, and goes on until the last provider of meters is dropped or shut down. The reporter and
    /// `/health` say if a flush fails; what the reader sends or loses is not counted. One that needs the
    /// program's own runtime to send wants [`flush_async`](Telemetry::flush_async) and
    /// [`shutdown_async`](Telemetry::shutdown_async) on a runtime of one thread.
    pub fn metric_reader(self, reader: impl MetricReader) -> Self {
        self.output(AnyMetricReader(reader))
    }

    /// Switches all telemetry off: handles and spans cost next to nothing, nothing is sent or
    /// served, log lines still appear. The variable `OTEL_SDK_DISABLED=true` does the same.
    pub fn disabled(mut self) -> Self {
        self.disabled = true;
        self
    }

    /// Builds telemetry that touches no global, for tests, and for programs that have a `tracing`
    /// subscriber or an OpenTelemetry set-up of their own.
    ///
    /// # Errors
    ///
    /// A setting or variable cannot be used, or the system lacks something, such as a port.
    pub fn build(self) -> Result<Telemetry, BuildError> {
        assemble::build(self)
    }

    /// Builds telemetry and makes it the global one of this process: the `tracing` subscriber, and
    /// OpenTelemetry's providers and propagators. Either all of them are set or none.
    ///
    /// # Errors
    ///
    /// As [`build`](Builder::build), and if telemetry or another subscriber is installed already.
    pub fn install(self) -> Result<Telemetry, BuildError> {
        let telemetry = self.build()?;
        telemetry.install()?;
        Ok(telemetry)
    }

    pub(crate) fn output(mut self, output: impl Output + 'static) -> Self {
        self.outputs.push(Box::new(output));
        self
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("service", &self.service)
            .field("naming", &self.naming)
            .field("outputs", &self.outputs.len())
            .field("disabled", &self.disabled)
            .finish_non_exhaustive()
    }
}
