//! Collector, Jaeger and Prometheus, joined as on a user's machine.

use std::time::Duration;

use crate::{
    Collector, Jaeger, Prometheus, StackError,
    parts::{collector::CollectorBuilder, prometheus::PrometheusBuilder},
    ports::{self, address},
};

/// Says how the stack is to be started. See [`Stack::builder`].
#[derive(Clone, Debug)]
#[must_use]
pub struct StackBuilder {
    collector: CollectorBuilder,
    prometheus: PrometheusBuilder,
    standard_ports: bool,
}

impl StackBuilder {
    /// Has Prometheus scrape `host:port`; may be called again for more.
    pub fn scrape(mut self, target: impl Into<String>) -> Self {
        self.prometheus = self.prometheus.scrape(target);
        self
    }

    /// Time between two scrapes of a target. Default: 250 ms.
    pub fn scrape_interval(mut self, interval: Duration) -> Self {
        self.prometheus = self.prometheus.scrape_interval(interval);
        self
    }

    /// Has Prometheus evaluate the rules in this YAML text.
    pub fn rules(mut self, text: impl Into<String>) -> Self {
        self.prometheus = self.prometheus.rules(text);
        self
    }

    /// Sets an environment variable for the Collector's configuration to use.
    pub fn collector_env(mut self, name: &str, value: &str) -> Self {
        self.collector = self.collector.env(name, value);
        self
    }

    /// Listens on the usual ports, with the configurations of
    /// `collector-config` to the letter. Default: free ports.
    pub fn standard_ports(mut self) -> Self {
        self.standard_ports = true;
        self
    }

    /// Starts all three and waits until they are ready.
    ///
    /// # Errors
    ///
    /// The first [`StackError`]; what was started until then is stopped again.
    pub fn start(self) -> Result<Stack, StackError> {
        let (jaeger, collector, prometheus) = (Jaeger::builder(), self.collector, self.prometheus);
        if self.standard_ports {
            let jaeger = jaeger.standard_ports().start()?;
            let collector = collector.standard_ports().start()?;
            return Ok(Stack { prometheus: prometheus.standard().start()?, collector, jaeger });
        }
        // They go round in a circle: Jaeger asks Prometheus, which asks the Collector, which sends to Jaeger.
        let port = ports::free()?;
        let jaeger = jaeger.metrics_from(format!("http://{}", address(port))).start()?;
        let collector = collector.traces_to(&jaeger).start()?;
        let prometheus = prometheus.port(port).scrape_collector(&collector);
        Ok(Stack { prometheus: prometheus.start()?, collector, jaeger })
    }
}

/// The parts, running until the stack is dropped.
#[derive(Debug)]
pub struct Stack {
    // In the order in which they end: who sends before who receives.
    /// Scrapes the Collector and the targets given.
    pub prometheus: Prometheus,
    /// Takes OTLP; sends traces to Jaeger and shows metrics to Prometheus.
    pub collector: Collector,
    /// Keeps the traces.
    pub jaeger: Jaeger,
}

impl Stack {
    /// A stack on free ports.
    pub fn builder() -> StackBuilder {
        StackBuilder {
            collector: Collector::builder(),
            prometheus: Prometheus::builder(),
            standard_ports: false,
        }
    }
}
