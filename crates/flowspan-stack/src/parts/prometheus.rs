//! The Prometheus server.

use std::{fs, path::PathBuf, time::Duration};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::{
    Collector, Part, StackError,
    home::Home,
    http,
    life::life,
    locate,
    ports::{self, address},
    process::{Launch, Process},
};

/// The configuration of Prometheus for one machine, as users get it. It names
/// the rules that lie beside it, so it is used where it lies.
const STANDARD_CONFIG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../collector-config/prometheus.yaml");

const STANDARD_PORT: u16 = 9090;
const TARGETS: &str = "targets.json";

/// Says how Prometheus is to be started. See [`Prometheus::builder`].
#[derive(Clone, Debug)]
#[must_use]
pub struct PrometheusBuilder {
    targets: Vec<String>,
    /// Job name, target, and whether the target's own job label counts.
    jobs: Vec<(String, String, bool)>,
    interval: Duration,
    rules: Vec<String>,
    port: Option<u16>,
    standard: bool,
}

impl PrometheusBuilder {
    /// Scrapes `host:port` with the job name `flowspan`; may be called again
    /// for more. See [`Prometheus::scrape`] for programs that start later.
    pub fn scrape(mut self, target: impl Into<String>) -> Self {
        self.targets.push(target.into());
        self
    }

    /// Scrapes the metrics that programs sent to `collector` with the job name
    /// `flowspan-otlp`, and the Collector's own with the job name `collector`.
    pub fn scrape_collector(mut self, collector: &Collector) -> Self {
        let mut job = |name: &str, target, honor| self.jobs.push((name.into(), target, honor));
        job("flowspan-otlp", collector.metrics_target(), true);
        job("collector", collector.telemetry_target(), false);
        self
    }

    /// Time between two scrapes of a target. Default: 250 ms.
    pub fn scrape_interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// Evaluates the rules in this YAML text; may be called again for more.
    pub fn rules(mut self, text: impl Into<String>) -> Self {
        self.rules.push(text.into());
        self
    }

    /// Listens on this port, which others know already. Default: a free one.
    pub(crate) fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// Listens on 9090 and uses `collector-config/prometheus.yaml` with the
    /// targets, the interval and the rules that stand there. Default: a free
    /// port, and what this builder says.
    pub fn standard(mut self) -> Self {
        self.standard = true;
        self
    }

    /// Starts Prometheus and waits until it is ready.
    ///
    /// # Errors
    ///
    /// [`StackError`] when Prometheus is absent, its port is taken, or it does
    /// not become ready; the end of its log is in the error.
    pub fn start(self) -> Result<Prometheus, StackError> {
        let program = locate(Part::Prometheus)?;
        let home = Home::new(Part::Prometheus)?;
        let port = if self.standard {
            ports::check(Part::Prometheus, &[STANDARD_PORT])?;
            STANDARD_PORT
        } else {
            self.port.map_or_else(ports::free, Ok)?
        };
        for (number, rules) in self.rules.iter().enumerate() {
            home.write(&format!("rules-{number}.yaml"), rules)?;
        }
        let config = if self.standard {
            PathBuf::from(STANDARD_CONFIG)
        } else {
            home.write("prometheus.yaml", &self.config().to_string())?
        };
        let ready = format!("http://{}/-/ready", address(port));
        let argument = |name: &str, value: &str| format!("--{name}={value}").into();
        let launch = Launch {
            part: Part::Prometheus,
            program,
            arguments: vec![
                argument("config.file", &config.display().to_string()),
                argument("storage.tsdb.path", &home.join("data").display().to_string()),
                argument("web.listen-address", &address(port)),
                // A target begins to be scraped soon, and not after the usual 5 s.
                argument("scrape.discovery-reload-interval", "100ms"),
                "--web.enable-otlp-receiver".into(),
                "--enable-feature=exemplar-storage".into(),
            ],
            environment: Vec::new(),
            user: None,
            stop_signal: Signal::TERM,
            ready: Box::new(move || http::is_ready(&ready)),
        };
        let process = Process::start(launch, home)?;
        let mut prometheus = Prometheus { process, port, targets: Vec::new() };
        prometheus.scrape_all(self.targets)?;
        Ok(prometheus)
    }

    /// A configuration as JSON, which is YAML too.
    fn config(&self) -> Value {
        let interval = format!("{}ms", self.interval.as_millis());
        let static_jobs = self.jobs.iter().map(|(name, target, honor)| {
            json!({
                "job_name": name,
                "honor_labels": honor,
                "static_configs": [{"targets": [target]}],
            })
        });
        let file_job = json!({
            "job_name": "flowspan",
            "file_sd_configs": [{"files": [TARGETS], "refresh_interval": "1s"}],
        });
        json!({
            "global": {
                "scrape_interval": interval,
                "scrape_timeout": interval,
                "evaluation_interval": interval,
            },
            "rule_files": ["rules-*.yaml"],
            "scrape_configs": static_jobs.chain([file_job]).collect::<Vec<_>>(),
        })
    }
}

/// A Prometheus that runs until it is dropped, and its data with it.
#[derive(Debug)]
pub struct Prometheus {
    process: Process,
    port: u16,
    targets: Vec<String>,
}

life!(Prometheus);

impl Prometheus {
    /// A Prometheus on a free port that scrapes nothing yet.
    pub fn builder() -> PrometheusBuilder {
        PrometheusBuilder {
            targets: Vec::new(),
            jobs: Vec::new(),
            interval: Duration::from_millis(250),
            rules: Vec::new(),
            port: None,
            standard: false,
        }
    }

    /// Start of the addresses of its API and user interface,
    /// `http://host:port`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", address(self.port))
    }

    /// Where OTLP metrics over HTTP are accepted, without the signal's path.
    #[must_use]
    pub fn otlp_http_endpoint(&self) -> String {
        format!("{}/api/v1/otlp", self.url())
    }

    /// Begins to scrape `host:port`, too, within about a second.
    ///
    /// # Errors
    ///
    /// [`StackError::File`] when the list of targets cannot be written.
    pub fn scrape(&mut self, target: impl Into<String>) -> Result<(), StackError> {
        self.scrape_all([target.into()])
    }

    fn scrape_all(&mut self, more: impl IntoIterator<Item = String>) -> Result<(), StackError> {
        self.targets.extend(more);
        let groups = json!([{"targets": self.targets}]);
        // Renamed into place: Prometheus watches the file and would read a half.
        let draft = self.process.home().write("targets.draft", &groups.to_string())?;
        let path = self.process.home().join(TARGETS);
        fs::rename(draft, &path).map_err(StackError::file("replace", path))
    }
}
